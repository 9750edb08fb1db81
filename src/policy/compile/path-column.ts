import { type BitSet, bitSetOf, complementBits } from "../../base/bit-set.ts";
import type { Steps } from "../../base/steps.ts";
import {
  foldTrailingSlash,
  hasReadings,
  isPlainPath,
  type PathReading,
  readPath,
  readReference,
} from "../path-readings.ts";
import { type PathEntry, PathTrie } from "./path-trie.ts";
import type { HttpModel, PathModel } from "./rule-model.ts";

/** From a request's path, under each reading, to the rules whose paths cover it. */
export class PathColumn {
  /** Rows without paths. Rows whose HTTP part is not understood are among them: their methods' column says so. */
  readonly free: BitSet;
  /** Rows with paths, understood or not. */
  readonly withPaths: BitSet;
  /** Whether all rules' paths are plain, so that every reading of them is the same but for the trailing `/`. */
  readonly isPlain: boolean;
  readonly depth: number;
  /** By index of the reading in the profile's list; of plain paths, readings share a trie. */
  readonly #tries: readonly PathTrie[];

  private constructor(
    sets: { readonly free: BitSet; readonly withPaths: BitSet },
    isPlain: boolean,
    tries: readonly PathTrie[],
  ) {
    this.free = sets.free;
    this.withPaths = sets.withPaths;
    this.isPlain = isPlain;
    this.#tries = tries;
    this.depth = Math.max(0, ...tries.map((trie) => trie.depth));
  }

  /** Undefined where no rule has paths. */
  static *compile(
    https: readonly (HttpModel | undefined)[],
    readings: readonly PathReading[] | "calico",
  ): Steps<PathColumn | undefined> {
    if (!https.some((http) => http?.paths !== undefined)) return undefined;
    const count = https.length;
    const rows = [...https.entries()];
    const judged = rows.filter(([, http]) => http?.paths !== undefined && !http.bad);
    const withPaths = bitSetOf(
      count,
      rows.filter(([, http]) => http?.paths !== undefined).map(([row]) => row),
    );
    const constrained = bitSetOf(
      count,
      judged.map(([row]) => row),
    );
    const free = complementBits(constrained, count);
    const entries = judged.flatMap(([row, http]) => (http?.paths ?? []).map((path) => ({ ...path, row })));
    const isPlain = entries.every(({ path }) => isPlainPath(path, path.length));
    yield;
    const tries = yield* compileTries(entries, isPlain, free, readings);
    return new PathColumn({ free, withPaths }, isPlain, tries);
  }

  trieOf(readingIndex: number): PathTrie {
    return this.#tries[readingIndex]!;
  }
}

/**
 * A rule's path under one reading of `calico` or `strict` semantics.
 *
 * @returns undefined where it has none: then it never matches.
 */
export function readRulePath({ path }: PathModel, reading: PathReading | "calico"): string | undefined {
  if (reading === "calico") return path.startsWith("/") ? readReference(path) : undefined;
  return hasReadings(path) ? readPath(path, reading) : undefined;
}

function* compileTries(
  entries: readonly (PathModel & { readonly row: number })[],
  isPlain: boolean,
  free: BitSet,
  readings: readonly PathReading[] | "calico",
): Steps<readonly PathTrie[]> {
  const known = new Map<string, PathTrie>();
  const tries: PathTrie[] = [];
  for (const reading of readings === "calico" ? (["calico"] as const) : readings) {
    const isFolded = reading === "reference" || reading === "calico";
    const key = isPlain ? `plain ${isFolded}` : reading;
    const trie =
      known.get(key) ?? (yield* PathTrie.compile(yield* readEntries(entries, isPlain, reading), free));
    known.set(key, trie);
    tries.push(trie);
  }
  return tries;
}

/** The rules' paths under one reading. Plain ones are what they are, but for the trailing `/` where the reading folds it. */
function* readEntries(
  entries: readonly (PathModel & { readonly row: number })[],
  isPlain: boolean,
  reading: PathReading | "calico",
): Steps<readonly PathEntry[]> {
  if (isPlain && reading !== "reference" && reading !== "calico") return entries;
  const read: PathEntry[] = [];
  let count = 0;
  for (const entry of entries) {
    const path = isPlain ? foldTrailingSlash(entry.path) : readRulePath(entry, reading);
    if (path !== undefined) read.push({ row: entry.row, kind: entry.kind, path });
    if (++count % STEP_PATHS === 0) yield;
  }
  return read;
}

/** Paths read in one step. */
const STEP_PATHS = 256;
