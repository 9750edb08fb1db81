/** Latency while a node agent replaces a policy of 1,000 rules ten times a second and large sets change. */
import { join } from "node:path";
import { setInterval } from "node:timers/promises";
import { systemClock } from "../../src/base/clock.ts";
import type { EndpointId, Message, PolicyId, Rule } from "../../src/policy/messages.ts";
import { FanOut } from "../../src/sync/fan-out.ts";
import { SyncServer } from "../../src/sync/sync-server.ts";
import { CHECK, ephorWith } from "../compared.ts";
import { LOAD_CORE, pinSelf } from "../cores.ts";
import { temporaryDirectory } from "../directories.ts";
import { reportLatency } from "../latency.ts";
import { type LoadResult, runLoad } from "../load.ts";
import { createMessages } from "../policies.ts";
import { awaitVerdict, startSyncedSidecar } from "../sidecar.ts";

const RULES = 1_000;
const CHANGE_MS = 100;
const SETS = ["s:set-0", "s:set-1"];
const SET_MEMBERS = 100_000;
/** That leave each of the sets at a change, and as many that come. */
const CHANGED_MEMBERS = 100;
const RUNS = 5;
const SECONDS = 4;
const WARM_UP_SECONDS = 0.5;
const FIRST_SECONDS = 3;
const RATE = 2_000;
const CONNECTIONS = 2;
const P999_BUDGET_MS = 10;

type PolicyUpdate = Extract<Message, { kind: "active_policy_update" }>;

pinSelf(LOAD_CORE);
const POLICY_ID: PolicyId = { kind: "NetworkPolicy", namespace: "shop", name: "replaced" };
const variants = [createPolicy(1), createPolicy(2)] as const;
const fanOut = new FanOut();
const endpointId = announce();
const agent = join(temporaryDirectory(), "agent");
const server = new SyncServer(systemClock, fanOut, endpointId, { opened() {}, closed() {}, refused() {} });
await server.listen(agent);
const sidecar = await startSyncedSidecar(agent, "server core");
await awaitVerdict(sidecar, CHECK, "allow");

let changes = 0;
await whileChanging(() => run(FIRST_SECONDS));
const results = { quiet: [] as LoadResult[], replaced: [] as LoadResult[] };
for (let round = 0; round < RUNS; round++) {
  results.quiet.push(await run(SECONDS));
  results.replaced.push(await whileChanging(() => run(SECONDS)));
}
await proveItFollows();
const replaced = `${ephorWith(RULES)} replaced`;
reportLatency(
  `open loop ${RATE.toLocaleString("en")}/s`,
  new Map([
    [`${ephorWith(RULES)} of a stream`, results.quiet],
    [replaced, results.replaced],
  ]),
  { promised: replaced, p999BudgetMs: P999_BUDGET_MS },
);
await sidecar.stop();
server.close("done");

function run(seconds: number): Promise<LoadResult> {
  return runLoad({
    address: sidecar.socket,
    ask: CHECK,
    connections: CONNECTIONS,
    shape: { rate: RATE },
    seconds,
    warmUpSeconds: WARM_UP_SECONDS,
    pids: [sidecar.pid],
  });
}

/** All the rules of the usual policies in one, with others for each seed. */
function createPolicy(seed: number): PolicyUpdate {
  const updates = createMessages(RULES, "last", seed).filter(
    (message) => message.kind === "active_policy_update",
  );
  const [first] = updates;
  if (first === undefined) throw new Error("no policy");
  const inboundRules = updates.flatMap(({ policy }): readonly Rule[] => policy.inboundRules);
  return { ...first, id: POLICY_ID, policy: { ...first.policy, tier: "default", inboundRules } };
}

/** The first state: usual sets, two of them large, one policy, and the endpoint it guards. */
function announce(): EndpointId {
  const messages = createMessages(RULES, "last", 1);
  const endpoint = messages.find((message) => message.kind === "workload_endpoint_update");
  if (endpoint?.kind !== "workload_endpoint_update") throw new Error("no endpoint");
  const objects = messages.flatMap((message): Message[] => {
    if (message.kind === "ipset_update" && SETS.includes(message.id)) {
      return [{ ...message, members: Array.from({ length: SET_MEMBERS }, (_, index) => member(index)) }];
    }
    const isReplaced = ["active_policy_update", "workload_endpoint_update", "in_sync"].includes(message.kind);
    return isReplaced ? [] : [message];
  });
  const tiers = [
    { name: "default", ingressPolicies: [POLICY_ID], egressPolicies: [], defaultAction: "Deny" },
  ];
  const update: Message = { ...endpoint, endpoint: { ...endpoint.endpoint, tiers } };
  fanOut.apply([...objects, variants[0], update, { kind: "in_sync" }]);
  return endpoint.id;
}

/** One change, which takes effect as a whole: other rules, and in each large set some members for others. */
function change(): void {
  const round = changes++;
  const slot = (index: number): number => (round * CHANGED_MEMBERS + index) % SET_MEMBERS;
  // Members come and go in two colours, so that a set keeps its size.
  const isEven = Math.floor((round * CHANGED_MEMBERS) / SET_MEMBERS) % 2 === 0;
  const range = Array.from({ length: CHANGED_MEMBERS }, (_, index) => slot(index));
  const first = range.map((index) => member(index));
  const second = range.map((index) => member(SET_MEMBERS + index));
  const deltas = SETS.map((id): Message => {
    return {
      kind: "ipset_delta_update",
      id,
      addedMembers: isEven ? second : first,
      removedMembers: isEven ? first : second,
    };
  });
  fanOut.apply([variants[changes % 2 === 0 ? 0 : 1], ...deltas]);
}

function member(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}/32`;
}

async function whileChanging(work: () => Promise<LoadResult>): Promise<LoadResult> {
  const stop = new AbortController();
  const changing = (async (): Promise<void> => {
    for await (const _ of setInterval(CHANGE_MS, undefined, { signal: stop.signal })) change();
  })().catch((reason: unknown) => {
    if (!stop.signal.aborted) throw reason;
  });
  const result = await work();
  stop.abort();
  await changing;
  return result;
}

/** After all the changes the sidecar still takes what it is sent: a policy without rules denies. */
async function proveItFollows(): Promise<void> {
  const { policy, ...rest } = createPolicy(1);
  fanOut.apply([{ ...rest, policy: { ...policy, inboundRules: [] } }]);
  await awaitVerdict(sidecar, CHECK, "deny");
}
