import type { MutantList } from "./mutant.ts";

/** Each row of docs/semantics.md turned around in the engine, which at least one strict vector has to notice. */
export const STRICT_MUTANTS: MutantList = {
  about: "rows of the contract, against the strict vectors",
  tests: ["vectors/strict.test.ts"],
  mutants: [],
};
