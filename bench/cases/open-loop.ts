/** Latency of checks that come at a fixed rate, counted from when each was due. */
import { CHECK, ephorWith, GRPC_GO, startCompared, takeTurns } from "../compared.ts";
import { reportLatency } from "../latency.ts";
import { type LoadResult, runLoad } from "../load.ts";
import type { ServerProcess } from "../sidecar.ts";

const RUNS = 5;
const SECONDS = 3;
const WARM_UP_SECONDS = 0.3;
const FIRST_SECONDS = 2;
const FIRST_RATE = 5_000;
/** Two worker threads of an Envoy with a connection each. */
const CONNECTIONS = 2;
/** Checks a second; what is promised holds at the first. */
const PROMISED_RATE = 2_000;
const RATES = [PROMISED_RATE, 5_000];
const RULES = 100;
const P999_BUDGET_MS = 5;

const compared = await startCompared([RULES]);
await takeTurns(compared, 1, ({ server }) => run(server, FIRST_RATE, FIRST_SECONDS));
for (const rate of RATES) {
  const results = await takeTurns(compared, RUNS, ({ server }) => run(server, rate, SECONDS));
  const isPromised = rate === PROMISED_RATE;
  reportLatency(`open loop ${rate.toLocaleString("en")}/s`, results, {
    reference: GRPC_GO,
    ...(isPromised ? { promised: ephorWith(RULES), p99Times: 1, p999BudgetMs: P999_BUDGET_MS } : {}),
  });
}
for (const { server } of compared) await server.stop();

function run({ socket, pid }: ServerProcess, rate: number, seconds: number): Promise<LoadResult> {
  return runLoad({
    address: socket,
    ask: CHECK,
    connections: CONNECTIONS,
    shape: { rate },
    seconds,
    warmUpSeconds: WARM_UP_SECONDS,
    pids: [pid],
  });
}
