import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Issue } from "../../src/base/issue.ts";
import {
  EmbeddedPolicy,
  type EmbeddedPolicyListener,
  type JudgingOptions,
} from "../../src/cli/embedded-policy.ts";
import { guardedWorkload } from "../../src/cli/guarded-workload.ts";
import type { PolicyFlags } from "../../src/cli/policy-flags.ts";
import { readDirectory } from "../../src/datastore/files/read-directory.ts";
import { type Resource, type ResourceUpdate, resourceKey } from "../../src/datastore/resources.ts";
import { parseAddress } from "../../src/net/address.ts";

const { resources: SHOP } = await readDirectory("examples/shop");
const API: PolicyFlags = { workload: { namespace: "shop", name: "api" } };

function put(resource: Resource): ResourceUpdate {
  return { kind: "put", key: resourceKey(resource), resource };
}

function find(kind: Resource["kind"], name: string): Resource {
  const found = SHOP.find((resource) => resource.kind === kind && resource.metadata.name === name);
  assert.ok(found !== undefined, `${kind} ${name}`);
  return found;
}

/** @param turns of an event loop, where work is to be divided: one step each. */
function observed(flags: PolicyFlags, turns?: (() => void)[]) {
  let nowMs = 0;
  const seen = {
    revisions: [] as number[],
    judging: [] as JudgingOptions[],
    issues: [] as (readonly Issue[])[],
  };
  const clock = { nowMs: () => nowMs++, wallMs: () => 0 };
  const listener: EmbeddedPolicyListener = {
    onJudging: (options) => seen.judging.push(options),
    onPublish: ({ revision }) => seen.revisions.push(revision),
    onIssues: (issues) => seen.issues.push(issues),
  };
  const slicing = turns && { clock, sliceMs: 0, schedule: (next: () => void) => turns.push(next) };
  const policy = new EmbeddedPolicy(clock, flags, guardedWorkload(flags), listener, slicing);
  return { policy, seen };
}

function isInForce(policy: EmbeddedPolicy): boolean {
  return policy.store.current !== undefined;
}

