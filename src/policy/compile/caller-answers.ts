import { type BitSet, bitSetWords } from "../../base/bit-set.ts";
import type { CallerKey } from "./caller-key.ts";

/** A chunk holds so many answers, a power of two; one is made when the first of them is kept. */
const CHUNK_BITS = 6;
const CHUNK_SLOTS = 2 ** CHUNK_BITS;

/** Before the rows of an answer: for whom it is (0 is nobody), its first row, whether some rows are unknown. */
const SERIAL = 0; // two words
const FIRST = 2;
const UNCERTAIN = 3;
const HEADER_WORDS = 4;

/**
 * What one segment says to each caller that has a slot, in all its columns but the path's.
 *
 * An answer's words lie together, and in large arrays: a caller that was not asked about for a while costs one or two reads from memory,
 * not one for each of several objects (measured by `bench/` evaluate-mix).
 */
export class CallerAnswers {
  readonly #slotWords: number;
  readonly #yes: (Int32Array | undefined)[] = [];
  /** Laid out like those, without headers; made where something is unknown. */
  readonly #maybe: (Int32Array | undefined)[] = [];

  /** Of the answer that find() found. Shared, do not mutate. */
  yes: Int32Array = NO_WORDS;
  /** The same object as `yes` where nothing is unknown. */
  maybe: Int32Array = NO_WORDS;
  /** Where its words begin, in both. */
  at: number = 0;
  /** The first row that depends on no path. */
  first: number = 0;

  constructor(rowCount: number) {
    this.#slotWords = HEADER_WORDS + bitSetWords(rowCount);
  }

  /** @returns whether an answer for the caller is remembered. */
  find({ slot, serial }: CallerKey): boolean {
    const index = slot >>> CHUNK_BITS;
    const chunk = index < this.#yes.length ? this.#yes[index] : undefined;
    if (chunk === undefined) return false;
    const at = (slot & (CHUNK_SLOTS - 1)) * this.#slotWords;
    if (chunk[at + SERIAL] !== (serial | 0) || chunk[at + SERIAL + 1] !== highWord(serial)) return false;
    this.yes = chunk;
    this.maybe = chunk[at + UNCERTAIN] === 0 ? chunk : this.#maybe[index]!;
    this.at = at + HEADER_WORDS;
    this.first = chunk[at + FIRST]!;
    return true;
  }

  /** Remembers copies. @param maybe the same object as `yes` where nothing is unknown. */
  keep({ slot, serial }: CallerKey, yes: BitSet, maybe: BitSet, first: number): void {
    const index = slot >>> CHUNK_BITS;
    const chunk = this.#chunkOf(this.#yes, index);
    const at = (slot & (CHUNK_SLOTS - 1)) * this.#slotWords;
    chunk[at + SERIAL] = 0; // nobody's while it is being written
    chunk[at + SERIAL + 1] = 0;
    chunk.set(yes, at + HEADER_WORDS);
    if (maybe !== yes) this.#chunkOf(this.#maybe, index).set(maybe, at + HEADER_WORDS);
    chunk[at + UNCERTAIN] = maybe === yes ? 0 : 1;
    chunk[at + FIRST] = first;
    chunk[at + SERIAL + 1] = highWord(serial);
    chunk[at + SERIAL] = serial;
  }

  #chunkOf(chunks: (Int32Array | undefined)[], index: number): Int32Array {
    while (chunks.length <= index) chunks.push(undefined);
    const known = chunks[index];
    if (known !== undefined) return known;
    const chunk = new Int32Array(CHUNK_SLOTS * this.#slotWords);
    chunks[index] = chunk;
    return chunk;
  }
}

/** Serials outlast 32 bits. */
function highWord(serial: number): number {
  return (serial / 2 ** 32) | 0;
}

const NO_WORDS = new Int32Array(0);
