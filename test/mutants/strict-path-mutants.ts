import type { Mutant } from "./mutant.ts";

const BELOW =
  "const below = hasPrefixOnly ? bareYes : sets.union(inherited, joinRows(bare.prefix, slash.prefix));";
const READINGS = 'any: ["literal", "merged", "decoded", "unmerged", "servlet", "reference"],';

/** Rows about what a path may mean. */
export const PATH_ROWS: readonly Mutant[] = [
  ...["literal", "merged", "decoded", "unmerged", "servlet", "reference"].map(
    (reading): Mutant => ({
      name: `paths: the ${reading} reading is left out`,
      file: "policy/path-readings.ts",
      find: READINGS,
      replace: READINGS.replace(`"${reading}", `, "").replace(`, "${reading}"`, ""),
    }),
  ),
  {
    name: "path profile envoy-normalized: only decoded",
    file: "policy/path-readings.ts",
    find: '"envoy-normalized": ["literal", "decoded"],',
    replace: '"envoy-normalized": ["literal"],',
  },
  {
    name: "path profile envoy-normalized: servlet too",
    file: "policy/path-readings.ts",
    find: '"envoy-normalized": ["literal", "decoded"],',
    replace: '"envoy-normalized": ["literal", "decoded", "servlet"],',
  },
  {
    name: "path profile literal: decoded",
    file: "policy/path-readings.ts",
    find: 'literal: ["literal"],',
    replace: 'literal: ["decoded"],',
  },
  {
    name: "path profile servlet: reference",
    file: "policy/path-readings.ts",
    find: 'servlet: ["servlet"],',
    replace: 'servlet: ["reference"],',
  },
  {
    name: "path profile reference: servlet",
    file: "policy/path-readings.ts",
    find: 'reference: ["reference"],',
    replace: 'reference: ["servlet"],',
  },
  {
    name: "paths: the query belongs to it",
    file: "policy/path-readings.ts",
    find: "if (char === QUESTION_MARK || char === HASH) return at;",
    replace: "if (char === HASH) return at;",
  },
  {
    name: "paths: a fragment belongs to it",
    file: "policy/path-readings.ts",
    find: "if (char === QUESTION_MARK || char === HASH) return at;",
    replace: "if (char === QUESTION_MARK) return at;",
  },
  {
    name: "no reading: a target without leading slash has some",
    file: "policy/path-readings.ts",
    find: "if (path.charCodeAt(0) !== SLASH || path.length",
    replace: "if (path.length",
  },
  {
    name: "no reading: raw control bytes have some",
    file: "policy/path-readings.ts",
    find: "if (hasControl(path)) return false;\n  const decoded = decodeOnce(path);\n  return decoded !== undefined && !hasControl(decoded) &&",
    replace: "const decoded = decodeOnce(path);\n  return decoded !== undefined &&",
  },
  {
    name: "no reading: encoded control bytes have some",
    file: "policy/path-readings.ts",
    find: "return decoded !== undefined && !hasControl(decoded) &&",
    replace: "return decoded !== undefined &&",
  },
  {
    name: "no reading: DEL is no control byte",
    file: "policy/path-readings.ts",
    find: "if (char < 0x20 || char === 0x7f) return true;",
    replace: "if (char < 0x20) return true;",
  },
  {
    name: "no reading: a malformed escape has some",
    file: "policy/path-readings.ts",
    find: "return decoded !== undefined && !hasControl(decoded) &&",
    replace: "return decoded === undefined || !hasControl(decoded) &&",
  },
  ...(
    [
      ["slash", "/%2e|%5c/i"],
      ["dot", "/%2f|%5c/i"],
      ["backslash", "/%2[ef]/i"],
    ] as const
  ).map(
    ([what, pattern]): Mutant => ({
      name: `no reading: a doubly encoded ${what} has some`,
      file: "policy/path-readings.ts",
      find: "const STILL_ENCODED = /%2[ef]|%5c/i;",
      replace: `const STILL_ENCODED = ${pattern};`,
    }),
  ),
  {
    name: "no reading: the clause is no",
    file: "policy/compile/bound-segment.ts",
    find: "candidates.withUnreadablePath(column.free);",
    replace: "candidates.withPath(column.trieOf(0).sets, FREE_ROWS, FREE_ROWS, first);",
  },
  {
    name: "no reading: the clause is yes",
    file: "policy/compile/bound-segment.ts",
    find: "candidates.withUnreadablePath(column.free);",
    replace: "candidates.withUnreadablePath(this.segment.all);",
  },
  {
    name: "exact: covers what lies below",
    file: "policy/compile/path-trie.ts",
    find: BELOW,
    replace:
      "const below = sets.union(inherited, joinRows(joinRows(bare.prefix, slash.prefix), bare.exact));",
  },
  {
    name: "prefix: covers the path itself alone",
    file: "policy/compile/path-trie.ts",
    find: BELOW,
    replace: "const below = inherited;",
  },
  {
    name: "prefix: one with a trailing slash covers nothing below",
    file: "policy/compile/path-trie.ts",
    find: BELOW,
    replace: "const below = sets.union(inherited, bare.prefix);",
  },
  {
    name: "trailing slash: of the request does not matter",
    file: "policy/compile/path-trie.ts",
    find: "const slashYes = sets.union(inheritedSlash, slashRows);",
    replace: "const slashYes = sets.union(inheritedSlash, joinRows(slashRows, bareRows));",
  },
  {
    name: "trailing slash: of the rule does not matter",
    file: "policy/compile/path-trie.ts",
    find: "const bareYes = sets.union(inherited, bareRows);",
    replace: "const bareYes = sets.union(inherited, joinRows(bareRows, slashRows));",
  },
  {
    name: "trailing slash: of the request makes it another path",
    file: "policy/compile/path-trie.ts",
    find: "words[at + SLASH_YES + 1] = sets.union(slashYes, joinRows(bareRows, slashTwins));",
    replace: "words[at + SLASH_YES + 1] = slashYes;",
  },
  {
    name: "trailing slash: of the rule makes it another path",
    file: "policy/compile/path-trie.ts",
    find: "words[at + BARE_YES + 1] = sets.union(bareYes, slashRows);",
    replace: "words[at + BARE_YES + 1] = bareYes;",
  },
  {
    name: "a rule's path is taken as it is written",
    file: "policy/compile/path-column.ts",
    find: "return hasReadings(path) ? readPath(path, reading) : undefined;",
    replace: "return hasReadings(path) ? path : undefined;",
  },
  {
    name: "a rule's path without a reading is taken as it is written",
    file: "policy/compile/path-column.ts",
    find: "return hasReadings(path) ? readPath(path, reading) : undefined;",
    replace: "return hasReadings(path) ? readPath(path, reading) : path;",
  },
  {
    name: "non-ASCII in a rule stays raw",
    file: "policy/path-readings.ts",
    find: ".replace(/[\\x80-\\xff]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)",
    replace: "",
  },
  {
    name: "readings that differ: the first allow decides",
    file: "policy/evaluate.ts",
    find: "if (denied === undefined) return",
    replace: "if (denied === undefined || allowed !== undefined) return",
  },
  {
    name: "readings that differ: a default denial stays one",
    file: "policy/evaluate.ts",
    find: "return allowed !== undefined && isDefault ?",
    replace: "return allowed !== undefined && isDefault && denied.allowed ?",
  },
  {
    name: "readings that differ: the last denial is the verdict",
    file: "policy/evaluate.ts",
    find: "else denied ??= verdict;",
    replace: "else denied = verdict;",
  },
  {
    name: "decoded: a backslash is a letter",
    file: "policy/path-readings.ts",
    find: 'return path.replaceAll("\\\\", "/");',
    replace: "return path;",
  },
  {
    name: "merged: unreserved escapes stay",
    file: "policy/path-readings.ts",
    find: "return byte < 128 && UNRESERVED[byte] === 1 ?",
    replace: "return byte < 0 && UNRESERVED[byte] === 1 ?",
  },
  {
    name: "runs of slashes stay",
    file: "policy/path-readings.ts",
    find: 'return path.replace(/\\/{2,}/g, "/");',
    replace: "return path;",
  },
  {
    name: "dot segments stay",
    file: "policy/path-readings.ts",
    find: 'if (segment === "..") resolved.pop();',
    replace: 'if (segment === "..") resolved.push(segment);',
  },
  {
    name: "parameters stay",
    file: "policy/path-readings.ts",
    find: 'return path.replace(/;[^/]*/g, "");',
    replace: "return path;",
  },
];
