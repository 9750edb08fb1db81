/**
 * How long requests wait while policy changes: node bench/cases/pauses.ts slices|at-once
 *
 * In one process, as a sidecar behind a node agent does it: messages' bytes are read, applied and compiled, and the snapshot is published, ten times a
 * second, while checks fall due 2,000 times a second. A check's wait is from when it was due, whether or not the loop was free to see
 * it. `at-once` does the same work in one go, for comparison.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { systemClock } from "../../src/base/clock.ts";
import { defaultSlicing, finishSteps, SlicedWork, type Steps } from "../../src/base/steps.ts";
import { evaluate } from "../../src/policy/evaluate.ts";
import type { Message } from "../../src/policy/messages.ts";
import { DEFAULT_POLICY_OPTIONS } from "../../src/policy/options.ts";
import { SnapshotStore } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import { messageBytes, readMessageSteps } from "../../src/sync/wire.ts";
import { percentile, report } from "../harness.ts";
import { createFlows, createMessages } from "../policies.ts";

const POLICY_RULES = 1000;
const SET_MEMBERS = 100_000;
const DELTA_MEMBERS = 1000;
const CHECK_EVERY_MS = 0.5;
const UPDATE_EVERY_MS = 100;
const WARM_UP_MS = 800;
const MEASURED_MS = 3000;
const BUDGET_MS = 5;

const isSliced = process.argv[2] !== "at-once";
const flows = createFlows(1024, 200);
const store = new SnapshotStore();
const builder = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS);
const work = new SlicedWork(defaultSlicing(systemClock));
let revision = 0;

const messages = createMessages(POLICY_RULES, "none");
const rules = messages.flatMap((message) =>
  message.kind === "active_policy_update" ? message.policy.inboundRules : [],
);
const policies = messages.filter((message) => message.kind === "active_policy_update");
/** All the rules in one policy, in two versions that differ everywhere. */
const versions = [rules, rules.toReversed()].map((inboundRules): Message => {
  const { id, policy } = policies[0]!;
  return { kind: "active_policy_update", id, policy: { ...policy, inboundRules } };
});
finishSteps(take([...messages, versions[0]!].map(messageBytes)));

await measurePauses(
  `a policy of ${POLICY_RULES.toLocaleString("en")} rules`,
  versions.map((version) => [messageBytes(version)]),
);
await measurePauses(
  `a set of ${SET_MEMBERS.toLocaleString("en")} members anew`,
  [0, 1].map((shift) => [messageBytes(setUpdate(shift))]),
);
await measurePauses(`${DELTA_MEMBERS.toLocaleString("en")} members of such a set`, [
  [messageBytes(setDelta("removedMembers"))],
  [messageBytes(setDelta("addedMembers"))],
]);
process.exit(0);

function* take(batch: readonly Buffer[]): Steps<void> {
  const read: Message[] = [];
  for (const bytes of batch) {
    const result = yield* readMessageSteps(bytes);
    if (!result.ok || result.value.message === undefined) throw new Error("a message can't be read");
    read.push(result.value.message);
  }
  const issues = yield* builder.applySteps(read);
  if (issues.length > 0) throw new Error(JSON.stringify(issues[0]));
  revision++;
  store.publish(yield* builder.buildSteps(revision));
}

function setUpdate(shift: number): Message {
  return {
    kind: "ipset_update",
    id: "s:set-1",
    type: "NET",
    members: members(SET_MEMBERS, shift),
    incomplete: false,
  };
}

function setDelta(direction: "addedMembers" | "removedMembers"): Message {
  const none = { addedMembers: [], removedMembers: [] };
  return { kind: "ipset_delta_update", id: "s:set-1", ...none, [direction]: members(DELTA_MEMBERS, 1) };
}

function members(count: number, shift: number): string[] {
  return Array.from({ length: count }, (_, n) => {
    const at = n * 2 + shift;
    return `10.${(at >>> 16) & 255}.${(at >>> 8) & 255}.${at & 255}/32`;
  });
}

async function measurePauses(what: string, batches: readonly (readonly Buffer[])[]): Promise<void> {
  await run(batches, WARM_UP_MS);
  const { waitsMs, updates, tookMs, collectedMs } = await run(batches, MEASURED_MS);
  const name = `${what} ${isSliced ? "in slices" : "at once"}`;
  const budget = isSliced ? { budget: BUDGET_MS } : {};
  report({ name: `${name}: longest wait of a check`, value: Math.max(...waitsMs), unit: "ms", ...budget });
  report({ name: "… p99.9", value: percentile(waitsMs, 99.9), unit: "ms" });
  report({ name: "… longest collection of garbage", value: Math.max(0, ...collectedMs), unit: "ms" });
  report({ name: "… from bytes to being in force, mean", value: tookMs / updates, unit: "ms" });
}

type Run = {
  readonly waitsMs: number[];
  readonly collectedMs: number[];
  updates: number;
  /** Of all updates together. */
  tookMs: number;
};

function run(batches: readonly (readonly Buffer[])[], durationMs: number): Promise<Run> {
  const seen: Run = { waitsMs: [], collectedMs: [], updates: 0, tookMs: 0 };
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.collectedMs.push(duration);
  });
  observer.observe({ entryTypes: ["gc"] });
  const startMs = performance.now();
  let checkDueMs = startMs;
  let updateDueMs = startMs;
  return new Promise((resolve) => {
    const turn = (): void => {
      const nowMs = performance.now();
      for (; checkDueMs <= nowMs; checkDueMs += CHECK_EVERY_MS) {
        evaluate(store, flows[seen.waitsMs.length % flows.length]!);
        seen.waitsMs.push(performance.now() - checkDueMs);
      }
      if (nowMs >= updateDueMs && !work.isBusy) {
        updateDueMs += UPDATE_EVERY_MS;
        update(batches[seen.updates % batches.length]!, seen);
      }
      if (nowMs - startMs < durationMs || work.isBusy) {
        setImmediate(turn);
        return;
      }
      observer.disconnect();
      resolve(seen);
    };
    turn();
  });
}

function update(batch: readonly Buffer[], seen: Run): void {
  const startedMs = performance.now();
  seen.updates++;
  const steps = (function* (): Steps<void> {
    yield* take(batch);
    seen.tookMs += performance.now() - startedMs;
  })();
  if (isSliced) work.run(steps);
  else finishSteps(steps);
}
