import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SELECTOR_DEPTH_MAX, SELECTOR_TEXT_MAX_CHARS } from "../../src/base/limits.ts";
import { formatSelector, parseSelector } from "../../src/selector/index.ts";

describe("parseSelector() accepts", () => {
  const cases: readonly { name: string; text: string; canonical: string }[] = [
    { name: "nothing", text: "", canonical: "all()" },
    { name: "blanks only", text: " \t ", canonical: "all()" },
    { name: "all()", text: "all()", canonical: "all()" },
    { name: "space inside all( )", text: "all( \t)", canonical: "all()" },
    { name: "global()", text: " global( ) ", canonical: "global()" },
    { name: "has()", text: "has( a )", canonical: "has(a)" },
    { name: "a label named all", text: "all == 'x'", canonical: 'all == "x"' },
    { name: "a label named has", text: "has == 'x'", canonical: 'has == "x"' },
    { name: "a label named in", text: "in in {'x'}", canonical: 'in in {"x"}' },
    { name: "a label named not", text: "not not in {'x'}", canonical: 'not not in {"x"}' },
    { name: "a label named contains", text: "contains contains 'x'", canonical: 'contains contains "x"' },
    { name: "a label named starts", text: "starts starts with 'x'", canonical: 'starts starts with "x"' },
    { name: "a label that begins like has", text: "has-foo == 'x'", canonical: 'has-foo == "x"' },
    { name: "a label that begins like global", text: "globalx == 'y'", canonical: 'globalx == "y"' },
    { name: "has() of a label named all", text: "has(all)", canonical: "has(all)" },
    { name: "every label character", text: "aZ09_./- == ''", canonical: 'aZ09_./- == ""' },
    { name: "a label beginning with -", text: "-a == ''", canonical: '-a == ""' },
    { name: "equality without spaces", text: "a=='b'", canonical: 'a == "b"' },
    { name: "inequality", text: 'a!="b"', canonical: 'a != "b"' },
    { name: "tabs between tokens", text: "a\t==\t'b'", canonical: 'a == "b"' },
    { name: "contains", text: "a contains 'b'", canonical: 'a contains "b"' },
    { name: "contains run on to its quote", text: "a contains'b'", canonical: 'a contains "b"' },
    { name: "starts with", text: "a starts \t with 'b'", canonical: 'a starts with "b"' },
    { name: "startswith in one word", text: "a startswith 'x'", canonical: 'a starts with "x"' },
    { name: "ends with", text: "a ends with 'b'", canonical: 'a ends with "b"' },
    { name: "endswith in one word", text: 'a endswith"x"', canonical: 'a ends with "x"' },
    { name: "in run on to its brace", text: "a in{'x'}", canonical: 'a in {"x"}' },
    { name: "notin in one word", text: "a notin {'x'}", canonical: 'a not in {"x"}' },
    { name: "not in", text: "a not\tin { 'x' , 'y' }", canonical: 'a not in {"x", "y"}' },
    { name: "an empty set", text: "a in {}", canonical: "a in {}" },
    { name: "an empty set with space", text: "a not in { }", canonical: "a not in {}" },
    { name: "one trailing comma", text: "a in {'x',}", canonical: 'a in {"x"}' },
    { name: "unsorted, repeated members", text: "a in {'c','a','c','b'}", canonical: 'a in {"a", "b", "c"}' },
    {
      name: "members in the order of their bytes, not of UTF-16 units",
      text: "a in {'\u{1F600}','\uFF21'}",
      canonical: 'a in {"\uFF21", "\u{1F600}"}',
    },
    { name: "a double quote inside single ones", text: "a == '\"'", canonical: "a == '\"'" },
    { name: "a single quote inside double ones", text: 'a == "\'"', canonical: 'a == "\'"' },
    { name: "any other byte in a value", text: "a == '\\n\n\0ü|&(){}'", canonical: 'a == "\\n\n\0ü|&(){}"' },
    { name: "a negated comparison", text: "!a == 'x'", canonical: '!a == "x"' },
    { name: "a pair of negations", text: "! !has(a)", canonical: "has(a)" },
    { name: "three negations", text: "!!!has(a)", canonical: "!has(a)" },
    { name: "negations across parentheses", text: "!(!(has(a)))", canonical: "has(a)" },
    { name: "superfluous parentheses", text: "(((has(a))))", canonical: "has(a)" },
    { name: "&& before ||", text: "has(a) || has(b) && has(c)", canonical: "(has(a) || (has(b) && has(c)))" },
    { name: "! before &&", text: "!has(a) && has(b)", canonical: "(!has(a) && has(b))" },
    { name: "n-ary operators", text: "has(a)&&has(b)&&has(c)", canonical: "(has(a) && has(b) && has(c))" },
    {
      name: "parentheses kept",
      text: "has(a)&&(has(b)&&has(c))",
      canonical: "(has(a) && (has(b) && has(c)))",
    },
  ];
  for (const { name, text, canonical } of cases) {
    it(name, () => {
      const parsed = parseSelector(text);
      assert.ok(parsed.ok, parsed.ok ? "" : parsed.error.message);
      assert.equal(formatSelector(parsed.value), canonical);
    });
  }
});

