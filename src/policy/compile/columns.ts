import { type BitSet, createBitSet, hasBit, keepBits } from "../../base/bit-set.ts";

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
 * The rows of one segment that each group of clauses but the path's lets through, for one request. Reused for every segment.
 *
 * `maybe` is the same object as `yes` where a group knows all its answers; `uncertain` tells whether all do.
 */
export class Columns {
  count: number = 0;
  uncertain: boolean = false;
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

  /** Writes the rows that all groups say yes to, and those that none says no to. */
  join(all: BitSet, yes: BitSet, maybe: BitSet): void {
    yes.set(all);
    for (let at = 0; at < this.count; at++) keepBits(yes, this.yes[at]!);
    if (!this.uncertain) return;
    maybe.set(all);
    for (let at = 0; at < this.count; at++) keepBits(maybe, this.maybe[at]!);
  }

  /** Whether all groups but HTTP say yes to a row. */
  isYesButForHttp(row: number): boolean {
    for (let at = 0; at < this.count; at++) {
      const isHttp = this.groups[at] === GROUP_METHOD;
      if (!isHttp && !hasBit(this.yes[at]!, row)) return false;
    }
    return true;
  }

  /** The first group, in order of attribution, that does not say yes to a row; -1 if all do. @param pathIsYes what the path's says. */
  firstDoubt(row: number, pathIsYes: boolean): number {
    let first = pathIsYes ? -1 : GROUP_PATH;
    for (let at = 0; at < this.count; at++) {
      const group = this.groups[at]!;
      if ((first === -1 || group < first) && !hasBit(this.yes[at]!, row)) first = group;
    }
    return first;
  }
}
