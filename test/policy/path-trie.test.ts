import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bitSetOf, complementBits } from "../../src/base/bit-set.ts";
import { finishSteps } from "../../src/base/steps.ts";
import { PathQuery } from "../../src/policy/compile/path-query.ts";
import { type PathEntry, PathTrie } from "../../src/policy/compile/path-trie.ts";
import { runSettings } from "../support/runs.ts";

type Covered = "yes" | "unknown" | "no";

/** The contract, string by string. */
function compare({ kind, path }: PathEntry, text: string): Covered {
  if (path === text || (kind === "prefix" && path === "/")) return "yes";
  if (`${path}/` === text || path === `${text}/`) return "unknown";
  if (kind === "exact") return "no";
  return text.startsWith(path.endsWith("/") ? path : `${path}/`) ? "yes" : "no";
}

function lookUp(
  entries: readonly PathEntry[],
  rowCount: number,
  text: string,
  suffix = "",
): readonly Covered[] {
  const free = complementBits(
    bitSetOf(
      rowCount,
      entries.map(({ row }) => row),
    ),
    rowCount,
  );
  const trie = finishSteps(PathTrie.compile(entries, free));
  const query = new PathQuery();
  query.scan(text + suffix, text.length, trie.depth);
  trie.match(query);
  return Array.from({ length: rowCount }, (_, row) => {
    if (trie.sets.has(query.yes, row)) return "yes";
    return trie.sets.has(query.maybe, row) ? "unknown" : "no";
  });
}

describe("PathTrie.match()", () => {
  const cases: readonly { readonly rule: string; readonly path: string; readonly want: Covered }[] = [
    { rule: "exact /foo", path: "/foo", want: "yes" },
    { rule: "exact /foo", path: "/foo/", want: "unknown" },
    { rule: "exact /foo", path: "/foobar", want: "no" },
    { rule: "exact /foo", path: "/foo/bar", want: "no" },
    { rule: "exact /foo", path: "/", want: "no" },
    { rule: "exact /foo/", path: "/foo/", want: "yes" },
    { rule: "exact /foo/", path: "/foo", want: "unknown" },
    { rule: "exact /foo/", path: "/foo/bar", want: "no" },
    { rule: "prefix /foo", path: "/foo", want: "yes" },
    { rule: "prefix /foo", path: "/foo/bar", want: "yes" },
    { rule: "prefix /foo", path: "/foo/bar/", want: "yes" },
    { rule: "prefix /foo", path: "/foo/", want: "unknown" },
    { rule: "prefix /foo", path: "/foobar", want: "no" },
    { rule: "prefix /foo", path: "/fo", want: "no" },
    { rule: "prefix /foo", path: "/Foo", want: "no" },
    { rule: "prefix /foo/", path: "/foo/", want: "yes" },
    { rule: "prefix /foo/", path: "/foo/bar", want: "yes" },
    { rule: "prefix /foo/", path: "/foo", want: "unknown" },
    { rule: "prefix /", path: "/", want: "yes" },
    { rule: "prefix /", path: "/x", want: "yes" },
    { rule: "prefix /", path: "//", want: "yes" },
    { rule: "exact /", path: "/", want: "yes" },
    { rule: "exact /", path: "//", want: "unknown" },
    { rule: "exact /", path: "/x", want: "no" },
    { rule: "exact //", path: "/", want: "unknown" },
    { rule: "prefix //", path: "/", want: "unknown" },
    { rule: "prefix //", path: "//a", want: "yes" },
    { rule: "prefix //", path: "/a", want: "no" },
    { rule: "prefix /foo/", path: "/foo//", want: "unknown" },
    { rule: "exact /foo/", path: "/foo//", want: "unknown" },
    { rule: "exact /foo//", path: "/foo/", want: "unknown" },
    { rule: "exact /foo//", path: "/foo", want: "no" },
    { rule: "prefix /foo/", path: "/foo//x", want: "yes" },
    { rule: "prefix /a//b", path: "/a//b/c", want: "yes" },
    { rule: "prefix /a//b", path: "/a/b/c", want: "no" },
  ];
  for (const { rule, path, want } of cases) {
    it(`${rule} covers ${path}: ${want}`, () => {
      const [kind, text] = rule.split(" ") as ["exact" | "prefix", string];
      assert.deepEqual(lookUp([{ row: 0, kind, path: text }], 1, path), [want]);
      assert.equal(compare({ row: 0, kind, path: text }, path), want);
    });
  }

  it("agrees with comparing string by string", () => {
    const path = fc
      .array(fc.constantFrom("a", "b", "ab", "", "c".repeat(20)), { minLength: 1, maxLength: 6 })
      .map((segments) => `/${segments.join("/")}`);
    const rows = fc.array(
      fc.array(fc.record({ kind: fc.constantFrom("exact" as const, "prefix" as const), path }), {
        maxLength: 3,
      }),
      { minLength: 1, maxLength: 70 },
    );
    fc.assert(
      fc.property(rows, fc.array(path, { minLength: 1, maxLength: 5 }), (rules, paths) => {
        const entries = rules.flatMap((ofRow, row) => ofRow.map((entry) => ({ ...entry, row })));
        for (const text of paths) {
          const want = rules.map((ofRow): Covered => {
            if (ofRow.length === 0) return "yes";
            const answers = ofRow.map((entry) => compare({ ...entry, row: 0 }, text));
            if (answers.includes("yes")) return "yes";
            return answers.includes("unknown") ? "unknown" : "no";
          });
          assert.deepEqual(lookUp(entries, rules.length, text, "?q=/a"), want, text);
        }
      }),
      runSettings(1 / 10),
    );
  });

  it("compares segments, not only their hashes", () => {
    // FNV-1a of these two is the same 32-bit number.
    const entries: readonly PathEntry[] = [{ row: 0, kind: "exact", path: "/costarring" }];
    assert.deepEqual(lookUp(entries, 1, "/liquid"), ["no"]);
    assert.deepEqual(lookUp([...entries, { row: 1, kind: "exact", path: "/liquid" }], 2, "/liquid"), [
      "no",
      "yes",
    ]);
  });
});
