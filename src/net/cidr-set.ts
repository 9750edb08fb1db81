import { finishSteps, type Steps } from "../base/steps.ts";
import { type Cidr, type IpAddress, maskWord } from "./address.ts";
import { WordSet } from "./word-set.ts";

/**
 * A set of CIDRs of both families; an address is in it when any member contains it.
 *
 * An immutable value that shares structure with the versions it came from: a small change to a large set costs
 * microseconds. One hash set for each family and prefix length in use, so a look-up probes once for each of those,
 * however many members there are and however they overlap.
 */
export class CidrSet {
  static readonly empty: CidrSet = new CidrSet([], []);

  /** How many CIDRs; overlapping ones each count. */
  readonly size: number;
  /** By prefix length, ascending, none empty. */
  readonly #ipv4: readonly PrefixTable[];
  readonly #ipv6: readonly PrefixTable[];

  private constructor(ipv4: readonly PrefixTable[], ipv6: readonly PrefixTable[]) {
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
    this.size = sizeOf(ipv4) + sizeOf(ipv6);
  }

  static of(members: Iterable<Cidr>): CidrSet {
    return CidrSet.empty.withDelta(members, []);
  }

  /**
   * The set without `removed`, then with `added`: a CIDR in both ends up a member. Adding a member again and removing
   * one that isn't there change nothing; where none of them changes anything, the result is the receiver itself.
   */
  withDelta(added: Iterable<Cidr>, removed: Iterable<Cidr>): CidrSet {
    return finishSteps(this.withDeltaSteps(added, removed));
  }

  /** The same in steps, for large changes. */
  *withDeltaSteps(added: Iterable<Cidr>, removed: Iterable<Cidr>): Steps<CidrSet> {
    const ipv4 = new Delta();
    const ipv6 = new Delta();
    let count = 0;
    for (const cidr of removed) {
      (cidr.address.family === 4 ? ipv4 : ipv6).at(cidr.length).removed.push(cidr.address);
      if (++count % STEP_MEMBERS === 0) yield;
    }
    for (const cidr of added) {
      (cidr.address.family === 4 ? ipv4 : ipv6).at(cidr.length).added.push(cidr.address);
      if (++count % STEP_MEMBERS === 0) yield;
    }
    const nextIpv4 = yield* ipv4.applyTo(this.#ipv4);
    const nextIpv6 = yield* ipv6.applyTo(this.#ipv6);
    if (nextIpv4 === this.#ipv4 && nextIpv6 === this.#ipv6) return this;
    return nextIpv4.length + nextIpv6.length === 0 ? CidrSet.empty : new CidrSet(nextIpv4, nextIpv6);
  }

  /**
   * Whether a member contains the address. Allocates nothing. Words may be signed or unsigned (the engine may have to box
   * an unsigned one over 2^31 to pass it; a signed one never).
   *
   * @param family 4 or 6; for anything else the answer is false.
   */
  has(family: number, w0: number, w1: number, w2: number, w3: number): boolean {
    const tables = family === 4 ? this.#ipv4 : family === 6 ? this.#ipv6 : NO_TABLES;
    for (let index = 0; index < tables.length; index++) {
      const table = tables[index]!;
      if (table.set.has(w0 & table.mask0, w1 & table.mask1, w2 & table.mask2, w3 & table.mask3, 0))
        return true;
    }
    return false;
  }

  /** Whether exactly this CIDR is a member; containment is `has`. */
  hasCidr(cidr: Cidr): boolean {
    const tables = cidr.address.family === 4 ? this.#ipv4 : this.#ipv6;
    const table = tables.find(({ length }) => length === cidr.length);
    const { w0, w1, w2, w3 } = cidr.address;
    return table?.set.has(w0 | 0, w1 | 0, w2 | 0, w3 | 0, 0) ?? false;
  }

  /** Each member once, in no particular order. */
  *members(): Generator<Cidr> {
    for (const table of this.#ipv4) yield* tableMembers(4, table);
    for (const table of this.#ipv6) yield* tableMembers(6, table);
  }
}

/** The members of one family and prefix length, by their masked words; as many words as the length reaches into. */
type PrefixTable = {
  readonly length: number;
  readonly set: WordSet;
  /** Signed, for `&`. */
  readonly mask0: number;
  readonly mask1: number;
  readonly mask2: number;
  readonly mask3: number;
};

const NO_TABLES: readonly PrefixTable[] = [];

function createTable(length: number, set: WordSet): PrefixTable {
  return {
    length,
    set,
    mask0: maskWord(length, 0),
    mask1: maskWord(length, 1),
    mask2: maskWord(length, 2),
    mask3: maskWord(length, 3),
  };
}

function sizeOf(tables: readonly PrefixTable[]): number {
  return tables.reduce((sum, table) => sum + table.set.size, 0);
}

function tableMembers(family: 4 | 6, table: PrefixTable): Cidr[] {
  const members: Cidr[] = [];
  table.set.forEach((w0, w1, w2, w3) => {
    const address: IpAddress = { family, w0, w1, w2, w3 };
    members.push({ address, length: table.length });
  });
  return members;
}

type Change = { readonly added: IpAddress[]; readonly removed: IpAddress[] };

/** The part of a delta that is about one family, by prefix length. */
class Delta {
  readonly #changes = new Map<number, Change>();

  at(length: number): Change {
    const known = this.#changes.get(length);
    if (known !== undefined) return known;
    const change = { added: [], removed: [] };
    this.#changes.set(length, change);
    return change;
  }

  /** The same array when nothing changed. */
  *applyTo(tables: readonly PrefixTable[]): Steps<readonly PrefixTable[]> {
    let next = tables;
    for (const [length, change] of this.#changes) {
      const old = tables.find((table) => table.length === length)?.set ?? WordSet.empty(wordsOf(length));
      const set = yield* applyChange(old, change);
      if (set === old) continue;
      next = next.filter((table) => table.length !== length);
      if (set.size > 0) next = [...next, createTable(length, set)];
    }
    return next === tables ? tables : [...next].sort((left, right) => left.length - right.length);
  }
}

/** A prefix of 0 bits still needs a word to be a key. */
function wordsOf(length: number): number {
  return Math.max(1, Math.ceil(length / 32));
}

/** Members changed in one step; some tenths of a millisecond. */
const STEP_MEMBERS = 2_048;

function* applyChange(set: WordSet, { added, removed }: Change): Steps<WordSet> {
  const editor = set.edit(added.length);
  let changed = false;
  let count = 0;
  for (const { w0, w1, w2, w3 } of removed) {
    if (editor.delete(w0 | 0, w1 | 0, w2 | 0, w3 | 0, 0)) changed = true;
    if (++count % STEP_MEMBERS === 0) yield;
  }
  for (const { w0, w1, w2, w3 } of added) {
    if (editor.add(w0 | 0, w1 | 0, w2 | 0, w3 | 0, 0)) changed = true;
    if (++count % STEP_MEMBERS === 0) yield;
  }
  return changed ? editor.finish() : set;
}
