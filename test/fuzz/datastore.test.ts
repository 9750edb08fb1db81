import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { systemClock } from "../../src/base/clock.ts";
import { ISSUE_CODES } from "../../src/base/issue.ts";
import { DOCUMENT_DEPTH_MAX } from "../../src/base/limits.ts";
import { ObjectTable } from "../../src/datastore/files/object-table.ts";
import { Breather, parseFile } from "../../src/datastore/files/parse-file.ts";
import { locateInObject } from "../../src/datastore/locate.ts";
import { parseResource } from "../../src/datastore/parse-resource.ts";
import { KINDS } from "../../src/datastore/schema/kinds.ts";

/** Inputs a property; more by `EPHOR_RUNS=100000`. */
const RUNS = Number(process.env["EPHOR_RUNS"] ?? 300);

const shop = join(import.meta.dirname, "..", "..", "examples", "shop");
const seeds = readdirSync(shop)
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => readFileSync(join(shop, name), "utf8"));

/** Reads bytes as a file, and then as what replaces a good file; whatever they are, the answer is objects and issues. */
async function readAnyhow(bytes: Uint8Array): Promise<void> {
  const content = await parseFile("f.yaml", bytes, undefined, new Breather(systemClock));
  for (const issue of [...content.issues, ...content.objects.flatMap((each) => each.issues)]) {
    assert.ok(ISSUE_CODES.includes(issue.code));
    assert.match(issue.where, /^f\.yaml(:\d+:\d+)?$/);
    assert.doesNotMatch(issue.message, /\n|undefined|\[object|NaN/);
  }
  for (const object of content.objects) {
    const hasErrors = object.issues.some(({ severity }) => severity === "error");
    assert.ok(!(hasErrors && object.resource !== undefined), "what has an error is not used");
    assert.ok(object.resource === undefined || object.placeholder === undefined);
  }
  const table = new ObjectTable([]);
  table.setFile(
    "f.yaml",
    await parseFile("f.yaml", Buffer.from(seeds[0] ?? ""), undefined, new Breather(systemClock)),
  );
  const before = table.resolve().length;
  table.setFile("f.yaml", content);
  const updates = table.resolve();
  const isDoubtful = content.isTorn || content.isBlank;
  assert.ok(!isDoubtful || updates.every(({ kind }) => kind !== "delete"), "a torn file deletes nothing");
  assert.ok(before > 0);
}

/** A piece of the seeds, cut, spliced, and with bytes changed. */
const mutated = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.constantFrom(...seeds),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), { maxLength: 6 }),
  )
  .map(([left, right, cutLeft, cutRight, changes]) => {
    const bytes = Buffer.from(
      left.slice(0, Math.floor(cutLeft * left.length)) + right.slice(Math.floor(cutRight * right.length)),
    );
    for (const [at, byte] of changes) if (bytes.length > 0) bytes[Math.floor(at * (bytes.length - 1))] = byte;
    return bytes;
  });

const MARKS = [
  "---\n",
  "...\n",
  "%YAML 1.1\n",
  "- ",
  ": ",
  "? ",
  "&a ",
  "*a",
  "!!map ",
  "|\n",
  ">-\n",
  "{",
  "}",
  "[",
  "]",
  ",",
  "'",
  '"',
  "#",
  "\n",
  "  ",
  "\t",
  "\r",
  "<<",
  "~",
  "null",
  "0x1",
  "\u2028",
  "\ufeff",
  "\u0000",
];

describe("fuzzed policy files", () => {
  it("of any bytes are objects and issues", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), readAnyhow), { numRuns: RUNS });
  });
  it("of the marks that YAML is made of are objects and issues", async () => {
    const text = fc
      .array(fc.constantFrom(...MARKS, "kind", "spec", "a"), { maxLength: 60 })
      .map((marks) => Buffer.from(marks.join("")));
    await fc.assert(fc.asyncProperty(text, readAnyhow), { numRuns: RUNS });
  });
  it("of policies cut, spliced and damaged are objects and issues", async () => {
    await fc.assert(fc.asyncProperty(mutated, readAnyhow), { numRuns: RUNS });
  });
});

/** Values near those of policies: the words that fields have, in places where they may not belong. */
const WORDS = [...new Set(seeds.join("\n").match(/[A-Za-z0-9./:_-]+/g) ?? [])];
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.constantFrom(...WORDS),
    fc.oneof(
      fc.integer({ min: -2, max: 70_000 }),
      fc.constantFrom(null, true, false, Number.NaN, Number.POSITIVE_INFINITY, undefined),
    ),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...WORDS, "__proto__", "constructor", "toString"), tie("value"), {
      maxKeys: 5,
    }),
  ),
})).value;

describe("fuzzed objects", () => {
  const object = fc
    .tuple(fc.constantFrom(...KINDS), fc.nat(1), value, value, value)
    .map(([kind, version, spec, metadata, more]) => ({
      apiVersion: kind.apiVersions[version % kind.apiVersions.length],
      kind: kind.kind,
      metadata: { name: "a", namespace: "b", labels: metadata },
      spec,
      status: more,
      endpoints: more,
    }));
  it("of every kind are a resource, a placeholder, or a key", () => {
    fc.assert(
      fc.property(object, (each) => {
        const { resource, key, issues } = parseResource(each, locateInObject("it"));
        const hasErrors = issues.some(({ severity }) => severity === "error");
        assert.equal(resource === undefined, hasErrors);
        assert.notEqual(key, undefined);
      }),
      { numRuns: RUNS },
    );
  });
  it("of any shape at all are issues", () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        (each) => {
          assert.ok(parseResource(each, locateInObject("it")).issues.length > 0);
        },
      ),
      { numRuns: RUNS },
    );
  });
  it("nested without end are read in bounded depth", () => {
    let deep: unknown = "end";
    for (let depth = 0; depth < 100_000; depth++) deep = depth % 2 === 0 ? [deep] : { deep };
    for (const kind of KINDS) {
      const { issues } = parseResource(
        {
          apiVersion: kind.apiVersions[0],
          kind: kind.kind,
          metadata: { name: "a" },
          spec: deep,
          status: deep,
        },
        locateInObject("it"),
      );
      assert.ok(issues.length > 0 || kind.keys === "lenient");
    }
    assert.ok(DOCUMENT_DEPTH_MAX < 100_000);
  });
});

describe("hostile policy files", () => {
  const hostile: readonly { readonly name: string; readonly text: string }[] = [
    {
      name: "a hundred thousand keys",
      text: `{${Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`).join(",")}}`,
    },
    { name: "a hundred thousand documents", text: "--- a\n".repeat(100_000) },
    {
      name: "twenty thousand anchors",
      text: Array.from({ length: 20_000 }, (_, index) => `- &a${index} *a${index - 1}`).join("\n"),
    },
    { name: "twenty thousand aliases of one", text: `- &a [x]\n${"- *a\n".repeat(20_000)}` },
    { name: "a long line of opening quotes", text: "'".repeat(200_001) },
    { name: "a long line of colons", text: ": ".repeat(50_000) },
    { name: "a long line of question marks", text: "? ".repeat(20_000) },
    { name: "a long key", text: `${"k".repeat(1_000_000)}: 1` },
    { name: "a long comment", text: `#${"-".repeat(1_000_000)}` },
    { name: "a long word in a wrong place", text: `apiVersion: v1\nkind: ${"x".repeat(500_000)}\n` },
  ];
  for (const { name, text } of hostile) {
    it(`are read in bounded time: ${name}`, { timeout: 20_000 }, async () => {
      await readAnyhow(Buffer.from(text));
    });
  }
});
