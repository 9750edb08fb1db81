import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { equals, formatSelector, has, hashId, parseSelector, selectorId } from "../../src/selector/index.ts";
import { selector } from "./arbitraries.ts";

describe("selectorId()", () => {
  const vectors: readonly { text: string; canonical: string; id: string }[] = [
    { text: "", canonical: "all()", id: "s:5y5I3VdRZfDU01O--xXAPx2yxCQQqMf0M6IWug" },
    { text: "app=='web'", canonical: 'app == "web"', id: "s:oy593DLyi5BRwxLRqXScOfE9YMyW5S4KAhmzFg" },
    {
      text: "(projectcalico.org/namespace == 'prod') && (app == 'web')",
      canonical: '(projectcalico.org/namespace == "prod" && app == "web")',
      id: "s:CBN3n0bRnjEwMWVfaqhKb5p7lUMviaiK6o3FdA",
    },
    {
      text: "! (has( b)|| !has(a ))",
      canonical: "!(has(b) || !has(a))",
      id: "s:Iss0uCleLYv1GSv_pNm7hAO58kE9jAx1NKyG3Q",
    },
  ];
  for (const { text, canonical, id } of vectors) {
    it(`of \`${text}\``, () => {
      const parsed = parseSelector(text);
      assert.ok(parsed.ok);
      assert.equal(formatSelector(parsed.value), canonical);
      assert.equal(selectorId(parsed.value), id);
    });
  }

  it("is the hash of the canonical text", () => {
    assert.equal(selectorId(has("a")), hashId("s:", "has(a)"));
    assert.notEqual(hashId("n:", "has(a)").slice(2), hashId("s:", "has(a)").slice(2));
  });
});

describe("formatSelector()", () => {
  it("parses back to the same tree", () => {
    fc.assert(
      fc.property(selector, (tree) => {
        const parsed = parseSelector(formatSelector(tree));
        assert.ok(parsed.ok);
        assert.deepEqual(parsed.value, tree);
        assert.equal(formatSelector(parsed.value), formatSelector(tree));
      }),
    );
  });

  // Trees built from names that no validation saw must not read as another tree, nor share its id.
  const unwritable = [
    equals("a", `'"`),
    equals("a", `'"%`),
    equals("a", `'"%25`),
    equals("a", "'\"`"),
    equals("a", `x" || b == 'y`),
    equals("a b", "x"),
    equals("a == 'x' || b", "x"),
    equals("", "x"),
    has("a) || has(b"),
  ];
  for (const tree of unwritable) {
    it(`gives what can't be written a text that does not parse: ${formatSelector(tree)}`, () => {
      assert.equal(parseSelector(formatSelector(tree)).ok, false);
    });
  }

  it("gives each of them a text of its own", () => {
    assert.equal(new Set(unwritable.map(formatSelector)).size, unwritable.length);
  });
});