describe("EmbeddedPolicy", () => {
  it("has nothing in force before the datastore is in sync", () => {
    const { policy, seen } = observed(API);
    policy.onUpdates(SHOP.map(put));
    assert.equal(isInForce(policy), false);
    assert.equal(policy.inSync, false);
    policy.onInSync();
    assert.equal(policy.store.current?.hasEndpoint, true);
    assert.deepEqual(seen.revisions, [1]);
  });

  it("makes one revision of one batch, and none of a batch that changes nothing for the workload", () => {
    const { policy, seen } = observed(API);
    policy.onUpdates(SHOP.map(put));
    policy.onInSync();
    policy.onUpdates([put(find("StagedNetworkPolicy", "no-worker-calls")), put(find("Pod", "web-1"))]);
    assert.deepEqual(seen.revisions, [1]);
    const [catalogue, orders] = [
      find("NetworkPolicy", "read-catalogue"),
      find("NetworkPolicy", "place-orders"),
    ];
    policy.onUpdates([
      { kind: "delete", key: resourceKey(catalogue) },
      { kind: "delete", key: resourceKey(orders) },
    ]);
    assert.deepEqual(seen.revisions, [1, 2]);
    assert.equal(policy.store.current?.revision, 2);
  });

  it("works off later batches in slices, and what comes meanwhile in the next revision, none lost", () => {
    const turns: (() => void)[] = [];
    const { policy, seen } = observed(API, turns);
    policy.onUpdates(SHOP.map(put));
    policy.onInSync();
    assert.deepEqual([seen.revisions, turns.length], [[1], 0]);
    const before = policy.store.current?.counts.policies ?? 0;
    const [catalogue, orders, web] = [
      find("NetworkPolicy", "read-catalogue"),
      find("NetworkPolicy", "place-orders"),
      find("Pod", "web-1"),
    ];
    policy.onUpdates([{ kind: "delete", key: resourceKey(catalogue) }]);
    policy.onUpdates([{ kind: "delete", key: resourceKey(orders) }]);
    policy.onUpdates([{ kind: "delete", key: resourceKey(web) }]);
    policy.onUpdates([put(orders)]);
    assert.deepEqual([seen.revisions, policy.store.current?.counts.policies], [[1], before]);
    while (turns.length > 0) turns.shift()?.();
    assert.deepEqual(seen.revisions, [1, 2, 3]);
    assert.equal(policy.store.current?.counts.policies, before - 1);
  });

  it("publishes nothing of what is not done when it is closed", () => {
    const turns: (() => void)[] = [];
    const { policy, seen } = observed(API, turns);
    policy.onUpdates(SHOP.map(put));
    policy.onInSync();
    policy.onUpdates([{ kind: "delete", key: resourceKey(find("NetworkPolicy", "read-catalogue")) }]);
    turns.shift()?.();
    policy.close();
    while (turns.length > 0) turns.shift()?.();
    assert.deepEqual(seen.revisions, [1]);
  });

  it("takes the inventory as complete where another workload is listed, and as absent where only ours is", () => {
    const full = observed(API);
    full.policy.onUpdates(SHOP.map(put));
    full.policy.onInSync();
    const [judging] = full.seen.judging;
    assert.deepEqual(
      [judging?.inventory, judging?.inventoryFound, judging?.peer],
      ["complete", true, "both"],
    );

    const own = observed(API);
    own.policy.onUpdates([put(find("Pod", "api"))]);
    own.policy.onInSync();
    const [alone] = own.seen.judging;
    assert.deepEqual([alone?.inventory, alone?.inventoryFound, alone?.peer], ["none", true, "identity"]);
  });

  it("lets flags have the last word on both", () => {
    const { policy, seen } = observed({ ...API, inventory: "none", peer: "both" });
    policy.onUpdates(SHOP.map(put));
    policy.onInSync();
    const [judging] = seen.judging;
    assert.deepEqual([judging?.inventory, judging?.inventoryFound, judging?.peer], ["none", false, "both"]);
  });

  it("does not change its mind on the inventory when the first workload appears later", () => {
    const { policy, seen } = observed(API);
    policy.onUpdates([put(find("Pod", "api"))]);
    policy.onInSync();
    policy.onUpdates([put(find("Pod", "web-1"))]);
    assert.equal(seen.judging.length, 1);
  });

  it("guards the workload that flags describe, whatever documents come to say of it", () => {
    const address = parseAddress("10.9.9.9");
    assert.ok(address !== undefined);
    const { policy, seen } = observed({ ...API, address: [address] });
    policy.onUpdates(SHOP.filter(({ kind }) => kind !== "Pod").map(put));
    policy.onInSync();
    assert.equal(policy.store.current?.hasEndpoint, true);
    const before = [...seen.revisions];
    policy.onUpdates([put(find("Pod", "api"))]);
    policy.onUpdates([{ kind: "delete", key: resourceKey(find("Pod", "api")) }]);
    assert.deepEqual(seen.revisions, before);
    assert.equal(policy.store.current?.hasEndpoint, true);
  });

  it("says that the guarded workload is not there, and denies", () => {
    const { policy, seen } = observed({ workload: { namespace: "shop", name: "nobody" } });
    policy.onUpdates(SHOP.map(put));
    policy.onInSync();
    assert.equal(policy.store.current?.hasEndpoint, false);
    assert.ok(
      seen.issues.at(-1)?.some(({ code, message }) => code === "missing_reference" || /nobody/.test(message)),
    );
  });

  it("joins what the datastore and the calculation have to say", () => {
    const { policy, seen } = observed(API);
    policy.onUpdates([...SHOP.filter(({ kind }) => kind !== "Tier"), find("Tier", "default")].map(put));
    policy.onInSync();
    const issue: Issue = { severity: "error", code: "bad_document", where: "x.yaml:1:1", message: "m" };
    policy.onIssues([issue]);
    const last = seen.issues.at(-1) ?? [];
    assert.ok(last.includes(issue));
    assert.ok(
      last.some(({ message }) => /security/.test(message)),
      JSON.stringify(last),
    );
  });
});
