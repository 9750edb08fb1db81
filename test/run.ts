/**
 * Runs the tests with node's own runner and reporter.
 *
 * Why not `node --test` itself: there a folder without tests, a skipped test and a file that forgets to define any
 * all end well. Here each of them is a failure, so that a green run means that everything ran. Tests with real
 * components (`test/integration`) come last and one at a time, since they measure deadlines.
 *
 * Usage: node test/run.ts [--all] [FOLDER|FILE …]
 *   --all   also the long ones, `*.long.test.ts`
 */
import { globSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { sep } from "node:path";
import { finished } from "node:stream/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";

type Counts = Record<keyof typeof LABELS, number>;

/** What the runner counts, and what its reporter calls it. */
const LABELS = {
  tests: "tests",
  suites: "suites",
  passed: "pass",
  failed: "fail",
  cancelled: "cancelled",
  skipped: "skipped",
  todo: "todo",
};
const COUNTS = Object.keys(LABELS) as (keyof Counts)[];

const { values, positionals } = parseArgs({
  options: { all: { type: "boolean", default: false } },
  allowPositionals: true,
});

const files = (positionals.length === 0 ? ["test"] : positionals).flatMap(testFiles);
const isIntegration = (file: string): boolean => file.includes(`${sep}integration${sep}`);
const total: Counts = { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 };
const empty: string[] = [];

await runFiles(
  files.filter((file) => !isIntegration(file)),
  availableParallelism(),
);
await runFiles(files.filter(isIntegration), 1);
report();

async function runFiles(files: readonly string[], concurrency: number): Promise<void> {
  if (files.length === 0) return;
  const events = run({ files, concurrency });
  events.on("test:pass", ({ name, nesting, file }) => {
    // The runner counts a file in which no test is defined as one passing test of the file's name.
    if (nesting === 0 && file !== undefined && name === file) empty.push(file);
  });
  events.on("test:summary", ({ counts, file }) => {
    if (file !== undefined) return; // of one file; the last one is of them all
    // The type declarations are those of the oldest supported Node, which did not count failures yet.
    for (const key of COUNTS) total[key] += (counts as unknown as Counts)[key];
  });
  const lines = events.compose(new spec());
  lines.pipe(process.stdout, { end: false });
  await finished(lines);
}

function report(): void {
  const complaints = [
    ...empty.map((file) => `no test in ${file}`),
    ...(total.tests === 0 ? ["no test ran"] : []),
    ...(total.skipped + total.todo > 0 ? ["a test that is skipped or left to do proves nothing"] : []),
  ];
  process.stdout.write("\n");
  for (const complaint of complaints) process.stdout.write(`✖ ${complaint}\n`);
  for (const key of COUNTS) process.stdout.write(`ℹ ${LABELS[key]} ${total[key]}\n`);
  if (complaints.length > 0 || total.failed > 0 || total.cancelled > 0) process.exitCode = 1;
}

function testFiles(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return globSync(`${path}/**/*.test.ts`)
    .filter((file) => values.all || !file.endsWith(".long.test.ts"))
    .sort();
}
