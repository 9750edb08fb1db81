/** Holds the generators honest: a property over cases that decide nothing would prove nothing. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { DENY_REASONS, type DenyReason } from "../../src/policy/verdict.ts";
import { evaluatorCase, judgeCase } from "../support/generate-case.ts";
import { CLAUSE_NAMES, type ClauseName } from "../support/reference-evaluator.ts";

const CASES = 400;
const SEED = 20261121;
const LEAST_SHARE = 1 / 200;

/** Reasons that are given before or instead of an evaluation. */
const OTHERS_REASONS: readonly DenyReason[] = ["overloaded", "internal"];

const cases = fc.sample(evaluatorCase, { numRuns: CASES, seed: SEED });
/** Names of the clauses that each case puts to its requests. */
const asked = cases.map(() => new Set<ClauseName>());
const verdicts = cases.map((each, index) =>
  judgeCase(each, { onClause: (clause) => asked[index]!.add(clause.name) }),
);
const total = verdicts.flat().length;

describe("the evaluator's random cases", () => {
  it("allow between a quarter and 60 % of requests", () => {
    const allowed = verdicts.flat().filter((verdict) => verdict.allowed).length;
    assert.ok(allowed >= total * 0.25 && allowed <= total * 0.6, `${allowed} of ${total} are allowed`);
  });

  for (const reason of DENY_REASONS.filter((each) => !OTHERS_REASONS.includes(each))) {
    it(`give the reason ${reason} at least once in 200`, () => {
      const given = verdicts.flat().filter((verdict) => !verdict.allowed && verdict.reason === reason).length;
      assert.ok(given >= total * LEAST_SHARE, `${given} of ${total}`);
    });
  }

  for (const name of CLAUSE_NAMES) {
    it(`are decided by a clause of kind ${name} at least once in 200`, () => {
      const decided = decidedBy(name);
      assert.ok(decided >= total * LEAST_SHARE, `${decided} of ${total}`);
    });
  }
});

/** In how many cases the verdict would be another if clauses of this kind answered the opposite. */
function decidedBy(name: ClauseName): number {
  let decided = 0;
  for (const [index, each] of cases.entries()) {
    if (!asked[index]!.has(name)) continue;
    const turned = judgeCase(each, { turned: name });
    decided += turned.filter((verdict, at) => !isDeepStrictEqual(verdict, verdicts[index]![at])).length;
  }
  return decided;
}
