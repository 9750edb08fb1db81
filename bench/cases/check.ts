/**
 * The short form of the load cases, for CI: processor time a check, beside servers of the same run, compared with the
 * committed `check-reference.json`.
 */
import { readFileSync } from "node:fs";
import {
  CHECK,
  type Compared,
  ephorWith,
  GRPC_GO,
  NODE_HTTP2,
  startCompared,
  takeTurns,
} from "../compared.ts";
import { medianOf, report } from "../harness.ts";
import { type LoadResult, runLoad } from "../load.ts";

const ROUNDS = 11;
const SECONDS = 0.4;
const WARM_UP_SECONDS = 0.1;
const FIRST_SECONDS = 2;
const CONNECTIONS = 8;
const STREAMS = 10;
/** What remains of a ratio that has fallen by a third. Runs on busy machines differ by a tenth. */
const FALLEN = 2 / 3;

const FEW = ephorWith(10);
const USUAL = ephorWith(100);
const MANY = ephorWith(10_000);

/** Checks for the same processor time: of the first, for one of the second. */
const RATIOS = [
  [USUAL, GRPC_GO],
  [USUAL, NODE_HTTP2],
  [MANY, FEW],
] as const;

const reference: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(new URL("../check-reference.json", import.meta.url), "utf8"),
);
const compared = await startCompared([10, 100, 10_000]);
await takeTurns(compared, 1, (each) => run(each, FIRST_SECONDS));
const results = await takeTurns(compared, ROUNDS, (each) => run(each, SECONDS));
for (const [one, other] of RATIOS) {
  const name = `${one} ÷ ${other}`;
  const expected = reference[name];
  if (expected === undefined) throw new Error(`check-reference.json has no \`${name}\``);
  const costs = cpuUs(one);
  const ratios = cpuUs(other).map((cost, round) => cost / (costs[round] ?? Number.NaN));
  report({
    name: `checks for the same CPU time: ${name}`,
    ...medianOf(ratios),
    unit: "×",
    atLeast: expected * FALLEN,
    also: [{ name: "reference", value: expected, unit: "×" }],
  });
}
for (const { server } of compared) await server.stop();

function run({ server: { socket, pid } }: Compared, seconds: number): Promise<LoadResult> {
  return runLoad({
    address: socket,
    ask: CHECK,
    connections: CONNECTIONS,
    shape: { streams: STREAMS },
    seconds,
    warmUpSeconds: WARM_UP_SECONDS,
    pids: [pid],
  });
}

/** Of each round. */
function cpuUs(name: string): number[] {
  const pid = compared.find((each) => each.name === name)?.server.pid ?? 0;
  return (results.get(name) ?? []).map((result) => result.cpuUs[pid] ?? Number.NaN);
}
