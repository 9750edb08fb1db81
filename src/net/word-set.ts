import { assert } from "../base/assert.ts";

/**
 * An immutable set of keys of one to five 32-bit words, sharing structure between versions.
 *
 * Extendible hashing: the top bits of a key's hash choose a page from the directory, the low bits a slot in it (open
 * addressing, linear probing). A new version copies the directory, which is pointers, and the pages it changes, at
 * most PAGE_WORDS_MAX words each; the others are shared. So a change costs by its own size, a look-up is one hash and
 * a short probe, and a key costs its words divided by the fill of a page. `npm run bench -- --only set` measures it.
 *
 * Keys are signed 32-bit numbers inside. The key of zeros marks a free slot, so it lives in a flag beside the pages.
 */
export class WordSet {
  readonly #width: number;
  readonly #root: Root;

  private constructor(width: number, root: Root) {
    this.#width = width;
    this.#root = root;
  }

  /** The empty set of keys of `width` words, 1 to 5. */
  static empty(width: number): WordSet {
    assert(width >= 1 && width <= WIDTH_MAX, "keys have one to five words");
    return new WordSet(width, { directory: [], depth: 0, pageCount: 0, count: 0, hasZero: false });
  }

  get size(): number {
    return this.#root.count;
  }

  /** Whether the key is a member; words past the width are ignored. Allocates nothing. */
  has(w0: number, w1: number, w2: number, w3: number, w4: number): boolean {
    const { directory, depth, hasZero } = this.#root;
    if (directory.length === 0) return hasZero && isZero(this.#width, w0, w1, w2, w3, w4);
    const hash = hashKey(this.#width, w0, w1, w2, w3, w4);
    const page = directory[pageIndex(hash, depth)]!;
    const slot = findSlot(this.#width, page.words, hash, w0, w1, w2, w3, w4);
    if (slot >= 0) return true;
    return hasZero && isZero(this.#width, w0, w1, w2, w3, w4);
  }

  /** Calls `visit` once for each member, in no particular order, with unsigned words; those past the width are 0. */
  forEach(visit: (w0: number, w1: number, w2: number, w3: number, w4: number) => void): void {
    if (this.#root.hasZero) visit(0, 0, 0, 0, 0);
    const width = this.#width;
    let previous: Page | undefined;
    for (const page of this.#root.directory) {
      if (page === previous) continue; // entries of one page are neighbours
      previous = page;
      const { words } = page;
      const word = (at: number, index: number): number => (index < width ? words[at + index]! >>> 0 : 0);
      for (let at = 0; at < words.length; at += width) {
        if (isFree(width, words, at)) continue;
        visit(word(at, 0), word(at, 1), word(at, 2), word(at, 3), word(at, 4));
      }
    }
  }

  /** Starts a new version; the receiver stays as it is. `expected`: how many keys will be added, for the first fill. */
  edit(expected: number): WordSetEditor {
    return new WordSetEditor(this.#width, this.#root, expected, (root) => new WordSet(this.#width, root));
  }
}

/** A version being made. Of one use: nothing may be called after `finish`. */
export class WordSetEditor {
  readonly #width: number;
  readonly #capacityMax: number;
  readonly #wrap: (root: Root) => WordSet;
  readonly #root: MutableRoot;
  /** Pages made by this edit, which it may therefore write to. */
  readonly #own = new Set<Page>();

  constructor(width: number, root: Root, expected: number, wrap: (root: Root) => WordSet) {
    this.#width = width;
    this.#capacityMax = pageCapacityMax(width);
    this.#wrap = wrap;
    this.#root = { ...root, directory: root.directory.slice() };
    if (root.directory.length === 0) this.#lay(expected);
  }

  get size(): number {
    return this.#root.count;
  }

  /** @returns whether it was not a member before. */
  add(w0: number, w1: number, w2: number, w3: number, w4: number): boolean {
    const width = this.#width;
    if (isZero(width, w0, w1, w2, w3, w4)) return this.#setZero(true);
    const hash = hashKey(width, w0, w1, w2, w3, w4);
    let page = this.#pageOf(hash);
    if (findSlot(width, page.words, hash, w0, w1, w2, w3, w4) >= 0) return false;
    while (isFull(width, page)) {
      this.#enlarge(hash, page);
      page = this.#pageOf(hash);
    }
    const own = this.#ownPage(hash, page);
    const slot = findSlot(width, own.words, hash, w0, w1, w2, w3, w4);
    writeKey(width, own.words, ~slot, w0, w1, w2, w3, w4);
    own.count++;
    this.#root.count++;
    return true;
  }

  /** @returns whether it was a member before. */
  delete(w0: number, w1: number, w2: number, w3: number, w4: number): boolean {
    const width = this.#width;
    if (isZero(width, w0, w1, w2, w3, w4)) return this.#setZero(false);
    const hash = hashKey(width, w0, w1, w2, w3, w4);
    const page = this.#pageOf(hash);
    const slot = findSlot(width, page.words, hash, w0, w1, w2, w3, w4);
    if (slot < 0) return false;
    const own = this.#ownPage(hash, page);
    removeAt(width, own.words, slot);
    own.count--;
    this.#root.count--;
    return true;
  }

  finish(): WordSet {
    const { count, pageCount } = this.#root;
    // Pages never merge; once they are nearly empty, laying the few keys out again costs less than the deletions did.
    if (pageCount > 1 && count * this.#width * SPARSENESS < pageCount * PAGE_WORDS_MAX) this.#relay();
    return this.#wrap({ ...this.#root });
  }

  #setZero(present: boolean): boolean {
    if (this.#root.hasZero === present) return false;
    this.#root.hasZero = present;
    this.#root.count += present ? 1 : -1;
    return true;
  }

  #pageOf(hash: number): Page {
    return this.#root.directory[pageIndex(hash, this.#root.depth)]!;
  }

  /** Fresh pages for about `expected` keys, so that a first fill need not split its way up. */
  #lay(expected: number): void {
    const width = this.#width;
    let depth = 0;
    while (expected > this.#capacityMax * FILL_START * 2 ** depth) depth++;
    const wanted = Math.ceil(expected / 2 ** depth / FILL_START);
    const capacity = Math.min(this.#capacityMax, Math.max(PAGE_CAPACITY_MIN, nextPowerOfTwo(wanted)));
    this.#own.clear();
    this.#root.depth = depth;
    this.#root.pageCount = 2 ** depth;
    this.#root.directory = Array.from({ length: 2 ** depth }, () => {
      const page = { depth, count: 0, words: new Int32Array(capacity * width) };
      this.#own.add(page);
      return page;
    });
  }

  #relay(): void {
    const old = this.#wrap({ ...this.#root });
    this.#root.count = 0;
    this.#root.hasZero = false;
    this.#lay(old.size);
    old.forEach((w0, w1, w2, w3, w4) => {
      this.add(w0 | 0, w1 | 0, w2 | 0, w3 | 0, w4 | 0);
    });
  }

  /** The page itself when this edit made it, else a copy of it, in its place. */
  #ownPage(hash: number, page: Page): Page {
    if (this.#own.has(page)) return page;
    const copy = { depth: page.depth, count: page.count, words: page.words.slice() };
    this.#own.add(copy);
    this.#place(hash, copy);
    return copy;
  }

  /** A small page doubles; one of full size splits in two, unless the directory would outgrow the pages it names. */
  #enlarge(hash: number, page: Page): void {
    const width = this.#width;
    const capacity = page.words.length / width;
    if (capacity < this.#capacityMax || (page.depth === this.#root.depth && !this.#mayDouble())) {
      const larger = { depth: page.depth, count: 0, words: new Int32Array(page.words.length * 2) };
      copyKeys(width, page.words, (_hash) => larger);
      this.#replace(hash, page, larger);
      return;
    }
    if (page.depth === this.#root.depth) this.#doubleDirectory();
    const depth = page.depth + 1;
    const low = { depth, count: 0, words: new Int32Array(page.words.length) };
    const high = { depth, count: 0, words: new Int32Array(page.words.length) };
    copyKeys(width, page.words, (keyHash) => (((keyHash >>> (32 - depth)) & 1) === 0 ? low : high));
    const first = pageIndex(hash, page.depth) * 2;
    this.#fill(first, low);
    this.#fill(first + 1, high);
    this.#own.delete(page);
    this.#own.add(low).add(high);
    this.#root.pageCount++;
  }

  #replace(hash: number, old: Page, page: Page): void {
    this.#own.delete(old);
    this.#own.add(page);
    this.#place(hash, page);
  }

  #place(hash: number, page: Page): void {
    this.#fill(pageIndex(hash, page.depth), page);
  }

  /** Sets every directory entry whose top `page.depth` bits are `prefix`. */
  #fill(prefix: number, page: Page): void {
    const span = 2 ** (this.#root.depth - page.depth);
    this.#root.directory.fill(page, prefix * span, (prefix + 1) * span);
  }

  /**
   * Keys whose hashes share many top bits, by accident or malice, would otherwise double the directory for the sake of
   * one page.
   */
  #mayDouble(): boolean {
    return this.#root.directory.length < this.#root.pageCount * DIRECTORY_PER_PAGE_MAX;
  }

  #doubleDirectory(): void {
    this.#root.directory = this.#root.directory.flatMap((page) => [page, page]);
    this.#root.depth++;
  }
}

