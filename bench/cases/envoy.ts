/** Requests through a real Envoy: what each filter adds to one that has none. */
import { GRPC_GO, takeTurns } from "../compared.ts";
import { authzFilter, type EnvoyListener, startEnvoy, startRecorder } from "../envoy.ts";
import { median, medianOf, report } from "../harness.ts";
import { type Load, type LoadResult, runLoad } from "../load.ts";
import { createPlainRules, plainRuleDirectory, rbacFilter } from "../plain-rules.ts";
import { WANTED_PATH } from "../policies.ts";
import { encodeRequest } from "../requests.ts";
import { RULES_WORKLOAD } from "../rule-directory.ts";
import { awaitVerdict, startConstantServer, startSidecar } from "../sidecar.ts";

const RULES = 100;
const ROUNDS = 5;
const SATURATED_SECONDS = 0.5;
const SECONDS = 1.5;
const WARM_UP_SECONDS = 0.2;
const FIRST_SECONDS = 1;
const CONNECTIONS = 8;
const STREAMS = 10;
/** What is promised of added latency holds at the last. */
const RATES = [500, 1_500];
const PROMISED_RATE = 1_500;

/** As a browser sends them: what Envoy copies into each check unless it is told not to. */
const HEADERS = {
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "accept-language": "en-GB,en;q=0.7,de;q=0.3",
  "accept-encoding": "gzip, deflate, br, zstd",
  authorization: `Bearer ${"e".repeat(600)}`,
  cookie: `session=${"s".repeat(200)}; preferences=${"p".repeat(100)}`,
  referer: "https://shop.example/v1/items?page=2",
  "x-request-id": "467d9d80-dd04-42bc-bcaa-3986bbadc071",
};

const NO_FILTER = "no filter";
const RBAC = `Envoy's RBAC, ${RULES} rules`;
const EPHOR = `Ephor, ${RULES} rules`;
const EPHOR_ALL_HEADERS = `${EPHOR}, all headers sent`;

const rules = createPlainRules(RULES);
const policies = plainRuleDirectory(rules);
const grpcGo = await startConstantServer("grpc-go");
const ephor = await startSidecar({ policies, workload: RULES_WORKLOAD }, "server core");
const recorder = await startRecorder();

type Variant = EnvoyListener & { readonly pids: readonly number[] };

const variants: readonly Variant[] = [
  { name: NO_FILTER, pids: [] },
  { name: RBAC, filter: rbacFilter(rules), pids: [] },
  { name: GRPC_GO, filter: authzFilter("grpc-go"), pids: [grpcGo.pid] },
  { name: EPHOR, filter: authzFilter("ephor"), pids: [ephor.pid] },
  { name: EPHOR_ALL_HEADERS, filter: authzFilter("ephor", { sendAllHeaders: true }), pids: [ephor.pid] },
];
const recorded: readonly Variant[] = [
  { name: "as recommended", filter: authzFilter("recorder"), pids: [] },
  { name: "all headers sent", filter: authzFilter("recorder", { sendAllHeaders: true }), pids: [] },
];
const envoy = await startEnvoy([...variants, ...recorded], {
  "grpc-go": grpcGo.socket,
  ephor: ephor.socket,
  recorder: recorder.socket,
});
await awaitVerdict(ephor, encodeRequest("http", { path: `${WANTED_PATH}/42`, method: "GET" }), "allow");
await awaitVerdict(ephor, encodeRequest("http", { path: "/unwanted" }), "deny");
for (const variant of recorded) {
  await run(variant, { streams: 1 }, 0.1);
  report({
    name: `through Envoy: a check's bytes, ${variant.name}`,
    value: recorder.lastBytes(),
    unit: "bytes",
  });
}
await takeTurns(variants, 1, (variant) => run(variant, { streams: STREAMS }, FIRST_SECONDS));

const saturated = await takeTurns(variants, ROUNDS, (variant) =>
  run(variant, { streams: STREAMS }, SATURATED_SECONDS),
);
const saturation = (name: string): number => median(perSecond(saturated, name));
for (const { name, pids } of variants) {
  const cpu = (pid: number): number =>
    median((saturated.get(name) ?? []).map(({ cpuUs }) => cpuUs[pid] ?? Number.NaN));
  report({
    name: `through Envoy, ${CONNECTIONS} × ${STREAMS}: ${name}`,
    ...medianOf(perSecond(saturated, name)),
    unit: "1/s",
    ratio: saturation(name) / saturation(NO_FILTER),
    also: [
      { name: "CPU of Envoy", value: cpu(envoy.pid), unit: "µs" },
      ...pids.map((pid) => ({ name: "of the server", value: cpu(pid), unit: "µs" as const })),
    ],
  });
}
for (const rate of RATES) {
  reportAdded(rate, await takeTurns(variants, ROUNDS, (variant) => run(variant, { rate }, SECONDS)));
}
envoy.stop();
recorder.stop();
await grpcGo.stop();
await ephor.stop();

function run({ name, pids }: Variant, shape: Load["shape"], seconds: number): Promise<LoadResult> {
  return runLoad({
    address: envoy.address(name),
    ask: { path: `${WANTED_PATH}/42`, headers: HEADERS },
    connections: CONNECTIONS,
    shape,
    seconds,
    warmUpSeconds: WARM_UP_SECONDS,
    pids: [envoy.pid, ...pids],
  });
}

function perSecond(results: ReadonlyMap<string, readonly LoadResult[]>, name: string): number[] {
  return (results.get(name) ?? []).map((result) => result.perSecond);
}

/** Of each round, what a filter took more than none did in the same round. */
function reportAdded(rate: number, results: ReadonlyMap<string, readonly LoadResult[]>): void {
  const what = `through Envoy, ${rate.toLocaleString("en")}/s`;
  for (const [label, read] of [
    ["p50", ({ p50Us }: LoadResult): number => p50Us],
    ["p99", ({ p99Us }: LoadResult): number => p99Us],
  ] as const) {
    const without = (results.get(NO_FILTER) ?? []).map(read);
    const added = (name: string): number[] =>
      (results.get(name) ?? []).map((result, round) => read(result) - (without[round] ?? Number.NaN));
    report({ name: `${what}: ${NO_FILTER}, ${label}`, ...medianOf(without), unit: "µs" });
    for (const { name } of variants.slice(1)) {
      report({
        name: `${what}: ${name}, added ${label}`,
        ...medianOf(added(name)),
        unit: "µs",
        ratio: median(added(name)) / median(added(GRPC_GO)),
        ...(name === EPHOR && rate === PROMISED_RATE ? { budget: median(added(GRPC_GO)) } : {}),
      });
    }
  }
}