describe("parseSelector() refuses", () => {
  const cases: readonly { name: string; text: string; offset: number; message: RegExp }[] = [
    { name: "a newline", text: "\n", offset: 0, message: /expected a label/ },
    { name: "a newline between tokens", text: "has(a)\n&& has(b)", offset: 6, message: /the end/ },
    { name: "a carriage return", text: "has(a)\r", offset: 6, message: /the end/ },
    { name: "a no-break space", text: "a\u00a0== 'x'", offset: 1, message: /after a label/ },
    { name: "an en space", text: "\u2002has(a)", offset: 0, message: /expected a label/ },
    { name: "has with its parenthesis apart", text: "has (a)", offset: 4, message: /after a label/ },
    { name: "all with its parenthesis apart", text: "all ()", offset: 4, message: /after a label/ },
    { name: "global with its parenthesis apart", text: "global ()", offset: 7, message: /after a label/ },
    { name: "has() without a label", text: "has()", offset: 4, message: /expected a label/ },
    { name: "has() of two labels", text: "has(a b)", offset: 6, message: /expected `\)`/ },
    { name: "all() with an argument", text: "all(a)", offset: 4, message: /expected `\)`/ },
    { name: "upper-case keywords", text: "ALL()", offset: 3, message: /after a label/ },
    { name: "upper-case operators", text: "a IN {'x'}", offset: 2, message: /after a label/ },
    { name: "contains run on into a word", text: "a containsb", offset: 2, message: /after a label/ },
    { name: "in run on into a word", text: "a ina {'x'}", offset: 2, message: /after a label/ },
    {
      name: "starts with run on into a word",
      text: "a starts withb 'x'",
      offset: 2,
      message: /after a label/,
    },
    { name: "starts alone", text: "a starts 'x'", offset: 2, message: /after a label/ },
    { name: "not alone", text: "a not {'x'}", offset: 2, message: /after a label/ },
    { name: "a comma alone in a set", text: "a in {,}", offset: 6, message: /value in quotes/ },
    { name: "two commas in a set", text: "a in {'x',,}", offset: 10, message: /value in quotes/ },
    { name: "members without a comma", text: "a in {'x' 'y'}", offset: 10, message: /expected `,` or `}`/ },
    { name: "an unclosed set", text: "a in {'x'", offset: 9, message: /expected `,` or `}`/ },
    { name: "a set without its brace", text: "a in 'x'", offset: 5, message: /expected `{`/ },
    { name: "an unquoted value", text: "a == b", offset: 5, message: /value in quotes/ },
    { name: "a label alone", text: "a", offset: 1, message: /after a label/ },
    { name: "a value on the left", text: "'x' == a", offset: 0, message: /expected a label/ },
    { name: "one equals sign", text: "a = 'x'", offset: 2, message: /after a label/ },
    { name: "one ampersand", text: "has(a) & has(b)", offset: 7, message: /`&&`/ },
    { name: "one bar", text: "has(a) | has(b)", offset: 7, message: /`\|\|`/ },
    { name: "an unclosed quote", text: "a == 'x", offset: 5, message: /does not end/ },
    { name: "quotes that differ", text: "a == 'x\"", offset: 5, message: /does not end/ },
    { name: "a backslash before a quote", text: "a == 'x\\''", offset: 9, message: /the end/ },
    { name: "half a surrogate pair", text: "a == '\ud800'", offset: 5, message: /Unicode/ },
    { name: "an operator without its right side", text: "has(a) &&", offset: 9, message: /expected a label/ },
    { name: "an operator without its left side", text: "|| has(a)", offset: 0, message: /expected a label/ },
    { name: "a negation of nothing", text: "!", offset: 1, message: /expected a label/ },
    { name: "an unclosed parenthesis", text: "(has(a)", offset: 7, message: /expected `\)`/ },
    { name: "a closing parenthesis too many", text: "has(a))", offset: 6, message: /the end/ },
    { name: "empty parentheses", text: "()", offset: 1, message: /expected a label/ },
    { name: "two selectors side by side", text: "has(a) has(b)", offset: 7, message: /the end/ },
    {
      name: "a label with a character outside ASCII",
      text: "ä == 'x'",
      offset: 0,
      message: /expected a label/,
    },
    {
      name: "a part that closes somebody else's parenthesis",
      text: "a == 'b') || (all()",
      offset: 8,
      message: /the end/,
    },
  ];
  for (const { name, text, offset, message } of cases) {
    it(name, () => {
      const parsed = parseSelector(text);
      assert.ok(!parsed.ok, "it was accepted");
      assert.match(parsed.error.message, message);
      assert.equal(parsed.error.offset, offset);
    });
  }
});

