/**
 * Runs every case in a process of its own and prints one table: `node bench/run.ts [--only TEXT] [--json]`.
 *
 * Exit 1 if a figure misses what is promised or a case fails.
 */
import { spawnSync } from "node:child_process";
import { cpus, release } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Figure } from "./harness.ts";

type Case = {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** The short form of others, which runs where it is asked for. */
  readonly isExtra?: boolean;
};

const RULE_COUNTS = ["10", "100", "1000", "10000", "20000"];
const EVALUATE_SHAPES = ["last", "first", "mix", "strangers", "ambiguous-path", "no-identity"];

const CASES: readonly Case[] = [
  { name: "decode", file: "decode.ts", args: ["http"] },
  { name: "decode-certificate", file: "decode.ts", args: ["http-certificate"] },
  { name: "decode-tcp", file: "decode.ts", args: ["tcp"] },
  ...EVALUATE_SHAPES.flatMap((shape) =>
    RULE_COUNTS.map((rules) => ({
      name: `evaluate-${shape}-${rules}`,
      file: "evaluate.ts",
      args: [shape, rules],
    })),
  ),
  { name: "identity-first", file: "identity.ts", args: ["first"] },
  { name: "identity-cached", file: "identity.ts", args: ["cached"] },
  { name: "identity-principal", file: "identity.ts", args: ["principal"] },
  { name: "encode-allow", file: "encode.ts", args: ["allow"] },
  { name: "encode-deny", file: "encode.ts", args: ["deny"] },
  { name: "set", file: "set.ts", args: [] },
  { name: "pauses-slices", file: "pauses.ts", args: ["slices"] },
  { name: "pauses-at-once", file: "pauses.ts", args: ["at-once"] },
  { name: "calculation", file: "calculation.ts", args: [] },
  { name: "closed-loop", file: "closed-loop.ts", args: [] },
  { name: "open-loop", file: "open-loop.ts", args: [] },
  { name: "replacement", file: "replacement.ts", args: [] },
  { name: "envoy", file: "envoy.ts", args: [] },
  { name: "check", file: "check.ts", args: [], isExtra: true },
  { name: "start-up", file: "start-up.ts", args: [] },
  { name: "memory", file: "memory.ts", args: [] },
  { name: "reload", file: "reload.ts", args: [] },
  { name: "policy-sync", file: "policy-sync.ts", args: [] },
  { name: "restart", file: "restart.ts", args: [] },
];

const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, json: { type: "boolean", default: false } },
});
const cases = CASES.filter(({ name, isExtra = false }) =>
  isExtra ? name === values.only : name.includes(values.only),
);
if (cases.length === 0) {
  process.stderr.write(
    `no case is named ${values.only}; there are ${CASES.map(({ name }) => name).join(", ")}\n`,
  );
  process.exit(2);
}

let failed = false;
if (!values.json) {
  process.stdout.write(
    `node ${process.version}, ${cpus()[0]?.model} × ${cpus().length}, Linux ${release()}\n\n`,
  );
  printRow("case", "value", "spread", "ratio", "promised");
}
for (const each of cases) {
  for (const figure of runCase(each)) print(figure);
}
process.exitCode = failed ? 1 : 0;

function runCase({ name, file, args }: Case): Figure[] {
  const path = fileURLToPath(new URL(`cases/${file}`, import.meta.url));
  const child = spawnSync(process.execPath, ["--expose-gc", path, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.status !== 0) {
    failed = true;
    process.stderr.write(`${name}: ${file} ended with ${child.status ?? child.signal}\n`);
  }
  return child.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Figure);
}

function print(figure: Figure): void {
  const { name, value, unit, ratio, spread, budget, atLeast, also = [] } = figure;
  const isMissed =
    value > (budget ?? Number.POSITIVE_INFINITY) || value < (atLeast ?? Number.NEGATIVE_INFINITY);
  failed ||= isMissed;
  if (values.json) {
    process.stdout.write(`${JSON.stringify(figure)}\n`);
    return;
  }
  const promised = [
    ...(budget === undefined ? [] : [`≤ ${round(budget)} ${unit}`]),
    ...(atLeast === undefined ? [] : [`≥ ${round(atLeast)} ${unit}`]),
    ...(isMissed ? ["MISSED"] : []),
    ...also.map((other) => `${other.name} ${round(other.value)} ${other.unit}`),
  ];
  printRow(
    name,
    `${round(value)} ${unit}`,
    spread === undefined ? "" : `${round(spread[0])} – ${round(spread[1])}`,
    ratio === undefined ? "" : round(ratio),
    promised.join(", "),
  );
}

function printRow(name: string, value: string, spread: string, ratio: string, rest: string): void {
  const row = `${name.padEnd(62)} ${value.padStart(12)} ${spread.padStart(17)} ${ratio.padStart(7)}   ${rest}`;
  process.stdout.write(`${row.trimEnd()}\n`);
}

/** Three significant digits, without an exponent. */
function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en");
}
