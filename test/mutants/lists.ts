import { CALCULATION_MUTANTS } from "./calculation-mutants.ts";
import { COMPILE_MUTANTS } from "./compile-mutants.ts";
import type { MutantList } from "./mutant.ts";
import { STRICT_MUTANTS } from "./strict-mutants.ts";

/** For the random cases. */
export const RANDOM_LISTS: readonly MutantList[] = [COMPILE_MUTANTS, CALCULATION_MUTANTS];

/** For the strict vectors: each row of the contract turned around. */
export const STRICT_LISTS: readonly MutantList[] = [STRICT_MUTANTS];
