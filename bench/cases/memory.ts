/** Memory of policy, of an idle sidecar, and of one that has answered many different requests. */
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_POLICY_OPTIONS } from "../../src/policy/options.ts";
import type { Snapshot } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import { SHOP } from "../directories.ts";
import { liveBytes, report } from "../harness.ts";
import { runLoad } from "../load.ts";
import { startAgent } from "../node-agent.ts";
import { createMessages } from "../policies.ts";
import { encodeRequest } from "../requests.ts";
import { residentMb, type ServerProcess, startSidecar, startSyncedSidecar } from "../sidecar.ts";

const RULES = 20_000;
const REQUESTS = 60_000;
const AT_ONCE = 50;
/** What a start leaves to do is done by then. */
const SETTLE_MS = 1_000;

const IDLE_BUDGET_MB = 50;
const AFTER_LOAD_BUDGET_MB = 64;
const LOAD_CHECKS = 1_000_000;
/** Bounds the time on a machine that is busy with other things. */
const LOAD_ROUNDS_MAX = 60;
const LOAD = { connections: 2, shape: { streams: 10 }, seconds: 2, warmUpSeconds: 0 } as const;

const held: { builder: SnapshotBuilder; snapshot: Snapshot }[] = [];

reportRules();
await reportIdle("examples/shop", await startSidecar({ policies: SHOP, workload: "shop/api" }));
await reportSynced();
await reportLoaded();
await reportDifferent();

/** Compiled, with the objects it came from, which later changes need. */
function reportRules(): void {
  const without = buildBytes(0);
  const bytes = buildBytes(RULES) - without;
  report({
    name: `memory of ${RULES.toLocaleString("en")} rules: a rule`,
    value: bytes / RULES,
    unit: "bytes",
  });
  report({ name: "… a policy of 70 rules", value: ((bytes / RULES) * 70) / 1024, unit: "KB" });
}

function buildBytes(rules: number): number {
  const before = liveBytes();
  const builder = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS);
  builder.apply(createMessages(Math.max(rules, 1), "none"));
  held.push({ builder, snapshot: builder.build(1) });
  return liveBytes() - before;
}

/** What counts is what `ps` shows; how much of it is the process's own, rather than pages of files such as Node's, is beside it. */
async function reportIdle(what: string, sidecar: ServerProcess): Promise<void> {
  await sidecar.check(encodeRequest("http"));
  await sleep(SETTLE_MS);
  report({
    name: `resident, idle, ${what}`,
    value: residentMb(sidecar.pid),
    unit: "MB",
    budget: IDLE_BUDGET_MB,
    also: [{ name: "own", value: residentMb(sidecar.pid, "RssAnon"), unit: "MB" }],
  });
  await sidecar.stop();
}

async function reportSynced(): Promise<void> {
  const agent = await startAgent({
    source: ["--policies", SHOP],
    nodeName: "node-1",
    namespaceOf: () => "shop",
    pods: ["api"],
  });
  await reportIdle("fed by a node agent", await startSyncedSidecar(agent.socket("api")));
  await agent.stop();
}

/** The same check, over and over, as fast as it is answered. */
async function reportLoaded(): Promise<void> {
  const sidecar = await startSidecar({ policies: SHOP, workload: "shop/api" });
  let checks = 0;
  for (let round = 0; checks < LOAD_CHECKS && round < LOAD_ROUNDS_MAX; round++) {
    const load = { ...LOAD, address: sidecar.socket, ask: encodeRequest("http"), pids: [sidecar.pid] };
    checks += (await runLoad({ ...load, expect: "deny" })).answers;
  }
  report({
    name: `… after ${(checks / 1_000_000).toFixed(1)} million checks`,
    value: residentMb(sidecar.pid),
    unit: "MB",
    budget: AFTER_LOAD_BUDGET_MB,
    also: [{ name: "own", value: residentMb(sidecar.pid, "RssAnon"), unit: "MB" }],
  });
  await sidecar.stop();
}

async function reportDifferent(): Promise<void> {
  const sidecar = await startSidecar({ policies: SHOP, workload: "shop/api" });
  // Thrice the same number: what grows for ever would grow from each third to the next.
  for (let third = 1; third <= 3; third++) {
    for (let index = 0; index < REQUESTS / 3; index += AT_ONCE) {
      const some = Array.from({ length: AT_ONCE }, (_, offset) =>
        different(third * REQUESTS + index + offset),
      );
      await Promise.all(some.map((request) => sidecar.check(request)));
    }
    const count = ((third * REQUESTS) / 3).toLocaleString("en");
    report({
      name: `resident after ${count} different requests`,
      value: residentMb(sidecar.pid),
      unit: "MB",
    });
  }
  await sidecar.stop();
}

function different(index: number): Buffer {
  const principal = `spiffe://cluster.local/ns/shop/sa/caller-${index}`;
  return encodeRequest("http", { principal, path: `/v1/items/${index}`, method: "GET" });
}
