import { assert } from "../base/assert.ts";

/**
 * A cache with a bound on entries and on the characters of their keys. The oldest entries make room, used or not: a hit then
 * costs one lookup and no bookkeeping, and a flood of new keys can slow others down but not grow the process.
 */
export class BoundedMap<T> {
  readonly #entries = new Map<string, T>();
  readonly #entriesMax: number;
  readonly #charsMax: number;
  #chars = 0;

  /** `charsMax` must leave room for the longest key. */
  constructor(limits: { readonly entriesMax: number; readonly charsMax: number }) {
    this.#entriesMax = limits.entriesMax;
    this.#charsMax = limits.charsMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key);
  }

  /** Adds a key that is not there yet. */
  add(key: string, value: T): void {
    assert(!this.#entries.has(key), "a cached key is added once");
    assert(key.length <= this.#charsMax, "a cached key fits in its cache");
    this.#chars += key.length;
    this.#entries.set(key, value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#entriesMax && this.#chars <= this.#charsMax) break;
      this.#entries.delete(oldest);
      this.#chars -= oldest.length;
    }
  }
}
