/** A fixed-length set of small integers, 32 to a word. Lengths are in words and must agree between operands. */
export type BitSet = Uint32Array;

/** Words needed for `count` members. */
export function bitSetWords(count: number): number {
  return (count + 31) >>> 5;
}

export function createBitSet(count: number): BitSet {
  return new Uint32Array(bitSetWords(count));
}

export function setBit(set: BitSet, index: number): void {
  set[index >>> 5]! |= 1 << (index & 31);
}

export function hasBit(set: BitSet, index: number): boolean {
  return (set[index >>> 5]! & (1 << (index & 31))) !== 0;
}
