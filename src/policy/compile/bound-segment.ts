import { addBits, type BitSet, createBitSet, hasBit } from "../../base/bit-set.ts";
import { IDENTITY_MEMO_MAX } from "../../base/limits.ts";
import type { PeerIdentity } from "../../identity/peer-identity.ts";
import type { Flow } from "../flow.ts";
import type { Subject } from "../identity-clauses.ts";
import type { IpSet } from "../ip-set.ts";
import type { LabelsTable } from "../labels-table.ts";
import { Peer } from "../network-clauses.ts";
import type { PolicyOptions } from "../options.ts";
import { peerSubject } from "../subject.ts";
import type { DenyReason } from "../verdict.ts";
import {
  type AddressColumn,
  PROOF_BOTH,
  PROOF_UNVERIFIED,
  PROOF_VERIFIED,
  type Proof,
} from "./address-column.ts";
import { AddressMemo } from "./address-memo.ts";
import {
  type Columns,
  GROUP_DESTINATION_ADDRESS,
  GROUP_DESTINATION_IDENTITY,
  GROUP_DESTINATION_PORT,
  GROUP_METHOD,
  GROUP_PATH,
  GROUP_PROTOCOL,
  GROUP_SOURCE_ADDRESS,
  GROUP_SOURCE_IDENTITY,
  GROUP_SOURCE_PORT,
} from "./columns.ts";
import type { IdentityColumn } from "./identity-column.ts";
import type { PathColumn } from "./path-column.ts";
import type { PathQuery } from "./path-query.ts";
import type { PortColumn } from "./port-column.ts";
import type { Segment } from "./segment.ts";

/** How a request's path takes part in a walk. */
export const PATH_ABSENT = 0; // no HTTP, or no rule has paths
export const PATH_READ = 1; // one reading, scanned into the query
export const PATH_UNREADABLE = 2; // no reading: unknown, in calico semantics no
export const PATH_RELATIVE = 3; // calico semantics: does not begin with `/`, and reaching a rule with paths denies

/** The path of the request being judged, under the reading being judged. */
export type PathState = { mode: number; readingIndex: number; readonly query: PathQuery };

/** What a segment's answers depend on besides its rows. */
export type Binding = {
  readonly options: PolicyOptions;
  /** By the segment's own index of sets; undefined where a set is not in the store. */
  readonly sets: readonly (IpSet | undefined)[];
  readonly labels: LabelsTable;
  /** The endpoint itself; undefined in calico semantics, where the check says who the destination is. */
  readonly destination: Subject | undefined;
};

/**
 * A segment with the sets, labels and endpoint of one snapshot. Immutable but for answers that it remembers: each is a
 * function of the binding and of its key, so remembering is not seen.
 */
export class BoundSegment {
  readonly segment: Segment;
  readonly binding: Binding;
  readonly #setsById: ReadonlyMap<string, IpSet | undefined>;
  readonly #findSet: (id: string) => IpSet | undefined;
  readonly #lenient: boolean;
  readonly #sourceIdentities: IdentityMemo | undefined;
  readonly #destinationIdentities: IdentityMemo | undefined;
  readonly #destinationRows: IdentityRows | undefined;
  readonly #sourceAddresses: AddressMemo;
  readonly #sourcePorts: AddressMemo;
  readonly #destinationAddresses: AddressMemo;
  readonly #destinationPorts: AddressMemo;

  constructor(segment: Segment, binding: Binding) {
    this.segment = segment;
    this.binding = binding;
    this.#setsById = new Map(segment.setIds.map((id, index) => [id, binding.sets[index]]));
    this.#findSet = (id) => this.#setsById.get(id);
    this.#lenient = binding.options.semantics === "calico";
    const rowCount = segment.rows.length;
    const { sourceIdentity, destinationIdentity } = segment;
    this.#sourceIdentities = sourceIdentity && new IdentityMemo(sourceIdentity, rowCount, binding);
    this.#destinationIdentities =
      destinationIdentity && new IdentityMemo(destinationIdentity, rowCount, binding);
    this.#destinationRows =
      destinationIdentity &&
      binding.destination &&
      computeRows(destinationIdentity, rowCount, binding.destination);
    this.#sourceAddresses = new AddressMemo(rowCount);
    this.#sourcePorts = new AddressMemo(rowCount);
    this.#destinationAddresses = new AddressMemo(rowCount);
    this.#destinationPorts = new AddressMemo(rowCount);
  }

  /** A set that this segment's rules name. */
  findSet(id: string): IpSet | undefined {
    return this.#setsById.get(id);
  }

