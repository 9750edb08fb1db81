/** A sidecar that comes back to a node agent with much to tell: from its start to its first verdict. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import type { EndpointId, Message, PolicyId } from "../../src/policy/messages.ts";
import { FanOut } from "../../src/sync/fan-out.ts";
import { SyncServer } from "../../src/sync/sync-server.ts";
import { median, report } from "../harness.ts";
import { createMessages } from "../policies.ts";
import { encodeRequest } from "../requests.ts";
import { PROGRAM_NAME, startSyncedSidecar } from "../sidecar.ts";

const POLICIES = 1_000;
const RULES_PER_POLICY = 5;
const MEMBERS = 100_000;
const STARTS = 5;
const BUDGET_MS = 1_000;

const directory = mkdtempSync(join(tmpdir(), "ephor-bench-"));
const { messages, endpointId } = createState();
const fanOut = new FanOut();
fanOut.apply(messages);
const server = new SyncServer(systemClock, fanOut, endpointId, { opened() {}, closed() {}, refused() {} });
await server.listen(join(directory, "agent"));
const request = encodeRequest("http", { path: "/wanted/path" });
const timesMs: number[] = [];
for (let start = 0; start < STARTS; start++) {
  const startMs = performance.now();
  const sidecar = await startSyncedSidecar(join(directory, "agent"));
  // Until it is in sync every check is denied, each with an id of its own; an allow is always the same.
  for (let last = await sidecar.check(request); ; ) {
    const next = await sidecar.check(request);
    if (next.equals(last)) break;
    last = next;
  }
  timesMs.push(performance.now() - startMs);
  await sidecar.stop();
}
server.close("done");
rmSync(directory, { recursive: true });
report({
  name: `sidecar behind a node agent, ${POLICIES} policies and ${MEMBERS.toLocaleString("en")} members, ${PROGRAM_NAME}`,
  value: median(timesMs),
  unit: "ms",
  budget: BUDGET_MS,
});

/** The usual policies, cut into smaller ones, and one set that is much larger. */
function createState(): { readonly messages: readonly Message[]; readonly endpointId: EndpointId } {
  const usual = createMessages(POLICIES * RULES_PER_POLICY, "first");
  const endpoint = usual.find((message) => message.kind === "workload_endpoint_update");
  const set = usual.find((message) => message.kind === "ipset_update");
  if (endpoint?.kind !== "workload_endpoint_update" || set?.kind !== "ipset_update")
    throw new Error("no policy");
  const members = Array.from({ length: MEMBERS }, (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`);
  const partsOf = new Map<string, PolicyId[]>();
  const objects = usual.flatMap((message): Message[] => {
    if (message === set) return [{ ...set, members }];
    if (message === endpoint || message.kind === "in_sync") return [];
    if (message.kind !== "active_policy_update") return [message];
    const parts = cutPolicy(message);
    partsOf.set(
      message.id.name,
      parts.map(({ id }) => id),
    );
    return parts;
  });
  const tiers = endpoint.endpoint.tiers.map((tier) => ({
    ...tier,
    ingressPolicies: tier.ingressPolicies.flatMap(({ name }) => partsOf.get(name) ?? []),
    egressPolicies: [],
  }));
  const update: Message = { ...endpoint, endpoint: { ...endpoint.endpoint, tiers } };
  return { messages: [...objects, update, { kind: "in_sync" }], endpointId: endpoint.id };
}

type PolicyUpdate = Extract<Message, { kind: "active_policy_update" }>;

function cutPolicy({ id, policy, kind }: PolicyUpdate): PolicyUpdate[] {
  const parts: PolicyUpdate[] = [];
  for (let at = 0; at < policy.inboundRules.length; at += RULES_PER_POLICY) {
    const inboundRules = policy.inboundRules.slice(at, at + RULES_PER_POLICY);
    parts.push({ kind, id: { ...id, name: `${id.name}-${at}` }, policy: { ...policy, inboundRules } });
  }
  return parts;
}
