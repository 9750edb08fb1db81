import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  and,
  compileSelector,
  matchSelector,
  not,
  or,
  parseSelector,
  requiredLabel,
  requiredLabels,
  type Selector,
} from "../../src/selector/index.ts";
import { labels, selector } from "./arbitraries.ts";

type Labels = Readonly<Record<string, string>>;

describe("matchSelector() and compileSelector()", () => {
  const cases: readonly { text: string; yes: readonly Labels[]; no: readonly Labels[] }[] = [
    { text: "", yes: [{}, { a: "x" }], no: [] },
    { text: "all()", yes: [{}, { a: "x" }], no: [] },
    { text: "global()", yes: [{}, { a: "x" }], no: [] },
    { text: "!all()", yes: [], no: [{}, { a: "x" }] },
    { text: "has(a)", yes: [{ a: "x" }, { a: "" }], no: [{}, { A: "x" }, { b: "x" }] },
    { text: "a == 'v'", yes: [{ a: "v" }], no: [{}, { a: "V" }, { a: "" }, { a: "vv" }, { A: "v" }] },
    { text: "a == ''", yes: [{ a: "" }], no: [{}, { a: "v" }] },
    { text: "a != 'v'", yes: [{}, { a: "w" }, { a: "" }], no: [{ a: "v" }] },
    { text: "a in {'v','w'}", yes: [{ a: "v" }, { a: "w" }], no: [{}, { a: "x" }, { a: "" }] },
    { text: "a not in {'v','w'}", yes: [{}, { a: "x" }], no: [{ a: "v" }, { a: "w" }] },
    { text: "a in {}", yes: [], no: [{}, { a: "v" }, { a: "" }] },
    { text: "a not in {}", yes: [{}, { a: "v" }], no: [] },
    { text: "a in {''}", yes: [{ a: "" }], no: [{}] },
    { text: "a contains 'v'", yes: [{ a: "v" }, { a: "uvw" }], no: [{}, { a: "u" }, { a: "V" }] },
    { text: "a contains ''", yes: [{ a: "" }, { a: "x" }], no: [{}] },
    { text: "a starts with 'v'", yes: [{ a: "v" }, { a: "vw" }], no: [{}, { a: "uv" }, { a: "" }] },
    { text: "a starts with ''", yes: [{ a: "" }, { a: "x" }], no: [{}] },
    { text: "a ends with 'v'", yes: [{ a: "v" }, { a: "uv" }], no: [{}, { a: "vu" }, { a: "" }] },
    { text: "a ends with ''", yes: [{ a: "" }, { a: "x" }], no: [{}] },
    { text: "!a == 'v'", yes: [{}, { a: "w" }], no: [{ a: "v" }] },
    { text: "a == 'x' || b == 'y' && c == 'z'", yes: [{ a: "x" }, { b: "y", c: "z" }], no: [{ b: "y" }, {}] },
    { text: "!has(a) && has(b)", yes: [{ b: "" }], no: [{}, { a: "" }, { a: "", b: "" }] },
    { text: "!(has(a) && has(b))", yes: [{}, { a: "" }, { b: "" }], no: [{ a: "", b: "" }] },
    {
      text: "has(a) && has(b) && has(c)",
      yes: [{ a: "", b: "", c: "" }],
      no: [
        { a: "", b: "" },
        { b: "", c: "" },
      ],
    },
    { text: "has(a) || has(b) || has(c)", yes: [{ a: "" }, { b: "" }, { c: "" }], no: [{}, { d: "" }] },
    { text: "__proto__ == 'x'", yes: [], no: [{}] },
    { text: "has(constructor)", yes: [], no: [{}] },
  ];
  for (const { text, yes, no } of cases) {
    it(`\`${text}\``, () => {
      const tree = parse(text);
      const compiled = compileSelector(tree);
      for (const given of yes) {
        assert.equal(matchSelector(tree, lookup(given)), true, JSON.stringify(given));
        assert.equal(compiled(lookup(given)), true, `compiled: ${JSON.stringify(given)}`);
      }
      for (const given of no) {
        assert.equal(matchSelector(tree, lookup(given)), false, JSON.stringify(given));
        assert.equal(compiled(lookup(given)), false, `compiled: ${JSON.stringify(given)}`);
      }
    });
  }

  it("agree on random trees, which match about as often as not", () => {
    let matches = 0;
    const numRuns = 2000;
    fc.assert(
      fc.property(selector, labels, (tree, given) => {
        const matched = matchSelector(tree, given);
        assert.equal(compileSelector(tree)(given), matched);
        if (matched) matches++;
      }),
      { numRuns },
    );
    assert.ok(matches > numRuns / 5 && matches < (numRuns * 4) / 5, `${matches} of ${numRuns} match`);
  });

  it("obey De Morgan", () => {
    fc.assert(
      fc.property(selector, selector, labels, (left, right, given) => {
        const notBoth = matchSelector(not(and(left, right)), given);
        assert.equal(notBoth, matchSelector(or(not(left), not(right)), given));
        const neither = matchSelector(not(or(left, right)), given);
        assert.equal(neither, matchSelector(and(not(left), not(right)), given));
        assert.equal(matchSelector(not(left), given), !matchSelector(left, given));
      }),
    );
  });

  it("take and() of nothing for true and or() of nothing for false", () => {
    assert.equal(matchSelector(and(), new Map()), true);
    assert.equal(matchSelector(or(), new Map()), false);
    assert.equal(compileSelector({ op: "and", operands: [] })(new Map()), true);
    assert.equal(compileSelector({ op: "or", operands: [] })(new Map()), false);
  });
});

