/**
 * Tries mutants and prints which were caught. Exits 1 if one was not.
 *
 * Usage: node test/mutants/run.ts [--strict | --random] [--list] [TEXT]
 *   --strict  only those that turn a row of the contract around, against the strict vectors
 *   --random  only those of compile and calculation, against the random cases
 *   --list    only print the names
 *   TEXT      only mutants with this text in their name or file
 */
import { parseArgs } from "node:util";
import { RANDOM_LISTS, STRICT_LISTS } from "./lists.ts";
import type { MutantList } from "./mutant.ts";
import { tryMutants } from "./try-mutants.ts";

const { values, positionals } = parseArgs({
  options: { strict: { type: "boolean" }, random: { type: "boolean" }, list: { type: "boolean" } },
  allowPositionals: true,
});

const text = positionals.join(" ");
const chosen: readonly MutantList[] = [
  ...(values.strict ? [] : RANDOM_LISTS),
  ...(values.random ? [] : STRICT_LISTS),
].map((list) => ({
  ...list,
  mutants: list.mutants.filter(({ name, file }) => `${name} ${file}`.includes(text)),
}));

if (values.list) printNames();
else await tryAll();

function printNames(): void {
  for (const { about, mutants } of chosen) {
    console.log(`${about}:`);
    for (const { name, file } of mutants) console.log(`  ${name} (src/${file})`);
  }
}

async function tryAll(): Promise<void> {
  const lists = chosen.filter((list) => list.mutants.length > 0);
  const trials = await tryMutants(lists, ({ mutant, outcome }) => {
    const seconds = (outcome.elapsedMs / 1000).toFixed(1);
    console.log(
      `${outcome.caught ? "caught  " : "SURVIVED"} ${seconds.padStart(5)} s  ${mutant.name}: ${outcome.said}`,
    );
  });
  const survivors = trials.filter(({ outcome }) => !outcome.caught);
  console.log(`${trials.length - survivors.length} of ${trials.length} mutants caught`);
  if (survivors.length > 0) process.exitCode = 1;
}
