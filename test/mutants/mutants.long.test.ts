/** Every mutant is caught by the suite that it is for. Minutes; test/mutants/run.ts does the same with more to read. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RANDOM_LISTS, STRICT_LISTS } from "./lists.ts";
import type { MutantList } from "./mutant.ts";
import { tryMutants } from "./try-mutants.ts";

async function assertCaught(lists: readonly MutantList[]): Promise<void> {
  const trials = await tryMutants(lists, () => undefined);
  const survivors = trials.filter(({ outcome }) => !outcome.caught);
  assert.deepEqual(
    survivors.map(({ mutant, outcome }) => `${mutant.name}: ${outcome.said}`),
    [],
  );
}

describe("mutants", () => {
  it("of compile and calculation are caught by the random cases", () => assertCaught(RANDOM_LISTS));
  it("that turn a row of the contract around are caught by the strict vectors", () =>
    assertCaught(STRICT_LISTS));
});