describe("parseSelector() has limits", () => {
  const cases: readonly { name: string; text: string; accepted: boolean }[] = [
    { name: "a label of 512 characters", text: `has(${"a".repeat(512)})`, accepted: true },
    { name: "a label of 513 characters", text: `has(${"a".repeat(513)})`, accepted: false },
    { name: "the longest text", text: `a == '${"x".repeat(SELECTOR_TEXT_MAX_CHARS - 7)}'`, accepted: true },
    {
      name: "one character more",
      text: `a == '${"x".repeat(SELECTOR_TEXT_MAX_CHARS - 6)}'`,
      accepted: false,
    },
    { name: "the deepest nesting", text: nested(SELECTOR_DEPTH_MAX), accepted: true },
    { name: "one level more", text: nested(SELECTOR_DEPTH_MAX + 1), accepted: false },
    { name: "open parentheses to the end", text: "(".repeat(SELECTOR_TEXT_MAX_CHARS), accepted: false },
    {
      name: "negations to the end",
      text: `${"!".repeat(SELECTOR_TEXT_MAX_CHARS - 6)}has(a)`,
      accepted: true,
    },
    { name: "many operands", text: Array(1000).fill("has(a)").join("||"), accepted: true },
    {
      name: "parentheses beside each other",
      text: Array(SELECTOR_DEPTH_MAX + 1)
        .fill("(has(a))")
        .join("&&"),
      accepted: true,
    },
  ];
  for (const { name, text, accepted } of cases) {
    it(`${name}: ${accepted ? "accepted" : "refused"}`, () => {
      assert.equal(parseSelector(text).ok, accepted);
    });
  }

  function nested(depth: number): string {
    return `${"(".repeat(depth)}has(a)${")".repeat(depth)}`;
  }
});