/** `count` is of keys; `words.length` is a power of two times the width. `depth`: how many hash bits all its keys share. */
type Page = { readonly depth: number; count: number; readonly words: Int32Array };

type MutableRoot = {
  /** 2^depth entries, or none for a set that never had a key but zero. */
  directory: Page[];
  depth: number;
  pageCount: number;
  count: number;
  hasZero: boolean;
};

type Root = Readonly<MutableRoot>;

const WIDTH_MAX = 5;
/** 4 KiB: small enough that copying one for a single change costs a fraction of a microsecond. */
const PAGE_WORDS_MAX = 1024;
const PAGE_CAPACITY_MIN = 4;
/** Directory entries for each page; even hashes need fewer than four. */
const DIRECTORY_PER_PAGE_MAX = 8;
const FILL_START = 0.5;
/** A set is laid out again when its pages are on average less than one in this many full. */
const SPARSENESS = 16;

/** The largest power of two whose keys fit a page. */
function pageCapacityMax(width: number): number {
  return nextPowerOfTwo(Math.floor(PAGE_WORDS_MAX / width / 2) + 1);
}

function nextPowerOfTwo(count: number): number {
  return count <= 1 ? 1 : 2 ** (32 - Math.clz32(count - 1));
}

/** Three quarters: linear probing stays short, and a free slot always ends a probe. */
function isFull(width: number, page: Page): boolean {
  return (page.count + 1) * width * 4 > page.words.length * 3;
}

