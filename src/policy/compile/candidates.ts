import { type BitSet, createBitSet, hasBit } from "../../base/bit-set.ts";
import type { RowSets } from "./row-sets.ts";

/** More than any row. */
export const NO_ROW = 0xffff;

/** A row that is looked for only when it is asked for: most walks end at the first. */
const NOT_SOUGHT = -1;

/** How a segment's paths take part for one request. */
const PATHS_UNASKED = 0; // yes to every row
const PATHS_LIST = 1; // the free rows, and those of a list
const PATHS_BITS = 2; // the rows of a set of bits
const PATHS_UNREADABLE = 3; // yes to the free rows, unknown to the others

const EMPTY = createBitSet(0);
const NO_LIST = new Uint16Array(0);

/**
 * Goes through the rows of one segment that no clause says no to, lowest first, for one request. Reused for every segment.
 *
 * Two sets of rows are joined: what the path says, and what all else says. Where few rows ask for this path, they are
 * looked at one by one, and of the rows that ask for no path the first is known; so nothing here costs by the number of rules.
 */
export class Candidates {
  /** What all columns but the path's say; not no. The same object as `#yes` where nothing is unknown. */
  #maybe: BitSet = EMPTY;
  #yes: BitSet = EMPTY;
  /** Where the words of those two begin. */
  #at = 0;
  #wordCount = 0;
  #paths: number = PATHS_UNASKED;
  #sets: RowSets | undefined;
  #pathYes = 0;
  #pathMaybe = 0;
  /** The rows of `#maybe` that are also in this are gone through word by word; undefined: all of them. */
  #scanned: BitSet | undefined;
  /** The next row of those; NOT_SOUGHT: the first from `#scanFrom` on. */
  #scanRow: number = NO_ROW;
  #scanFrom = 0;
  /** Rows without paths, where the path can't be read. */
  #freeRows: BitSet = EMPTY;
  #list: Uint16Array = NO_LIST;
  #listAt = 0;
  #listEnd = 0;
  #listRow: number = NO_ROW;
  /** Whether some row may be unknown. */
  uncertain: boolean = false;

  /** Before one of the three below. @param yes shared and not changed, as is `maybe`. @param at where the words of both begin. */
  begin(yes: BitSet, maybe: BitSet, at: number, wordCount: number): void {
    this.#yes = yes;
    this.#maybe = maybe;
    this.#at = at;
    this.#wordCount = wordCount;
    this.uncertain = yes !== maybe;
    this.#listRow = NO_ROW;
    this.#listAt = 0;
    this.#listEnd = 0;
  }

  /** No row asks for paths, or none is to be asked. @param first the first row of `maybe`. */
  withoutPaths(first: number): void {
    this.#paths = PATHS_UNASKED;
    this.#scanned = undefined;
    this.#scanRow = first;
  }

  /** The path can't be read: rows that ask for one are unknown. @param free the others. */
  withUnreadablePath(free: BitSet): void {
    this.#paths = PATHS_UNREADABLE;
    this.#freeRows = free;
    this.uncertain = true;
    this.#scanned = undefined;
    this.#scanFrom = 0;
    this.#scanRow = NOT_SOUGHT;
  }

  /** @param yes, @param maybe numbers of sets. @param first the first row of `maybe` that is free of paths. */
  withPath(sets: RowSets, yes: number, maybe: number, first: number): void {
    this.#sets = sets;
    this.#pathYes = yes;
    this.#pathMaybe = maybe;
    if (yes !== maybe) this.uncertain = true;
    const bits = sets.bits[maybe];
    if (bits !== undefined) {
      this.#paths = PATHS_BITS;
      this.#scanned = bits;
      this.#scanFrom = 0;
      this.#scanRow = NOT_SOUGHT;
      return;
    }
    this.#paths = PATHS_LIST;
    this.#scanned = sets.free;
    this.#scanRow = first;
    this.#list = sets.rows;
    this.#listAt = sets.starts[maybe]!;
    this.#listEnd = sets.starts[maybe + 1]!;
    this.#listRow = NOT_SOUGHT;
  }

  /** Goes on after a row that next() gave before the columns were needed for something else. */
  resumeAfter(row: number): void {
    this.#scanFrom = row + 1;
    this.#scanRow = NOT_SOUGHT;
    while (this.#listAt < this.#listEnd && this.#list[this.#listAt]! <= row) this.#listAt++;
    this.#listRow = NOT_SOUGHT;
  }

  /** The next row; NO_ROW if there is none. */
  next(): number {
    if (this.#scanRow === NOT_SOUGHT) this.#scanRow = this.#scan(this.#scanFrom);
    if (this.#listRow === NOT_SOUGHT) this.#listRow = this.#nextOfList();
    const row = this.#scanRow;
    if (this.#listRow < row) {
      const listed = this.#listRow;
      this.#listRow = NOT_SOUGHT;
      return listed;
    }
    this.#scanFrom = row + 1;
    if (row !== NO_ROW) this.#scanRow = NOT_SOUGHT;
    return row;
  }

  /** Whether all clauses say yes to a row that next() gave. */
  isYes(row: number): boolean {
    return (this.#yes[this.#at + (row >>> 5)]! & (1 << (row & 31))) !== 0 && this.isPathYes(row);
  }

  /** Whether the path's clause does. */
  isPathYes(row: number): boolean {
    switch (this.#paths) {
      case PATHS_UNASKED:
        return true;
      case PATHS_UNREADABLE:
        return hasBit(this.#freeRows, row);
      default:
        return this.#pathYes === this.#pathMaybe || this.#sets!.has(this.#pathYes, row);
    }
  }

  #nextOfList(): number {
    const maybe = this.#maybe;
    const list = this.#list;
    const end = this.#listEnd;
    const start = this.#at;
    for (let at = this.#listAt; at < end; at++) {
      const row = list[at]!;
      if ((maybe[start + (row >>> 5)]! & (1 << (row & 31))) === 0) continue;
      this.#listAt = at + 1;
      return row;
    }
    this.#listAt = end;
    return NO_ROW;
  }

  #scan(from: number): number {
    const end = this.#wordCount;
    const maybe = this.#maybe;
    const scanned = this.#scanned;
    const start = this.#at;
    let mask = -1 << (from & 31);
    for (let word = from >>> 5; word < end; word++) {
      let rows = maybe[start + word]! & mask;
      mask = -1;
      if (scanned !== undefined) rows &= scanned[word]!;
      if (rows !== 0) return (word << 5) + 31 - Math.clz32(rows & -rows);
    }
    return NO_ROW;
  }
}

/** The first row from `from` on that is in both sets; NO_ROW if there is none. */
export function firstOfBoth(left: BitSet, right: BitSet, from: number): number {
  let word = from >>> 5;
  if (word >= left.length) return NO_ROW;
  let rows = left[word]! & right[word]! & (-1 << (from & 31));
  while (rows === 0) {
    word++;
    if (word >= left.length) return NO_ROW;
    rows = left[word]! & right[word]!;
  }
  return (word << 5) + 31 - Math.clz32(rows & -rows);
}
