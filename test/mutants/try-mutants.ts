import { availableParallelism } from "node:os";
import type { Mutant, MutantList } from "./mutant.ts";
import { findMisfits, type Outcome, Workshop } from "./workshop.ts";

export type Trial = { readonly list: MutantList; readonly mutant: Mutant; readonly outcome: Outcome };

/** More would fight over the processors with the suites themselves. */
const WORKSHOPS_MAX = 2;

/**
 * Tries every mutant of some lists, a few at a time.
 *
 * @param onTrial called as each ends, in no particular order.
 * @returns all trials. Throws if the tests do not pass on the sources as they are.
 */
export async function tryMutants(
  lists: readonly MutantList[],
  onTrial: (trial: Trial) => void,
): Promise<Trial[]> {
  const misfits = findMisfits(lists);
  if (misfits.length > 0) throw new Error(misfits.join("\n"));
  const waiting = lists.flatMap((list) => list.mutants.map((mutant) => ({ list, mutant })));
  const trials: Trial[] = [];
  const workshops = Array.from(
    { length: Math.min(WORKSHOPS_MAX, availableParallelism()) },
    () => new Workshop(),
  );
  try {
    for (const list of lists) {
      const { caught, said } = await workshops[0]!.tryUnchanged(list.tests);
      if (caught || said !== "all tests pass")
        throw new Error(`${list.about}: fails without any mutant: ${said}`);
    }
    await Promise.all(
      workshops.map(async (workshop) => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          const outcome = await workshop.tryMutant(next.mutant, next.list.tests);
          const trial = { ...next, outcome };
          trials.push(trial);
          onTrial(trial);
        }
      }),
    );
  } finally {
    for (const workshop of workshops) workshop.close();
  }
  return trials;
}
