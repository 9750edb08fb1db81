import { type BitSet, BitSetPool, hasBit, setBit, unionBits } from "../../base/bit-set.ts";

/**
 * The sets of rows that a look-up can end with, known by their number. Every set holds the free rows, those that do not ask at all.
 *
 * Most sets hold few others: those are lists, which cost two bytes a row and are gone through row by row. Where they are many, the
 * set is kept as bits, 32 rows to a word.
 */
export class RowSets {
  readonly free: BitSet;
  /** The lists of all sets one after the other, each ascending, without the free rows. INVARIANT: a segment has fewer than 2^16 rows. */
  readonly rows: Uint16Array;
  /** Where each set's list begins; one more entry, the end of the last. */
  readonly starts: Int32Array;
  /** By set: every row of it, where it is no list. */
  readonly bits: readonly (BitSet | undefined)[];

  constructor(free: BitSet, lists: readonly (readonly number[])[], bits: readonly (BitSet | undefined)[]) {
    this.free = free;
    this.bits = bits;
    this.starts = new Int32Array(lists.length + 1);
    for (const [set, list] of lists.entries()) this.starts[set + 1] = this.starts[set]! + list.length;
    this.rows = new Uint16Array(this.starts[lists.length]!);
    for (const [set, list] of lists.entries()) this.rows.set(list, this.starts[set]!);
  }

  has(set: number, row: number): boolean {
    const bits = this.bits[set];
    if (bits !== undefined) return hasBit(bits, row);
    if (hasBit(this.free, row)) return true;
    const end = this.starts[set + 1]!;
    for (let at = this.starts[set]!; at < end; at++) if (this.rows[at] === row) return true;
    return false;
  }
}

/** The set of the free rows alone. */
export const FREE_ROWS = 0;

/** Makes sets from sets that are there already, so that equal ones are one. */
export class RowSetsBuilder {
  readonly #free: BitSet;
  /** A longer list takes more time to go through than all words of a set. */
  readonly #listMax: number;
  readonly #pool = new BitSetPool();
  readonly #lists: (readonly number[])[] = [[]];
  readonly #bits: (BitSet | undefined)[] = [undefined];

  constructor(free: BitSet) {
    this.#free = free;
    this.#listMax = free.length >>> 1;
  }

  /** @param rows ascending, none of them free. @returns `base` itself where it holds them all. */
  union(base: number, rows: readonly number[]): number {
    if (rows.length === 0) return base;
    const bits = this.#bits[base];
    if (bits !== undefined) {
      const union = unionBits(bits, rows, this.#pool);
      return union === bits ? base : this.#add([], union);
    }
    const list = this.#lists[base]!;
    const merged = mergeRows(list, rows);
    if (merged.length === list.length) return base;
    if (merged.length <= this.#listMax) return this.#add(merged, undefined);
    const dense = this.#pool.copy(this.#free);
    for (const row of merged) setBit(dense, row);
    return this.#add([], dense);
  }

  finish(): RowSets {
    return new RowSets(this.#free, this.#lists, this.#bits);
  }

  #add(list: readonly number[], bits: BitSet | undefined): number {
    this.#lists.push(list);
    return this.#bits.push(bits) - 1;
  }
}

/** Of two ascending lists, the second with repetitions, each row once. */
function mergeRows(left: readonly number[], right: readonly number[]): readonly number[] {
  const merged: number[] = [];
  let from = 0;
  for (const row of right) {
    while (from < left.length && left[from]! < row) merged.push(left[from++]!);
    if (left[from] === row) from++;
    if (merged.at(-1) !== row) merged.push(row);
  }
  while (from < left.length) merged.push(left[from++]!);
  return merged;
}
