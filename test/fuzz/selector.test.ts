import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { SELECTOR_TEXT_MAX_CHARS } from "../../src/base/limits.ts";
import {
  compileSelector,
  formatSelector,
  matchSelector,
  parseSelector,
  requiredLabels,
} from "../../src/selector/index.ts";

/** `EPHOR_RUNS=1000000 node --test test/fuzz/selector.test.ts` for the long version. */
const numRuns = Number(process.env.EPHOR_RUNS ?? 3000);

const token = fc.constantFrom(
  ...[
    "(",
    ")",
    "!",
    "&&",
    "||",
    "==",
    "!=",
    "{",
    "}",
    ",",
    "'",
    '"',
    " ",
    "\t",
    "\n",
    "\0",
    "a",
    "all(",
    "global(",
  ],
  ...[
    "has(",
    "in",
    "not in",
    "contains",
    "starts with",
    "ends with",
    "'x'",
    '"y"',
    "{'x', 'y'}",
    "has(a)",
    "all()",
  ],
  ...["a == 'x'", "a in {'x'}", "\u00a0", "\ud800", "\u{1F600}", "&", "|", "="],
);
const text = fc.oneof(
  { weight: 4, arbitrary: fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join("")) },
  { weight: 2, arbitrary: fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join(" ")) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 100 }) },
  // One thing over and over: what drives recursion or a quadratic scan.
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.array(token, { minLength: 1, maxLength: 4 }), fc.nat(SELECTOR_TEXT_MAX_CHARS))
      .map(([tokens, length]) => tokens.join("").repeat(length).slice(0, length)),
  },
);

describe("any text as a selector", () => {
  it("is refused with a position or parsed to what its canonical text parses to, in bounded time", () => {
    let parsedCount = 0;
    fc.assert(
      fc.property(text, (given) => {
        const startMs = performance.now();
        const parsed = parseSelector(given);
        const elapsedMs = performance.now() - startMs;
        assert.ok(elapsedMs < 1000, `${elapsedMs} ms`);
        if (!parsed.ok) {
          assert.ok(parsed.error.offset >= 0 && parsed.error.offset <= given.length);
          return;
        }
        parsedCount++;
        const tree = parsed.value;
        const canonical = formatSelector(tree);
        const again = parseSelector(canonical);
        // The canonical text may be longer than the limit: it writes out what the author abbreviated.
        assert.ok(again.ok || canonical.length > SELECTOR_TEXT_MAX_CHARS);
        assert.equal(again.ok ? formatSelector(again.value) : canonical, canonical);
        const labels = new Map([["a", "x"]]);
        assert.equal(compileSelector(tree)(labels), matchSelector(tree, labels));
        requiredLabels(tree);
      }),
      { numRuns },
    );
    assert.ok(parsedCount > numRuns / 50, `${parsedCount} of ${numRuns} parsed`);
  });
});
