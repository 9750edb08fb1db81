/**
 * A fixed-length set of small integers, 32 to a word. Lengths are in words and must agree between operands.
 *
 * Signed words, since that is what bit operators give: with unsigned ones a scan takes twice as long (measured, `bench/` evaluate-last).
 */
export type BitSet = Int32Array;

/** Words needed for `count` members. */
export function bitSetWords(count: number): number {
  return (count + 31) >>> 5;
}

export function createBitSet(count: number): BitSet {
  return new Int32Array(bitSetWords(count));
}

export function setBit(set: BitSet, index: number): void {
  set[index >>> 5]! |= 1 << (index & 31);
}

export function clearBit(set: BitSet, index: number): void {
  set[index >>> 5]! &= ~(1 << (index & 31));
}

export function hasBit(set: BitSet, index: number): boolean {
  return (set[index >>> 5]! & (1 << (index & 31))) !== 0;
}

/** Adds every member of `source` to `target`. */
export function addBits(target: BitSet, source: BitSet): void {
  for (let word = 0; word < target.length; word++) target[word]! |= source[word]!;
}

/** Removes from `target` every member that is not in `source`. */
export function keepBits(target: BitSet, source: BitSet): void {
  for (let word = 0; word < target.length; word++) target[word]! &= source[word]!;
}

/** The union as a new set; the first operand itself where the second adds nothing, so that equal sets are shared. */
export function unionBits(base: BitSet, indexes: readonly number[], pool?: BitSetPool): BitSet {
  if (indexes.every((index) => hasBit(base, index))) return base;
  const union = pool === undefined ? base.slice() : pool.copy(base);
  for (const index of indexes) setBit(union, index);
  return union;
}

const POOL_SETS = 64;

/**
 * Makes many sets of one length that live and die together: views of a few large arrays, since thousands of small ones cost more
 * to make and to collect than to fill.
 */
export class BitSetPool {
  #chunk: BitSet = new Int32Array(0);
  #next = 0;

  copy(source: BitSet): BitSet {
    const { length } = source;
    if (this.#next + length > this.#chunk.length) {
      this.#chunk = new Int32Array(length * POOL_SETS);
      this.#next = 0;
    }
    const copy = this.#chunk.subarray(this.#next, this.#next + length);
    copy.set(source);
    this.#next += length;
    return copy;
  }
}

/** Members of `0…count-1` that are not in `set`. */
export function complementBits(set: BitSet, count: number): BitSet {
  const complement = set.map((word) => ~word);
  const beyond = (complement.length << 5) - count;
  if (beyond > 0) complement[complement.length - 1]! &= 0xffff_ffff >>> beyond;
  return complement;
}

/** A set of exactly these members. */
export function bitSetOf(count: number, indexes: Iterable<number>): BitSet {
  const set = createBitSet(count);
  for (const index of indexes) setBit(set, index);
  return set;
}

export function isEmptyBitSet(set: BitSet): boolean {
  return set.every((word) => word === 0);
}
