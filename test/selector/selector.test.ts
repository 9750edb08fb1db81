import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  ALL,
  and,
  equals,
  formatSelector,
  has,
  isIn,
  isNotIn,
  matchSelector,
  mentionsGlobal,
  not,
  or,
  parseSelector,
  prefixLabels,
  replaceAllAndGlobal,
  type Selector,
} from "../../src/selector/index.ts";
import { labels, selector } from "./arbitraries.ts";

const NAMESPACE = "projectcalico.org/namespace";

describe("constructors", () => {
  const cases: readonly { name: string; tree: Selector; canonical: string }[] = [
    { name: "and of one is that one", tree: and(has("a")), canonical: "has(a)" },
    { name: "and of none is all()", tree: and(), canonical: "all()" },
    { name: "or of none matches nothing", tree: or(), canonical: "!all()" },
    { name: "not of not cancels", tree: not(not(has("a"))), canonical: "has(a)" },
    {
      name: "isIn sorts and keeps each once",
      tree: isIn("a", ["c", "a", "c"]),
      canonical: 'a in {"a", "c"}',
    },
    { name: "isNotIn likewise", tree: isNotIn("a", ["b", "a", "b"]), canonical: 'a not in {"a", "b"}' },
    {
      name: "nesting is kept",
      tree: and(and(has("a"), has("b")), has("c")),
      canonical: "((has(a) && has(b)) && has(c))",
    },
    {
      name: "a part can't escape its place",
      tree: and(parse("a == 'b' || all()"), equals(NAMESPACE, "n")),
      canonical: `((a == "b" || all()) && ${NAMESPACE} == "n")`,
    },
  ];
  for (const { name, tree, canonical } of cases) {
    it(name, () => assert.equal(formatSelector(tree), canonical));
  }

  it("isIn leaves its argument alone", () => {
    const values = ["b", "a"];
    isIn("x", values);
    assert.deepEqual(values, ["b", "a"]);
  });
});

describe("prefixLabels()", () => {
  const cases: readonly { text: string; canonical: string }[] = [
    { text: "team == 'x'", canonical: 'pcns.team == "x"' },
    { text: "team == 'team'", canonical: 'pcns.team == "team"' },
    { text: "!(has(a) || b in {'a'}) && all()", canonical: '(!(has(pcns.a) || pcns.b in {"a"}) && all())' },
    { text: "global()", canonical: "global()" },
    { text: "a contains 'x' || a != 'y'", canonical: '(pcns.a contains "x" || pcns.a != "y")' },
  ];
  for (const { text, canonical } of cases) {
    it(`of \`${text}\``, () => assert.equal(formatSelector(prefixLabels(parse(text), "pcns.")), canonical));
  }

  it("asks of prefixed labels what the selector asks of plain ones", () => {
    fc.assert(
      fc.property(selector, labels, (tree, given) => {
        const prefixed = new Map([...given].map(([name, value]) => [`pcns.${name}`, value]));
        assert.equal(matchSelector(prefixLabels(tree, "pcns."), prefixed), matchSelector(tree, given));
      }),
    );
  });
});

describe("replaceAllAndGlobal()", () => {
  const cases: readonly { text: string; canonical: string }[] = [
    { text: "all()", canonical: `has(${NAMESPACE})` },
    { text: "global()", canonical: `!has(${NAMESPACE})` },
    { text: "!global()", canonical: `has(${NAMESPACE})` },
    { text: "!all() || a == 'x'", canonical: `(!has(${NAMESPACE}) || a == "x")` },
    { text: "a == 'all()'", canonical: 'a == "all()"' },
    { text: "a in {'all()', 'global()'}", canonical: 'a in {"all()", "global()"}' },
  ];
  for (const { text, canonical } of cases) {
    it(`of \`${text}\``, () => {
      const replaced = replaceAllAndGlobal(parse(text), has(NAMESPACE), not(has(NAMESPACE)));
      assert.equal(formatSelector(replaced), canonical);
    });
  }
});

describe("mentionsGlobal()", () => {
  const cases: readonly { text: string; want: boolean }[] = [
    { text: "global()", want: true },
    { text: "!global()", want: true },
    { text: "has(a) && (b == 'x' || !global())", want: true },
    { text: "", want: false },
    { text: "global == 'x'", want: false },
    { text: "a == 'global()'", want: false },
    { text: "has(global)", want: false },
  ];
  for (const { text, want } of cases) {
    it(`of \`${text}\` is ${want}`, () => assert.equal(mentionsGlobal(parse(text)), want));
  }
});

it("rewriting leaves the tree it is given alone", () => {
  const tree = parse("all() && !(has(a) || global())");
  const before = structuredClone(tree);
  prefixLabels(tree, "p.");
  replaceAllAndGlobal(tree, ALL, has("x"));
  assert.deepEqual(tree, before);
});

function parse(text: string): Selector {
  const parsed = parseSelector(text);
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.error.message);
  return parsed.value;
}