  /** Fills `columns` with what each group of clauses says to the request. The most telling groups come first. */
  load(flow: Flow, path: PathState, columns: Columns): void {
    const { segment } = this;
    columns.clear();
    if (segment.path !== undefined) loadPath(segment.path, path, this.#lenient, columns);
    if (this.#sourceIdentities !== undefined) {
      const rows = this.#sourceIdentities.rowsOf(flow.peer);
      columns.push(GROUP_SOURCE_IDENTITY, rows.yes, rows.maybe);
    }
    if (segment.method !== undefined) this.#loadMethod(flow, columns);
    if (segment.sourceAddress !== undefined || segment.sourcePort !== undefined) {
      this.#loadSource(flow, columns);
    }
    if (segment.destinationAddress !== undefined || segment.destinationPort !== undefined) {
      this.#loadDestination(flow, columns);
    }
    if (this.#destinationIdentities !== undefined) {
      const rows = this.#destinationRows ?? this.#destinationIdentities.rowsOf(flow.destinationPeer);
      columns.push(GROUP_DESTINATION_IDENTITY, rows.yes, rows.maybe);
    }
    if (segment.protocol !== undefined) this.#loadProtocol(flow, path, columns);
    if (columns.count === 0) columns.push(GROUP_PROTOCOL, segment.all, segment.all);
  }

  /** Why a row is unknown. @param group the first that does not say yes to it. */
  doubtReason(row: number, group: number, flow: Flow): DenyReason {
    const { segment } = this;
    if (segment.protocol !== undefined && hasBit(segment.protocol.unusable, row)) return "policy_broken";
    switch (group) {
      case GROUP_SOURCE_IDENTITY:
        return identityReason(segment.sourceIdentity, row, flow.peer.kind === "service-account");
      case GROUP_DESTINATION_IDENTITY: {
        const isKnown =
          this.binding.destination !== undefined || flow.destinationPeer.kind === "service-account";
        return identityReason(segment.destinationIdentity, row, isKnown);
      }
      case GROUP_SOURCE_ADDRESS:
        return addressReason(segment.sourceAddress, row, source.setSource(flow, this.#lenient));
      case GROUP_DESTINATION_ADDRESS:
        return addressReason(
          segment.destinationAddress,
          row,
          destination.setDestination(flow, this.#lenient),
        );
      case GROUP_SOURCE_PORT:
        return portReason(source.setSource(flow, this.#lenient));
      case GROUP_DESTINATION_PORT:
        return portReason(destination.setDestination(flow, this.#lenient));
      case GROUP_METHOD:
        if (segment.method?.bad !== undefined && hasBit(segment.method.bad, row)) return "policy_broken";
        return "no_http";
      case GROUP_PATH:
        return "path_ambiguous";
      default:
        return segment.protocol !== undefined && hasBit(segment.protocol.bad, row)
          ? "policy_broken"
          : "bad_request";
    }
  }

  #loadMethod(flow: Flow, columns: Columns): void {
    const method = this.segment.method!;
    if (flow.hasHttp) columns.push(GROUP_METHOD, method.yesOf(flow.method), method.maybeOf(flow.method));
    else if (!this.#lenient) columns.push(GROUP_METHOD, method.free, method.all);
    else if (method.bad !== undefined) columns.push(GROUP_METHOD, method.understood, method.all);
  }

  #loadSource(flow: Flow, columns: Columns): void {
    const { sourceAddress, sourcePort } = this.segment;
    source.setSource(flow, this.#lenient);
    if (sourceAddress !== undefined) {
      const isVerified = flow.peer.kind === "service-account";
      const byIdentity = this.binding.options.peer === "identity";
      const proof = byIdentity ? (isVerified ? PROOF_VERIFIED : PROOF_UNVERIFIED) : PROOF_BOTH;
      this.#loadAddress(GROUP_SOURCE_ADDRESS, sourceAddress, source, proof, this.#sourceAddresses, columns);
    }
    if (sourcePort !== undefined) {
      this.#loadPort(GROUP_SOURCE_PORT, sourcePort, source, this.#sourcePorts, columns);
    }
  }

  #loadDestination(flow: Flow, columns: Columns): void {
    const { destinationAddress, destinationPort } = this.segment;
    destination.setDestination(flow, this.#lenient);
    if (destinationAddress !== undefined) {
      this.#loadAddress(
        GROUP_DESTINATION_ADDRESS,
        destinationAddress,
        destination,
        PROOF_BOTH,
        this.#destinationAddresses,
        columns,
      );
    }
    if (destinationPort !== undefined) {
      this.#loadPort(GROUP_DESTINATION_PORT, destinationPort, destination, this.#destinationPorts, columns);
    }
  }

  #loadAddress(
    group: number,
    column: AddressColumn,
    peer: Peer,
    proof: Proof,
    memo: AddressMemo,
    columns: Columns,
  ): void {
    let slot = memo.find(peer, proof, false);
    if (slot < 0) {
      slot = ~slot;
      const { sets } = this.binding;
      const differ = column.evaluate(peer, proof, sets, this.#findSet, memo.yesOf(slot), memo.maybeOf(slot));
      memo.keep(slot, peer, proof, false, differ);
    }
    const yes = memo.yesOf(slot);
    columns.push(group, yes, memo.hasDiffer(slot) ? memo.maybeOf(slot) : yes);
  }

  #loadPort(group: number, column: PortColumn, peer: Peer, memo: AddressMemo, columns: Columns): void {
    if (!column.asksSets && peer.port >= 0) {
      const rows = column.rowsOfPort(peer.port);
      columns.push(group, rows, rows);
      return;
    }
    let slot = memo.find(peer, 0, true);
    if (slot < 0) {
      slot = ~slot;
      const differ = column.evaluate(peer, this.#findSet, memo.yesOf(slot), memo.maybeOf(slot));
      memo.keep(slot, peer, 0, true, differ);
    }
    const yes = memo.yesOf(slot);
    columns.push(group, yes, memo.hasDiffer(slot) ? memo.maybeOf(slot) : yes);
  }

  #loadProtocol(flow: Flow, path: PathState, columns: Columns): void {
    const column = this.segment.protocol!;
    const rows = column.rowsOf(flow.protocol, flow.sourceFamily, flow.destinationFamily);
    if (path.mode !== PATH_RELATIVE || this.segment.path === undefined) {
      columns.push(GROUP_PROTOCOL, rows.yes, rows.maybe);
      return;
    }
    // A rule with paths refuses a relative path before its protocol is looked at.
    const yes = rows.yes.slice();
    const maybe = rows.maybe.slice();
    addBits(yes, this.segment.path.withPaths);
    addBits(maybe, this.segment.path.withPaths);
    columns.push(GROUP_PROTOCOL, yes, maybe);
  }
}

/** Reused from request to request: a segment is loaded from start to end without anybody else in between. */
const source = new Peer();
const destination = new Peer();

function loadPath(column: PathColumn, path: PathState, lenient: boolean, columns: Columns): void {
  switch (path.mode) {
    case PATH_READ: {
      const { query } = path;
      column.trieOf(path.readingIndex).match(query);
      columns.push(GROUP_PATH, query.yes, query.maybe);
      return;
    }
    case PATH_UNREADABLE:
      columns.push(GROUP_PATH, column.free, lenient ? column.free : column.all);
      return;
    default:
      return;
  }
}

function identityReason(column: IdentityColumn | undefined, row: number, isKnown: boolean): DenyReason {
  if (column !== undefined && hasBit(column.bad, row)) return "policy_broken";
  return isKnown ? "set_missing" : "identity_unverified";
}

function addressReason(column: AddressColumn | undefined, row: number, peer: Peer): DenyReason {
  if (column !== undefined && hasBit(column.bad, row)) return "policy_broken";
  return peer.hasAddress || peer.lenient ? "set_missing" : "bad_request";
}

function portReason(peer: Peer): DenyReason {
  const isKnown = peer.port >= 0 && peer.protocol !== 0 && (peer.hasAddress || peer.lenient);
  return isKnown ? "set_missing" : "bad_request";
}

type IdentityRows = { readonly yes: BitSet; readonly maybe: BitSet };

/** The rows of each identity that came by; kinds without a name share theirs. */
class IdentityMemo {
  readonly #column: IdentityColumn;
  readonly #rowCount: number;
  readonly #binding: Binding;
  readonly #accounts = new Map<PeerIdentity, IdentityRows>();
  #none: IdentityRows | undefined;
  #foreign: IdentityRows | undefined;
  #foreignElsewhere: IdentityRows | undefined;

  constructor(column: IdentityColumn, rowCount: number, binding: Binding) {
    this.#column = column;
    this.#rowCount = rowCount;
    this.#binding = binding;
  }

  rowsOf(peer: PeerIdentity): IdentityRows {
    switch (peer.kind) {
      case "none":
        this.#none ??= this.#compute(peer);
        return this.#none;
      case "foreign":
        if (peer.spiffeId !== undefined) return this.#accounts.get(peer) ?? this.#remember(peer);
        if (peer.otherTrustDomain) {
          this.#foreignElsewhere ??= this.#compute(peer);
          return this.#foreignElsewhere;
        }
        this.#foreign ??= this.#compute(peer);
        return this.#foreign;
      case "service-account":
        return this.#accounts.get(peer) ?? this.#remember(peer);
    }
  }

  #remember(peer: PeerIdentity): IdentityRows {
    if (this.#accounts.size >= IDENTITY_MEMO_MAX) this.#accounts.clear();
    const rows = this.#compute(peer);
    this.#accounts.set(peer, rows);
    return rows;
  }

  #compute(peer: PeerIdentity): IdentityRows {
    const { labels, options } = this.#binding;
    return computeRows(this.#column, this.#rowCount, peerSubject(peer, labels, options));
  }
}

function computeRows(column: IdentityColumn, rowCount: number, subject: Subject): IdentityRows {
  const yes = createBitSet(rowCount);
  const maybe = createBitSet(rowCount);
  const differ = column.evaluate(subject, yes, maybe);
  return { yes, maybe: differ ? maybe : yes };
}