describe("requiredLabel()", () => {
  const cases: readonly {
    text: string;
    want: { label: string; values: readonly string[] | undefined } | undefined;
  }[] = [
    { text: "a == 'x'", want: { label: "a", values: ["x"] } },
    { text: "!a != 'x'", want: { label: "a", values: ["x"] } },
    { text: "a in {'y','x'}", want: { label: "a", values: ["x", "y"] } },
    { text: "!a not in {'x'}", want: { label: "a", values: ["x"] } },
    { text: "a in {}", want: { label: "a", values: [] } },
    { text: "has(a)", want: { label: "a", values: undefined } },
    { text: "a contains ''", want: { label: "a", values: undefined } },
    { text: "a starts with 'x'", want: { label: "a", values: undefined } },
    { text: "a ends with 'x'", want: { label: "a", values: undefined } },
    { text: "has(a) && b in {'x','y'} && c == 'z'", want: { label: "c", values: ["z"] } },
    { text: "a == 'x' && b == 'y'", want: { label: "a", values: ["x"] } },
    { text: "a in {'x','y'} && a in {'y','z'}", want: { label: "a", values: ["y"] } },
    { text: "has(a) && a == 'x'", want: { label: "a", values: ["x"] } },
    { text: "a == 'x' || a == 'y'", want: { label: "a", values: ["x", "y"] } },
    { text: "a == 'x' || has(a)", want: { label: "a", values: undefined } },
    { text: "a == 'x' && b == '1' || a == 'y' && c == '1'", want: { label: "a", values: ["x", "y"] } },
    { text: "!(a != 'x' || !has(b))", want: { label: "a", values: ["x"] } },
    { text: "!(a != 'x' && a != 'y')", want: { label: "a", values: ["x", "y"] } },
    { text: "all()", want: undefined },
    { text: "global()", want: undefined },
    { text: "a != 'x'", want: undefined },
    { text: "a not in {'x'}", want: undefined },
    { text: "!has(a)", want: undefined },
    { text: "!a == 'x'", want: undefined },
    { text: "a == 'x' || b == 'x'", want: undefined },
    { text: "a == 'x' || all()", want: undefined },
    { text: "!(a == 'x' && b == 'y')", want: undefined },
  ];
  for (const { text, want } of cases) {
    it(`of \`${text}\``, () => assert.deepEqual(requiredLabel(parse(text)), want));
  }

  it("is met by every match", () => {
    fc.assert(
      fc.property(selector, labels, (tree, given) => {
        fc.pre(matchSelector(tree, given));
        for (const { label, values } of requiredLabels(tree)) {
          const value = given.get(label);
          assert.ok(value !== undefined && (values === undefined || values.includes(value)), label);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function parse(text: string): Selector {
  const parsed = parseSelector(text);
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.error.message);
  return parsed.value;
}

function lookup(given: Labels): Map<string, string> {
  return new Map(Object.entries(given));
}
