import { CALLER_ANSWERS_BYTES_MAX, CALLER_SLOTS_MAX } from "../../base/limits.ts";
import { type CallerKey, KEY_WORDS } from "./caller-key.ts";

/** A table begins with so many slots; one that serves few callers stays small, and so do the answers remembered for them. */
const SLOTS_FIRST = 32;
const SLOTS_MIN = 64;
const GROWTH = 4;
/** Slots that a hash leads to. */
const WAYS = 4;

/** Of all tables: a number that is never given twice tells for whom an answer was remembered. */
let serialLast = 0;

/**
 * Gives the callers that came by last a slot each: an index under which segments remember what they say to them.
 *
 * Callers are few and come again, so nearly every request finds all that does not depend on its path in one look-up, however many
 * segments and columns there are. A newcomer takes over a slot, under a new serial, so that what was remembered under the old
 * one is nobody's. Where that happens often, the table grows, up to what its segments may hold answers for.
 */
export class CallerTable {
  /** Places in the key that some segment's answers depend on, ascending. */
  readonly fields: Uint8Array;
  readonly slotsMax: number;
  #slots = 0;
  #keys: Int32Array = new Int32Array(0);
  #serials: Float64Array = new Float64Array(0);
  /** Of each group of ways, the one that the next newcomer takes. */
  #oldest: Uint8Array = new Uint8Array(0);
  /** Newcomers that took over another's slot since the table last grew. */
  #evictions = 0;

  /** @param fields places in the key; the head first. @param rowCount of all segments together. */
  constructor(fields: readonly number[], rowCount: number) {
    this.fields = Uint8Array.from(fields);
    this.slotsMax = slotsFor(rowCount);
    this.#lay(SLOTS_FIRST);
  }

  /** Whether a table for other segments would be no other. */
  serves(fields: readonly number[], rowCount: number): boolean {
    const isSame =
      fields.length === this.fields.length && fields.every((field, at) => field === this.fields[at]);
    return isSame && this.slotsMax === slotsFor(rowCount);
  }

  /** Finds or makes the caller's slot: writes `slot` and `serial` of the key. */
  find(key: CallerKey): void {
    const group = (this.#hash(key) & (this.#slots / WAYS - 1)) * WAYS;
    for (let slot = group; slot < group + WAYS; slot++) {
      if (!this.#isAt(slot, key)) continue;
      key.slot = slot;
      key.serial = this.#serials[slot]!;
      return;
    }
    this.#replace(group, key);
  }

  #replace(group: number, key: CallerKey): void {
    const way = this.#oldest[group / WAYS]!;
    const slot = group + way;
    this.#oldest[group / WAYS] = (way + 1) % WAYS;
    const isTaken = this.#serials[slot] !== 0;
    serialLast++;
    this.#serials[slot] = serialLast;
    this.#keys.set(key.words, slot * KEY_WORDS);
    key.slot = slot;
    key.serial = serialLast;
    if (!isTaken) return;
    this.#evictions++;
    if (this.#evictions <= this.#slots || this.#slots >= this.slotsMax) return;
    this.#lay(Math.min(this.#slots * GROWTH, this.slotsMax));
  }

  /** Empty, with so many slots. */
  #lay(slots: number): void {
    this.#slots = slots;
    this.#evictions = 0;
    this.#keys = new Int32Array(slots * KEY_WORDS);
    this.#serials = new Float64Array(slots);
    this.#oldest = new Uint8Array(slots / WAYS);
  }

  #hash(key: CallerKey): number {
    const { fields } = this;
    const { words } = key;
    let hash = 0;
    for (let index = 0; index < fields.length; index++) {
      hash = Math.imul(hash ^ words[fields[index]!]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash ^ (hash >>> 7);
  }

  #isAt(slot: number, key: CallerKey): boolean {
    const { fields } = this;
    const { words } = key;
    const keys = this.#keys;
    const at = slot * KEY_WORDS;
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index]!;
      if (keys[at + field] !== words[field]) return false;
    }
    return true;
  }
}

/** A power of two. */
function slotsFor(rowCount: number): number {
  const fitting = CALLER_ANSWERS_BYTES_MAX / Math.max(1, rowCount / 8);
  return Math.max(SLOTS_MIN, Math.min(CALLER_SLOTS_MAX, 2 ** Math.floor(Math.log2(fitting))));
}
