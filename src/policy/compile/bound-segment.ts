import { addBits, type BitSet, createBitSet, hasBit } from "../../base/bit-set.ts";
import type { Flow } from "../flow.ts";
import type { Subject } from "../identity-clauses.ts";
import type { IpSet } from "../ip-set.ts";
import type { LabelsTable } from "../labels-table.ts";
import { Peer } from "../network-clauses.ts";
import type { PolicyOptions } from "../options.ts";
import type { DenyReason } from "../verdict.ts";
import {
  type AddressColumn,
  PROOF_BOTH,
  PROOF_UNVERIFIED,
  PROOF_VERIFIED,
  type Proof,
} from "./address-column.ts";
import { AddressMemo } from "./address-memo.ts";
import { CallerAnswers } from "./caller-answers.ts";
import {
  type CallerKey,
  KEY_DESTINATION_ADDRESS,
  KEY_DESTINATION_PEER,
  KEY_DESTINATION_PORT,
  KEY_HEAD,
  KEY_IDENTITY,
  KEY_SOURCE_ADDRESS,
  KEY_SOURCE_PORT,
} from "./caller-key.ts";
import { type Candidates, firstOfBoth } from "./candidates.ts";
import {
  Columns,
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
import { computeRows, IdentityMemo, type IdentityRows } from "./identity-memo.ts";
import type { PathQuery } from "./path-query.ts";
import type { PortColumn } from "./port-column.ts";
import { FREE_ROWS } from "./row-sets.ts";
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
  readonly #sourceAddresses: AddressMemo | undefined;
  readonly #sourcePorts: AddressMemo | undefined;
  readonly #destinationAddresses: AddressMemo | undefined;
  readonly #destinationPorts: AddressMemo | undefined;
  /** Places in a caller's key that the answers of all columns but the path's depend on, ascending; none where there is no such column. */
  readonly keyFields: readonly number[];
  readonly #answers: CallerAnswers;
  /** Where the answers of columns are joined. */
  readonly #yes: BitSet;
  readonly #maybe: BitSet;

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
    this.#sourceAddresses = segment.sourceAddress && new AddressMemo(rowCount);
    this.#sourcePorts = segment.sourcePort && new AddressMemo(rowCount);
    this.#destinationAddresses = segment.destinationAddress && new AddressMemo(rowCount);
    this.#destinationPorts = segment.destinationPort && new AddressMemo(rowCount);
    this.keyFields = keyFields(segment, binding);
    this.#answers = new CallerAnswers(rowCount);
    this.#yes = createBitSet(rowCount);
    this.#maybe = createBitSet(rowCount);
  }

  /** A set that this segment's rules name. */
  findSet(id: string): IpSet | undefined {
    return this.#setsById.get(id);
  }

  /** Makes `candidates` the rows that no clause says no to. @param key of the flow. */
  start(flow: Flow, path: PathState, key: CallerKey, candidates: Candidates): void {
    const column = this.segment.path;
    const asksPath = column !== undefined && path.mode !== PATH_ABSENT && path.mode !== PATH_RELATIVE;
    const free = asksPath ? column.free : this.segment.all;
    const first = this.#startOthers(flow, path, key, free, candidates);
    if (!asksPath) {
      candidates.withoutPaths(first);
    } else if (path.mode === PATH_READ) {
      const trie = column.trieOf(path.readingIndex);
      trie.match(path.query);
      candidates.withPath(trie.sets, path.query.yes, path.query.maybe, first);
    } else if (this.#lenient) {
      candidates.withPath(column.trieOf(0).sets, FREE_ROWS, FREE_ROWS, first);
    } else {
      candidates.withUnreadablePath(column.free);
    }
  }

  /**
   * What all columns but the path's say. @param free rows that depend on no path, for this request.
   * @returns the first of them that no clause says no to.
   */
  #startOthers(flow: Flow, path: PathState, key: CallerKey, free: BitSet, candidates: Candidates): number {
    const { segment } = this;
    if (this.keyFields.length === 0) {
      candidates.begin(segment.all, segment.all, 0, segment.all.length);
      return firstOfBoth(segment.all, free, 0);
    }
    const isRemembered = path.mode !== PATH_RELATIVE && (key.knowsMethod || segment.method === undefined);
    const answers = this.#answers;
    if (isRemembered && answers.find(key)) {
      candidates.begin(answers.yes, answers.maybe, answers.at, segment.all.length);
      return answers.first;
    }
    this.load(flow, path, joined);
    joined.join(segment.all, this.#yes, this.#maybe);
    const maybe = joined.uncertain ? this.#maybe : this.#yes;
    const first = firstOfBoth(maybe, free, 0);
    if (isRemembered) answers.keep(key, this.#yes, maybe, first);
    candidates.begin(this.#yes, maybe, 0, segment.all.length);
    return first;
  }

  /** Fills `columns` with what each group of clauses but the path's says to the request. */
  load(flow: Flow, path: PathState, columns: Columns): void {
    const { segment } = this;
    columns.clear();
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
      this.#loadAddress(GROUP_SOURCE_ADDRESS, sourceAddress, source, proof, this.#sourceAddresses!, columns);
    }
    if (sourcePort !== undefined) {
      this.#loadPort(GROUP_SOURCE_PORT, sourcePort, source, this.#sourcePorts!, columns);
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
        this.#destinationAddresses!,
        columns,
      );
    }
    if (destinationPort !== undefined) {
      this.#loadPort(GROUP_DESTINATION_PORT, destinationPort, destination, this.#destinationPorts!, columns);
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
      const yes = memo.yesOf(slot);
      const maybe = this.#maybe; // free until the columns are joined
      const differ = column.evaluate(peer, proof, this.binding.sets, this.#findSet, yes, maybe);
      memo.keep(slot, peer, proof, false, differ ? maybe : yes);
    }
    columns.push(group, memo.yesOf(slot), memo.maybeOf(slot));
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
      const yes = memo.yesOf(slot);
      const maybe = this.#maybe;
      const differ = column.evaluate(peer, this.#findSet, yes, maybe);
      memo.keep(slot, peer, 0, true, differ ? maybe : yes);
    }
    columns.push(group, memo.yesOf(slot), memo.maybeOf(slot));
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

/** Reused from request to request, as the peers above. */
const joined = new Columns();

function keyFields(segment: Segment, { options, destination }: Binding): readonly number[] {
  const { sourceIdentity, sourceAddress, sourcePort, destinationIdentity, destinationAddress } = segment;
  const { destinationPort, method, protocol } = segment;
  const fields: number[] = [];
  if (sourceAddress !== undefined || sourcePort?.asksSets) fields.push(...places(KEY_SOURCE_ADDRESS, 4));
  const proves = options.peer === "identity" && sourceAddress?.identityDecides !== undefined;
  if (sourceIdentity !== undefined || proves) fields.push(...places(KEY_IDENTITY, 2));
  if (sourcePort !== undefined) fields.push(KEY_SOURCE_PORT);
  if (destinationPort !== undefined) fields.push(KEY_DESTINATION_PORT);
  if (destinationAddress !== undefined || destinationPort?.asksSets) {
    fields.push(...places(KEY_DESTINATION_ADDRESS, 4));
  }
  if (destinationIdentity !== undefined && destination === undefined) {
    fields.push(...places(KEY_DESTINATION_PEER, 2));
  }
  const asks = fields.length > 0 || method !== undefined || protocol !== undefined;
  return asks || destinationIdentity !== undefined ? [KEY_HEAD, ...fields] : [];
}

function places(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index);
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
