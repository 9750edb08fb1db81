import { assert } from "../base/assert.ts";
import {
  copyKeys,
  createPage,
  findSlot,
  hashKey,
  isFree,
  isFull,
  isZero,
  type Page,
  removeAt,
  WIDTH_MAX,
  writeKey,
} from "./word-page.ts";

/**
 * An immutable set of keys of one to five 32-bit words, sharing structure between versions.
 *
 * Extendible hashing: the top bits of a key's hash choose a page from the directory, the low bits a slot in it (open
 * addressing, linear probing). A new version copies the directory, which is pointers, and the pages it changes, at
 * most PAGE_WORDS_MAX words each; the others are shared. So a change costs by its own size, a look-up is one hash and
 * a short probe, and a key costs its words divided by the fill of a page. `bench/` measures it.
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
    if (findSlot(this.#width, page, hash, w0, w1, w2, w3, w4) >= 0) return true;
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
    if (findSlot(width, page, hash, w0, w1, w2, w3, w4) >= 0) return false;
    while (isFull(page)) {
      this.#enlarge(hash, page);
      page = this.#pageOf(hash);
    }
    const own = this.#ownPage(hash, page);
    const slot = findSlot(width, own, hash, w0, w1, w2, w3, w4);
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
    const slot = findSlot(width, page, hash, w0, w1, w2, w3, w4);
    if (slot < 0) return false;
    const own = this.#ownPage(hash, page);
    removeAt(width, own, slot);
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
      const page = createPage(width, depth, capacity);
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
    const copy = { ...page, words: page.words.slice() };
    this.#own.add(copy);
    this.#place(hash, copy);
    return copy;
  }

  /** A small page doubles; one of full size splits in two, unless the directory would outgrow the pages it names. */
  #enlarge(hash: number, page: Page): void {
    const width = this.#width;
    const capacity = page.slotMask + 1;
    if (capacity < this.#capacityMax || (page.depth === this.#root.depth && !this.#mayDouble())) {
      const larger = createPage(width, page.depth, capacity * 2);
      copyKeys(width, page.words, (_hash) => larger);
      this.#replace(hash, page, larger);
      return;
    }
    if (page.depth === this.#root.depth) this.#doubleDirectory();
    const depth = page.depth + 1;
    const low = createPage(width, depth, capacity);
    const high = createPage(width, depth, capacity);
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

type MutableRoot = {
  /** 2^depth entries, or none for a set that never had a key but zero. */
  directory: Page[];
  depth: number;
  pageCount: number;
  count: number;
  hasZero: boolean;
};

type Root = Readonly<MutableRoot>;

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

/** `hash >>> 32` would be `hash >>> 0`. */
function pageIndex(hash: number, depth: number): number {
  return depth === 0 ? 0 : hash >>> (32 - depth);
}
