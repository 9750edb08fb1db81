import { type BitSet, bitSetOf, complementBits } from "../../base/bit-set.ts";
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
  readonly all: BitSet;
  /** Rows with paths, understood or not. */
  readonly withPaths: BitSet;
  /** Whether all rules' paths are plain, so that every reading of them is the same but for the trailing `/`. */
  readonly isPlain: boolean;
  readonly depth: number;
  /** By index of the reading in the profile's list; of plain paths, readings share a trie. */
  readonly #tries: readonly PathTrie[];

  private constructor(
    https: readonly (HttpModel | undefined)[],
    readings: readonly PathReading[] | "calico",
  ) {
    const count = https.length;
    const rows = [...https.entries()];
    const judged = rows.filter(([, http]) => http?.paths !== undefined && !http.bad);
    this.all = complementBits(bitSetOf(count, []), count);
    this.withPaths = bitSetOf(
      count,
      rows.filter(([, http]) => http?.paths !== undefined).map(([row]) => row),
    );
    const constrained = bitSetOf(
      count,
      judged.map(([row]) => row),
    );
    this.free = complementBits(constrained, count);
    const entries = judged.flatMap(([row, http]) => (http?.paths ?? []).map((path) => ({ ...path, row })));
    this.isPlain = entries.every(({ path }) => isPlainPath(path, path.length));
    this.#tries = compileTries(entries, this.isPlain, this.free, readings);
    this.depth = Math.max(0, ...this.#tries.map((trie) => trie.depth));
  }

  /** Undefined where no rule has paths. */
  static compile(
    https: readonly (HttpModel | undefined)[],
    readings: readonly PathReading[] | "calico",
  ): PathColumn | undefined {
    return https.some((http) => http?.paths !== undefined) ? new PathColumn(https, readings) : undefined;
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

function compileTries(
  entries: readonly (PathModel & { readonly row: number })[],
  isPlain: boolean,
  free: BitSet,
  readings: readonly PathReading[] | "calico",
): readonly PathTrie[] {
  const known = new Map<string, PathTrie>();
  return (readings === "calico" ? (["calico"] as const) : readings).map((reading) => {
    const isFolded = reading === "reference" || reading === "calico";
    const key = isPlain ? `plain ${isFolded}` : reading;
    const trie = known.get(key) ?? new PathTrie(readEntries(entries, isPlain, reading), free);
    known.set(key, trie);
    return trie;
  });
}

/** The rules' paths under one reading. Plain ones are what they are, but for the trailing `/` where the reading folds it. */
function readEntries(
  entries: readonly (PathModel & { readonly row: number })[],
  isPlain: boolean,
  reading: PathReading | "calico",
): readonly PathEntry[] {
  if (isPlain) {
    if (reading !== "reference" && reading !== "calico") return entries;
    return entries.map(({ row, kind, path }) => ({ row, kind, path: foldTrailingSlash(path) }));
  }
  return entries.flatMap((entry): PathEntry[] => {
    const path = readRulePath(entry, reading);
    return path === undefined ? [] : [{ row: entry.row, kind: entry.kind, path }];
  });
}
