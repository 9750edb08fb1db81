import { type BitSet, BitSetPool, unionBits } from "../../base/bit-set.ts";
import { addToSegmentHash, type PathQuery, SEGMENT_HASH_START } from "./path-query.ts";

/** One path of a rule under one reading. */
export type PathEntry = { readonly row: number; readonly kind: "exact" | "prefix"; readonly path: string };

/**
 * From a request's path to the rules that cover it: a tree of path segments.
 *
 * Every node carries the finished row sets, with what it inherits from the prefixes above it, so a look-up ends with two references.
 * Segments are found by a hash that the query computed once and are then compared, so a look-up allocates nothing. Collisions can only be
 * made by who writes policy.
 */
export class PathTrie {
  /** Segments of the longest path. */
  readonly depth: number;
  readonly #nodes: readonly Node[];
  /** Open addressing: 0 is free, else the index of a child node. */
  readonly #table: Int32Array;

  /** @param free rows without paths: yes for every path. */
  constructor(entries: readonly PathEntry[], free: BitSet) {
    const root = createDraft("", 0, 0);
    const drafts = [root];
    let depth = 0;
    for (const entry of entries) {
      const segments = splitPath(entry.path);
      depth = Math.max(depth, segments.length + 1); // the twin of a path that ends in `/` is one deeper
      addEntry(drafts, entry, segments);
      addTwins(drafts, entry, segments);
    }
    this.depth = depth;
    this.#nodes = finishNodes(drafts, free);
    this.#table = createTable(this.#nodes);
  }

  /** Leaves the rows in `query.yes` and `query.maybe`; the same object where nothing is unknown. Shared, do not mutate. */
  match(query: PathQuery): void {
    let at = 0;
    for (let index = 0; index < query.segmentCount; index++) {
      const child = this.#findChild(at, query, index);
      if (child === 0) {
        const { below } = this.#nodes[at]!;
        query.yes = below;
        query.maybe = below;
        return;
      }
      at = child;
    }
    const node = this.#nodes[at]!;
    query.yes = query.trailingSlash ? node.slashYes : node.bareYes;
    query.maybe = query.trailingSlash ? node.slashMaybe : node.bareMaybe;
  }

  #findChild(parent: number, query: PathQuery, index: number): number {
    const hash = query.hashes[index]!;
    const start = query.starts[index]!;
    const length = query.starts[index + 1]! - 1 - start;
    const mask = this.#table.length - 1;
    for (let slot = mixSlot(parent, hash) & mask; ; slot = (slot + 1) & mask) {
      const child = this.#table[slot]!;
      if (child === 0) return 0;
      const node = this.#nodes[child]!;
      const isSame =
        node.parent === parent &&
        node.hash === hash &&
        node.segment.length === length &&
        query.text.startsWith(node.segment, start);
      if (isSame) return child;
    }
  }
}

/** Segments of a path that begins with `/`; a trailing `/` is not a segment. */
function splitPath(path: string): readonly string[] {
  const body = path.endsWith("/") ? path.slice(0, -1) : path;
  return body === "" ? [] : body.slice(1).split("/");
}

type Node = {
  readonly segment: string;
  readonly hash: number;
  readonly parent: number;
  /** For a path that goes on below this node without another node. */
  readonly below: BitSet;
  /** The same without this node's own prefixes that end in `/`. */
  readonly belowBare: BitSet;
  /** For a path that ends here without, or with, a trailing `/`. */
  readonly bareYes: BitSet;
  readonly bareMaybe: BitSet;
  readonly slashYes: BitSet;
  readonly slashMaybe: BitSet;
};

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
function finishNodes(drafts: readonly Draft[], free: BitSet): readonly Node[] {
  const nodes: Node[] = [];
  const pool = new BitSetPool();
  for (const [index, { segment, hash, parent, bare, slash, slashTwins }] of drafts.entries()) {
    const inherited = index === 0 ? free : nodes[parent]!.below;
    // `/foo//` lies below `/foo/`, but differs from it by a trailing `/` only.
    const isTwin = index !== 0 && parent !== 0 && segment === "";
    const inheritedSlash = isTwin ? nodes[parent]!.belowBare : inherited;
    const bareRows = [...bare.exact, ...bare.prefix];
    const slashRows = [...slash.exact, ...slash.prefix];
    const bareYes = unionBits(inherited, bareRows, pool);
    const hasPrefixOnly = bare.exact.length + slash.prefix.length === 0;
    const below = hasPrefixOnly ? bareYes : unionBits(inherited, [...bare.prefix, ...slash.prefix], pool);
    const slashYes = unionBits(inheritedSlash, slashRows, pool);
    nodes.push({
      segment,
      hash,
      parent,
      below,
      belowBare: slash.prefix.length === 0 ? below : unionBits(inherited, bare.prefix, pool),
      bareYes,
      bareMaybe: unionBits(bareYes, slashRows, pool),
      slashYes,
      slashMaybe: unionBits(slashYes, [...bareRows, ...slashTwins], pool),
    });
  }
  return nodes;
}

function createTable(nodes: readonly Node[]): Int32Array {
  const table = new Int32Array(2 ** Math.ceil(Math.log2(nodes.length * 2 + 1)));
  const mask = table.length - 1;
  for (let index = 1; index < nodes.length; index++) {
    const { parent, hash } = nodes[index]!;
    let slot = mixSlot(parent, hash) & mask;
    while (table[slot] !== 0) slot = (slot + 1) & mask;
    table[slot] = index;
  }
  return table;
}

function mixSlot(parent: number, hash: number): number {
  const mixed = Math.imul(hash ^ Math.imul(parent, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
