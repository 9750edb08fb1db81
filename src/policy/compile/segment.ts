import { type BitSet, complementBits, createBitSet } from "../../base/bit-set.ts";
import type { Steps } from "../../base/steps.ts";
import type { PolicyOptions } from "../options.ts";
import { type PathReading, PROFILE_READINGS } from "../path-readings.ts";
import { AddressColumn } from "./address-column.ts";
import { IdentityColumn } from "./identity-column.ts";
import { MethodColumn } from "./method-column.ts";
import { PathColumn } from "./path-column.ts";
import { PortColumn } from "./port-column.ts";
import { ProtocolColumn } from "./protocol-column.ts";
import type { Row } from "./row.ts";
import type { SideModel } from "./rule-model.ts";

/**
 * A run of rows compiled: for each dimension a look-up from a request's value to the set of rows that it satisfies.
 *
 * Depends on the rows and the options alone, so a segment is kept as long as its rows are: what changes more often (members
 * of sets, labels, the endpoint) is bound to it in a BoundSegment. INVARIANT: immutable but for answers that it remembers.
 */
export class Segment {
  readonly rows: readonly Row[];
  /** One code a row, of row.ts. */
  readonly actions: Uint8Array;
  /** Every row. */
  readonly all: BitSet;
  /** Ids of all sets that the rows name; a column knows a set by its index here. */
  readonly setIds: readonly string[];
  readonly sourceIdentity: IdentityColumn | undefined;
  readonly sourceAddress: AddressColumn | undefined;
  readonly sourcePort: PortColumn | undefined;
  readonly destinationIdentity: IdentityColumn | undefined;
  readonly destinationAddress: AddressColumn | undefined;
  readonly destinationPort: PortColumn | undefined;
  readonly method: MethodColumn | undefined;
  readonly path: PathColumn | undefined;
  readonly protocol: ProtocolColumn | undefined;

  private constructor(rows: readonly Row[], setIds: readonly string[], columns: SegmentColumns) {
    this.rows = rows;
    this.actions = Uint8Array.from(rows, (row) => row.action);
    this.all = complementBits(createBitSet(rows.length), rows.length);
    this.setIds = setIds;
    this.sourceIdentity = columns.sourceIdentity;
    this.sourceAddress = columns.sourceAddress;
    this.sourcePort = columns.sourcePort;
    this.destinationIdentity = columns.destinationIdentity;
    this.destinationAddress = columns.destinationAddress;
    this.destinationPort = columns.destinationPort;
    this.method = columns.method;
    this.path = columns.path;
    this.protocol = columns.protocol;
  }

  /** In steps of a column each; paths, which take longest, in several. */
  static *compile(rows: readonly Row[], options: PolicyOptions): Steps<Segment> {
    const models = rows.map((row) => row.model);
    // A rule of an unusable object asks nothing that could be answered; the protocol column makes it unknown.
    const judged = models.map((model) => (model?.usable ? model : undefined));
    const sources = judged.map((model) => model?.source);
    const destinations = judged.map((model) => model?.destination);
    const https = judged.map((model) => model?.http);
    const setIndexes = indexSets([...sources, ...destinations]);
    yield;
    const sourceIdentity = IdentityColumn.compile(sources);
    yield;
    const sourceAddress = AddressColumn.compile(sources, setIndexes);
    yield;
    const sourcePort = PortColumn.compile(sources);
    yield;
    const destinationIdentity = IdentityColumn.compile(destinations);
    yield;
    const destinationAddress = AddressColumn.compile(destinations, setIndexes);
    yield;
    const destinationPort = PortColumn.compile(destinations);
    yield;
    const method = MethodColumn.compile(https);
    yield;
    const path = yield* PathColumn.compile(https, readingsOf(options));
    const protocol = ProtocolColumn.compile(models);
    yield;
    return new Segment(rows, [...setIndexes.keys()], {
      sourceIdentity,
      sourceAddress,
      sourcePort,
      destinationIdentity,
      destinationAddress,
      destinationPort,
      method,
      path,
      protocol,
    });
  }
}

type SegmentColumns = Pick<
  Segment,
  | "sourceIdentity"
  | "sourceAddress"
  | "sourcePort"
  | "destinationIdentity"
  | "destinationAddress"
  | "destinationPort"
  | "method"
  | "path"
  | "protocol"
>;

/** The readings that a request's path is judged under; "calico" is the reference reading by its own rules. */
export function readingsOf(options: PolicyOptions): readonly PathReading[] | "calico" {
  return options.semantics === "calico" ? "calico" : PROFILE_READINGS[options.pathProfile];
}

function indexSets(sides: readonly (SideModel | undefined)[]): ReadonlyMap<string, number> {
  const indexes = new Map<string, number>();
  for (const side of sides) {
    if (side === undefined) continue;
    const ids = [
      ...side.setIds,
      ...side.notSetIds,
      ...side.ipPortSetIds,
      ...(side.ports?.setIds ?? []),
      ...(side.notPorts?.setIds ?? []),
    ];
    for (const id of ids) if (!indexes.has(id)) indexes.set(id, indexes.size);
  }
  return indexes;
}