/** `hash >>> 32` would be `hash >>> 0`. */
function pageIndex(hash: number, depth: number): number {
  return depth === 0 ? 0 : hash >>> (32 - depth);
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

function hashKey(width: number, w0: number, w1: number, w2: number, w3: number, w4: number): number {
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
function findSlot(
  width: number,
  words: Int32Array,
  hash: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
  w4: number,
): number {
  const last = words.length - width;
  let at = slotOf(width, words, hash);
  for (;;) {
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
    at = at === last ? 0 : at + width;
  }
}

/** The slot a hash asks for. Capacities are powers of two, so the low bits choose it. */
function slotOf(width: number, words: Int32Array, hash: number): number {
  const capacity = (words.length / width) | 0;
  return (hash & (capacity - 1)) * width;
}

function isFree(width: number, words: Int32Array, at: number): boolean {
  return (
    words[at] === 0 &&
    (width < 2 || words[at + 1] === 0) &&
    (width < 3 || words[at + 2] === 0) &&
    (width < 4 || words[at + 3] === 0) &&
    (width < 5 || words[at + 4] === 0)
  );
}

function isZero(width: number, w0: number, w1: number, w2: number, w3: number, w4: number): boolean {
  return (
    w0 === 0 &&
    (width < 2 || w1 === 0) &&
    (width < 3 || w2 === 0) &&
    (width < 4 || w3 === 0) &&
    (width < 5 || w4 === 0)
  );
}

function writeKey(
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
function copyKeys(width: number, words: Int32Array, choose: (hash: number) => Page): void {
  for (let from = 0; from < words.length; from += width) {
    if (isFree(width, words, from)) continue;
    const hash = hashAt(width, words, from);
    const page = choose(hash);
    const last = page.words.length - width;
    let at = slotOf(width, page.words, hash);
    while (!isFree(width, page.words, at)) at = at === last ? 0 : at + width;
    for (let index = 0; index < width; index++) page.words[at + index] = words[from + index]!;
    page.count++;
  }
}

/** Frees a slot and moves later keys of the same run back, so that no probe stops short of its key. */
function removeAt(width: number, words: Int32Array, slot: number): void {
  const next = (at: number): number => (at + width === words.length ? 0 : at + width);
  let hole = slot;
  for (let at = next(hole); !isFree(width, words, at); at = next(at)) {
    const home = slotOf(width, words, hashAt(width, words, at));
    // The key may move to the hole unless its home lies after the hole, up to where it stands (cyclically).
    const homeIsBetween = hole <= at ? hole < home && home <= at : hole < home || home <= at;
    if (homeIsBetween) continue;
    for (let index = 0; index < width; index++) words[hole + index] = words[at + index]!;
    hole = at;
  }
  for (let index = 0; index < width; index++) words[hole + index] = 0;
}
