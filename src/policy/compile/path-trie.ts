import type { BitSet } from "../../base/bit-set.ts";
import type { Steps } from "../../base/steps.ts";
import { addToSegmentHash, type PathQuery, SEGMENT_HASH_START } from "./path-query.ts";
import { FREE_ROWS, type RowSets, RowSetsBuilder } from "./row-sets.ts";

/** One path of a rule under one reading. */
export type PathEntry = { readonly row: number; readonly kind: "exact" | "prefix"; readonly path: string };

/**
 * From a request's path to the rules that cover it: a tree of path segments.
 *
 * Every node names the finished row sets, with what it inherits from the prefixes above it, so a look-up ends with two numbers.
 * Segments are found by a hash that the query computed once and are then compared, so a look-up allocates nothing. Collisions can only be
 * made by who writes policy.
 */
export class PathTrie {
  /** Segments of the longest path. */
  readonly depth: number;
  readonly sets: RowSets;
  readonly #nodes: Nodes;
  /** Open addressing: 0 is free, else the index of a child node. */
  readonly #table: Int32Array;

  private constructor(depth: number, nodes: Nodes, sets: RowSets) {
    this.depth = depth;
    this.sets = sets;
    this.#nodes = nodes;
    this.#table = createTable(nodes);
  }

  /** @param entries by ascending row. @param free rows without paths: yes for every path. */
  static *compile(entries: readonly PathEntry[], free: BitSet): Steps<PathTrie> {
    const root = createDraft("", 0, 0);
    const drafts = [root];
    let depth = 0;
    let count = 0;
    for (const entry of entries) {
      const segments = splitPath(entry.path);
      depth = Math.max(depth, segments.length + 1); // the twin of a path that ends in `/` is one deeper
      addEntry(drafts, entry, segments);
      addTwins(drafts, entry, segments);
      if (++count % STEP_NODES === 0) yield;
    }
    const sets = new RowSetsBuilder(free);
    const nodes = yield* finishNodes(drafts, sets);
    yield;
    return new PathTrie(depth, nodes, sets.finish());
  }

  /** Leaves the rows in `query.yes` and `query.maybe`, as numbers of `sets`; the same number where nothing is unknown. */
  match(query: PathQuery): void {
    const { words } = this.#nodes;
    let node = 0;
    for (let index = 0; index < query.segmentCount; index++) {
      const child = this.#findChild(node, query, index);
      if (child === 0) {
        const below = words[node * NODE_WORDS + BELOW]!;
        query.yes = below;
        query.maybe = below;
        return;
      }
      node = child;
    }
    const at = node * NODE_WORDS + (query.trailingSlash ? SLASH_YES : BARE_YES);
    query.yes = words[at]!;
    query.maybe = words[at + 1]!;
  }

  #findChild(parent: number, query: PathQuery, index: number): number {
    const hash = query.hashes[index]!;
    const start = query.starts[index]!;
    const length = query.starts[index + 1]! - 1 - start;
    const table = this.#table;
    const mask = table.length - 1;
    const { words, segments } = this.#nodes;
    for (let slot = mixSlot(parent, hash) & mask; ; slot = (slot + 1) & mask) {
      const child = table[slot]!;
      if (child === 0) return 0;
      const at = child * NODE_WORDS;
      if (words[at + HASH] !== hash || words[at + PARENT] !== parent) continue;
      const segment = segments[child]!;
      if (segment.length === length && query.text.startsWith(segment, start)) return child;
    }
  }
}

/** What is known of each node, NODE_WORDS numbers each, beside its segment's text: no objects to follow, or to collect. */
type Nodes = { readonly words: Int32Array; readonly segments: readonly string[] };

/** Paths added, and nodes finished, in one step. */
const STEP_NODES = 128;

const NODE_WORDS = 8;
const HASH = 0;
const PARENT = 1;
/** Set of rows for a path that goes on below this node without another node. */
const BELOW = 2;
/** The same without this node's own prefixes that end in `/`. */
const BELOW_BARE = 3;
/** For a path that ends here without a trailing `/`: yes, then maybe. */
const BARE_YES = 4;
/** For one that ends here with it. */
const SLASH_YES = 6;

/** Segments of a path that begins with `/`; a trailing `/` is not a segment. */
function splitPath(path: string): readonly string[] {
  const body = path.endsWith("/") ? path.slice(0, -1) : path;
  return body === "" ? [] : body.slice(1).split("/");
}

/** A node while entries are added: rows by kind of entry and whether the rule's path ends in `/`. */
type Draft = {
  readonly segment: string;
  readonly hash: number;
  readonly parent: number;
  readonly children: Map<string, number>;
  readonly bare: { readonly exact: number[]; readonly prefix: number[] };
  readonly slash: { readonly exact: number[]; readonly prefix: number[] };
  /** Rows that are unknown for a path that ends here with a trailing `/`. */
  readonly slashTwins: number[];
};

