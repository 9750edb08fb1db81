/** Checks a second on one core, with a number of them always under way. */
import { CHECK, ephorWith, GRPC_GO, startCompared, takeTurns } from "../compared.ts";
import { median, medianOf, report } from "../harness.ts";
import { type LoadResult, runLoad } from "../load.ts";
import { residentMb, type ServerProcess } from "../sidecar.ts";

const ROUNDS = 5;
const SECONDS = 0.4;
const WARM_UP_SECONDS = 0.1;
/** For the compilers, before the first round. */
const FIRST_SECONDS = 2;
const RULE_COUNTS = [10, 100, 1_000, 10_000];

/** Connections, and checks under way on each. */
const SHAPES = [
  [1, 1],
  [1, 10],
  [1, 100],
  [8, 1],
  [8, 10],
  [8, 100],
] as const;
/** Where what is promised of the throughput is held. */
const PROMISED = ["1 × 100", "8 × 10"];
const GRPC_GO_TIMES = 1.3;
const MANY_RULES_TIMES = 0.8;

const compared = await startCompared(RULE_COUNTS);
await takeTurns(compared, 1, ({ server }) => run(server, 1, 100, FIRST_SECONDS));
for (const [connections, streams] of SHAPES) {
  const results = await takeTurns(compared, ROUNDS, ({ server }) =>
    run(server, connections, streams, SECONDS),
  );
  reportShape(`${connections} × ${streams}`, results);
}
for (const { name, server } of compared) {
  report({ name: `resident after the closed loops: ${name}`, value: residentMb(server.pid), unit: "MB" });
  await server.stop();
}

function run(
  { socket, pid }: ServerProcess,
  connections: number,
  streams: number,
  seconds: number,
): Promise<LoadResult> {
  return runLoad({
    address: socket,
    ask: CHECK,
    connections,
    shape: { streams },
    seconds,
    warmUpSeconds: WARM_UP_SECONDS,
    pids: [pid],
  });
}

function reportShape(shape: string, results: ReadonlyMap<string, readonly LoadResult[]>): void {
  const perSecond = (name: string): number =>
    median((results.get(name) ?? []).map((result) => result.perSecond));
  for (const { name, server } of compared) {
    const runs = results.get(name) ?? [];
    const over = (read: (result: LoadResult) => number): number => median(runs.map(read));
    report({
      name: `closed loop ${shape}: ${name}`,
      ...medianOf(runs.map((result) => result.perSecond)),
      unit: "1/s",
      ratio: perSecond(name) / perSecond(GRPC_GO),
      also: [
        { name: "CPU", value: over(({ cpuUs }) => cpuUs[server.pid] ?? Number.NaN), unit: "µs" },
        { name: "generator busy", value: over(({ ownCpuShare }) => ownCpuShare * 100), unit: "%" },
        { name: "p50", value: over(({ p50Us }) => p50Us), unit: "µs" },
        { name: "p99", value: over(({ p99Us }) => p99Us), unit: "µs" },
        { name: "p99.9", value: over(({ p999Us }) => p999Us), unit: "µs" },
        { name: "max", value: over(({ maxUs }) => maxUs), unit: "µs" },
      ],
    });
  }
  if (!PROMISED.includes(shape)) return;
  report({
    name: `closed loop ${shape}: ${ephorWith(100)} ÷ ${GRPC_GO}`,
    value: perSecond(ephorWith(100)) / perSecond(GRPC_GO),
    unit: "×",
    atLeast: GRPC_GO_TIMES,
  });
  report({
    name: `closed loop ${shape}: ${ephorWith(10_000)} ÷ ${ephorWith(10)}`,
    value: perSecond(ephorWith(10_000)) / perSecond(ephorWith(10)),
    unit: "×",
    atLeast: MANY_RULES_TIMES,
  });
}
