/**
 * A page of keys: a small hash table with open addressing and linear probing, the building block of `WordSet`.
 *
 * A key is one to five signed 32-bit words; functions take all five and pass over those past the width. A slot of zeros
 * is free, so the key of zeros can't be held.
 */

/** The most words a key has: an IPv6 address, and a protocol and port. */
export const WIDTH_MAX = 5;

/** Mutable while it is being made; shared and never written to afterwards. */
export type Page = {
  /** How many top bits of their hashes its keys share. */
  readonly depth: number;
  /** Of keys. */
  count: number;
  /** Slots, a power of two, less one. */
  readonly slotMask: number;
  /** Slots times the width. */
  readonly words: Int32Array;
};

/** An empty page of `capacity` slots, a power of two. */
export function createPage(width: number, depth: number, capacity: number): Page {
  return { depth, count: 0, slotMask: capacity - 1, words: new Int32Array(capacity * width) };
}

/** Three quarters: linear probing stays short, and a free slot always ends a probe. */
export function isFull(page: Page): boolean {
  return (page.count + 1) * 4 > (page.slotMask + 1) * 3;
}

/**
 * Secret odd multipliers, one set a process: members come from whoever may write network sets, and must not be able
 * to be chosen so that they collide.
 */
const MULTIPLIERS = crypto.getRandomValues(new Int32Array(WIDTH_MAX + 1)).map((word) => word | 1);
const M0 = MULTIPLIERS[0]!;
const M1 = MULTIPLIERS[1]!;
const M2 = MULTIPLIERS[2]!;
const M3 = MULTIPLIERS[3]!;
const M4 = MULTIPLIERS[4]!;
const M5 = MULTIPLIERS[5]!;

/** Thirty-two bits, of which any few are as good as others. */
export function hashKey(width: number, w0: number, w1: number, w2: number, w3: number, w4: number): number {
  let hash = Math.imul(w0, M0);
  hash ^= hash >>> 15;
  if (width > 1) {
    hash = Math.imul(hash ^ w1, M1);
    hash ^= hash >>> 16;
    if (width > 2) {
      hash = Math.imul(hash ^ w2, M2);
      hash ^= hash >>> 15;
      if (width > 3) {
        hash = Math.imul(hash ^ w3, M3);
        hash ^= hash >>> 16;
        if (width > 4) {
          hash = Math.imul(hash ^ w4, M4);
          hash ^= hash >>> 15;
        }
      }
    }
  }
  hash = Math.imul(hash, M5);
  return hash ^ (hash >>> 16);
}

/** Where the key starts in `words`; if it isn't there, the complement (`~`) of where it would go. */
export function findSlot(
  width: number,
  page: Page,
  hash: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
  w4: number,
): number {
  const { words, slotMask } = page;
  for (let slot = hash & slotMask; ; slot = (slot + 1) & slotMask) {
    const at = slot * width;
    if (isFree(width, words, at)) return ~at;
    if (
      words[at] === w0 &&
      (width < 2 || words[at + 1] === w1) &&
      (width < 3 || words[at + 2] === w2) &&
      (width < 4 || words[at + 3] === w3) &&
      (width < 5 || words[at + 4] === w4)
    ) {
      return at;
    }
  }
}

/** Whether the slot that starts at word `at` holds no key. */
export function isFree(width: number, words: Int32Array, at: number): boolean {
  return (
    words[at] === 0 &&
    (width < 2 || words[at + 1] === 0) &&
    (width < 3 || words[at + 2] === 0) &&
    (width < 4 || words[at + 3] === 0) &&
    (width < 5 || words[at + 4] === 0)
  );
}

/** Whether it is the key that a page can't hold. */
export function isZero(width: number, w0: number, w1: number, w2: number, w3: number, w4: number): boolean {
  return (
    w0 === 0 &&
    (width < 2 || w1 === 0) &&
    (width < 3 || w2 === 0) &&
    (width < 4 || w3 === 0) &&
    (width < 5 || w4 === 0)
  );
}

/** Writes a key to the slot that starts at word `at`. */
export function writeKey(
  width: number,
  words: Int32Array,
  at: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
  w4: number,
): void {
  words[at] = w0;
  if (width > 1) words[at + 1] = w1;
  if (width > 2) words[at + 2] = w2;
  if (width > 3) words[at + 3] = w3;
  if (width > 4) words[at + 4] = w4;
}

function hashAt(width: number, words: Int32Array, at: number): number {
  const word = (index: number): number => (index < width ? words[at + index]! : 0);
  return hashKey(width, word(0), word(1), word(2), word(3), word(4));
}

/** Puts every key of `words` into the page that `choose` names for its hash; each has room for it. */
export function copyKeys(width: number, words: Int32Array, choose: (hash: number) => Page): void {
  for (let from = 0; from < words.length; from += width) {
    if (isFree(width, words, from)) continue;
    const hash = hashAt(width, words, from);
    const page = choose(hash);
    let slot = hash & page.slotMask;
    while (!isFree(width, page.words, slot * width)) slot = (slot + 1) & page.slotMask;
    for (let index = 0; index < width; index++) page.words[slot * width + index] = words[from + index]!;
    page.count++;
  }
}

/** Frees the slot at `at` and moves later keys of the same run back, so that no probe stops short of its key. */
export function removeAt(width: number, { words, slotMask }: Page, at: number): void {
  let hole = at / width;
  for (let slot = (hole + 1) & slotMask; !isFree(width, words, slot * width); slot = (slot + 1) & slotMask) {
    const home = hashAt(width, words, slot * width) & slotMask;
    // A key stays where it is when its home lies after the hole, going round from the hole to where it stands.
    if (((home - hole - 1) & slotMask) < ((slot - hole) & slotMask)) continue;
    words.copyWithin(hole * width, slot * width, (slot + 1) * width);
    hole = slot;
  }
  words.fill(0, hole * width, (hole + 1) * width);
}