function createDraft(segment: string, hash: number, parent: number): Draft {
  const rows = () => ({ exact: [], prefix: [] });
  return { segment, hash, parent, children: new Map(), bare: rows(), slash: rows(), slashTwins: [] };
}

function addEntry(drafts: Draft[], entry: PathEntry, segments: readonly string[]): void {
  const draft = drafts[findOrAdd(drafts, segments)]!;
  (entry.path.endsWith("/") ? draft.slash : draft.bare)[entry.kind].push(entry.row);
}

function findOrAdd(drafts: Draft[], segments: readonly string[]): number {
  let at = 0;
  for (const segment of segments) {
    const draft = drafts[at]!;
    const known = draft.children.get(segment);
    if (known !== undefined) {
      at = known;
      continue;
    }
    drafts.push(createDraft(segment, hashSegment(segment), at));
    at = drafts.length - 1;
    draft.children.set(segment, at);
  }
  return at;
}

/**
 * Notes the row where paths end that differ from a rule's path by a trailing `/` only, and end in `/` themselves. (The others
 * end at the rule's own node.)
 */
function addTwins(drafts: Draft[], { row, kind, path }: PathEntry, segments: readonly string[]): void {
  if (!path.endsWith("/") || (path === "/" && kind === "prefix")) return;
  drafts[findOrAdd(drafts, [...segments, ""])]!.slashTwins.push(row);
  if (path.endsWith("//")) drafts[findOrAdd(drafts, segments.slice(0, -1))]!.slashTwins.push(row);
}

function hashSegment(segment: string): number {
  let hash = SEGMENT_HASH_START;
  for (let at = 0; at < segment.length; at++) hash = addToSegmentHash(hash, segment.charCodeAt(at));
  return hash;
}

/** Parents come before their children, so what a node inherits is finished when it is needed. */
function* finishNodes(drafts: readonly Draft[], sets: RowSetsBuilder): Steps<Nodes> {
  const words = new Int32Array(drafts.length * NODE_WORDS);
  for (const [index, { segment, hash, parent, bare, slash, slashTwins }] of drafts.entries()) {
    const above = parent * NODE_WORDS;
    const inherited = index === 0 ? FREE_ROWS : words[above + BELOW]!;
    // `/foo//` lies below `/foo/`, but differs from it by a trailing `/` only.
    const isTwin = index !== 0 && parent !== 0 && segment === "";
    const inheritedSlash = isTwin ? words[above + BELOW_BARE]! : inherited;
    const bareRows = joinRows(bare.exact, bare.prefix);
    const slashRows = joinRows(slash.exact, slash.prefix);
    const bareYes = sets.union(inherited, bareRows);
    const slashYes = sets.union(inheritedSlash, slashRows);
    const hasPrefixOnly = bare.exact.length + slash.prefix.length === 0;
    const below = hasPrefixOnly ? bareYes : sets.union(inherited, joinRows(bare.prefix, slash.prefix));
    const at = index * NODE_WORDS;
    words[at + HASH] = hash;
    words[at + PARENT] = parent;
    words[at + BELOW] = below;
    words[at + BELOW_BARE] = slash.prefix.length === 0 ? below : sets.union(inherited, bare.prefix);
    words[at + BARE_YES] = bareYes;
    words[at + BARE_YES + 1] = sets.union(bareYes, slashRows);
    words[at + SLASH_YES] = slashYes;
    words[at + SLASH_YES + 1] = sets.union(slashYes, joinRows(bareRows, slashTwins));
    if ((index + 1) % STEP_NODES === 0) yield;
  }
  return { words, segments: drafts.map(({ segment }) => segment) };
}

/** Ascending. */
function joinRows(left: readonly number[], right: readonly number[]): readonly number[] {
  if (right.length === 0) return left;
  return left.length === 0 ? right : [...left, ...right].sort((one, other) => one - other);
}

function createTable({ words, segments }: Nodes): Int32Array {
  const table = new Int32Array(2 ** Math.ceil(Math.log2(segments.length * 2 + 1)));
  const mask = table.length - 1;
  for (let index = 1; index < segments.length; index++) {
    const at = index * NODE_WORDS;
    let slot = mixSlot(words[at + PARENT]!, words[at + HASH]!) & mask;
    while (table[slot] !== 0) slot = (slot + 1) & mask;
    table[slot] = index;
  }
  return table;
}

function mixSlot(parent: number, hash: number): number {
  const mixed = Math.imul(hash ^ Math.imul(parent, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
