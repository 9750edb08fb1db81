import { type BitSet, createBitSet, hasBit } from "../../base/bit-set.ts";

/** The groups of clauses, in the order in which a doubt is attributed (docs/semantics.md, "The walk"). */
export const GROUP_SOURCE_IDENTITY = 0;
export const GROUP_SOURCE_ADDRESS = 1;
export const GROUP_SOURCE_PORT = 2;
export const GROUP_DESTINATION_IDENTITY = 3;
export const GROUP_DESTINATION_ADDRESS = 4;
export const GROUP_DESTINATION_PORT = 5;
export const GROUP_METHOD = 6;
export const GROUP_PATH = 7;
export const GROUP_PROTOCOL = 8;
const GROUP_COUNT = 9;

/**
 * The rows of one segment that each group of clauses lets through, for one request. Reused for every segment.
 *
 * `maybe` is the same object as `yes` where a group knows all its answers; `uncertain` tells whether all do.
 */
export class Columns {
  count: number = 0;
  uncertain: boolean = false;
  /** Bits of the word that `nextWord` found. */
  rows: number = 0;
  readonly yes: BitSet[] = Array.from({ length: GROUP_COUNT }, () => createBitSet(0));
  readonly maybe: BitSet[] = Array.from({ length: GROUP_COUNT }, () => createBitSet(0));
  readonly groups: Uint8Array = new Uint8Array(GROUP_COUNT);

  clear(): void {
    this.count = 0;
    this.uncertain = false;
  }

  push(group: number, yes: BitSet, maybe: BitSet): void {
    const at = this.count++;
    this.yes[at] = yes;
    this.maybe[at] = maybe;
    this.groups[at] = group;
    if (yes !== maybe) this.uncertain = true;
  }

  /**
   * Finds the next word, from `word` up to `end`, in which some row is one that no group says no to; leaves those rows in
   * `rows`. @returns `end` if there is none.
   *
   * Nearly all words of a large segment are passed over here: three columns at a time, measured by `bench/` (evaluate-last).
   */
  nextWord(word: number, end: number): number {
    const { count, maybe } = this;
    const first = maybe[0]!;
    const second = maybe[count > 1 ? 1 : 0]!;
    const third = maybe[count > 2 ? 2 : 0]!;
    for (let at = word; at < end; at++) {
      let rows = first[at]! & second[at]!;
      if (rows === 0) continue;
      rows &= third[at]!;
      if (rows === 0) continue;
      for (let group = 3; group < count; group++) rows &= maybe[group]![at]!;
      if (rows === 0) continue;
      this.rows = rows;
      return at;
    }
    return end;
  }

  /** Whether all groups say yes to a row. */
  isYes(row: number): boolean {
    for (let at = 0; at < this.count; at++) if (!hasBit(this.yes[at]!, row)) return false;
    return true;
  }

  /** Whether all groups but HTTP say yes to a row. */
  isYesButForHttp(row: number): boolean {
    for (let at = 0; at < this.count; at++) {
      const group = this.groups[at]!;
      const isHttp = group === GROUP_METHOD || group === GROUP_PATH;
      if (!isHttp && !hasBit(this.yes[at]!, row)) return false;
    }
    return true;
  }

  /** The first group, in order of attribution, that does not say yes to a row; -1 if all do. */
  firstDoubt(row: number): number {
    let first = -1;
    for (let at = 0; at < this.count; at++) {
      const group = this.groups[at]!;
      if ((first === -1 || group < first) && !hasBit(this.yes[at]!, row)) first = group;
    }
    return first;
  }
}
