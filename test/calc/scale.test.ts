import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { CalcGraph } from "../../src/calc/graph.ts";
import type { CalcWork } from "../../src/calc/work.ts";
import type { Pod, Resource, ResourceUpdate } from "../../src/datastore/resources.ts";
import type { Message } from "../../src/policy/messages.ts";
import { namedPort, namespace, networkSet, pod, policy, put, rule, serviceAccount, tier } from "./make.ts";

/*
 * A cluster of 10,000 pods and 1,000 policies, 250 of the pods on our node. What one change costs is counted in
 * selector evaluations, which no machine makes faster; the times are printed for the curious and not asserted.
 */
const NAMESPACES = 50;
const APPS = 20;
const PODS_PER_APP = 10;
const NODES = 40;

function podOf(space: number, app: number, index: number, labels: Record<string, string> = {}): Pod {
  const number = (space * APPS + app) * PODS_PER_APP + index;
  const ip = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
  return pod(
    `ns-${space}/app-${app}-${index}`,
    { app: `app-${app}`, "pod-template-hash": `h${number % 97}`, version: `v${index % 3}`, ...labels },
    [ip],
    { nodeName: `node-${number % NODES}`, serviceAccountName: `sa-${app}`, ports: [namedPort("http", 8080)] },
  );
}

function cluster(): Resource[] {
  const resources: Resource[] = [tier("default", 100), tier("security", 1, "Pass")];
  for (let space = 0; space < NAMESPACES; space++) {
    resources.push(
      namespace(`ns-${space}`, { team: `team-${space % 10}`, stage: space % 2 === 0 ? "prod" : "test" }),
    );
    for (let app = 0; app < APPS; app++) {
      resources.push(serviceAccount(`ns-${space}/sa-${app}`, { role: `role-${app % 4}` }));
      for (let index = 0; index < PODS_PER_APP; index++) resources.push(podOf(space, app, index));
      resources.push(
        policy(`ns-${space}/policy-${app}`, {
          order: app,
          selector: `app == 'app-${app}'`,
          ingress: [
            rule("Allow", { source: { selector: `app == 'app-${(app + 1) % APPS}'` } }),
            rule("Allow", {
              source: { namespaceSelector: `team == 'team-${app % 10}'`, selector: "version == 'v1'" },
              destination: { ports: [{ name: "http" }] },
            }),
            rule("Allow", { source: { serviceAccounts: { names: [`sa-${(app + 2) % APPS}`] } } }),
          ],
        }),
      );
    }
  }
  resources.push(networkSet("office", { kind: "office" }, ["192.0.2.0/24"]));
  resources.push(
    policy("block", {
      tier: "security",
      ingress: [rule("Deny", { source: { selector: "kind == 'office'" } })],
    }),
  );
  return resources;
}

describe("at 10,000 pods and 1,000 policies, one node with 250 of the pods", () => {
  let graph: CalcGraph;

  before(() => {
    const resources = cluster();
    assert.equal(resources.filter(({ kind }) => kind === "Pod").length, 10_000);
    assert.ok(resources.filter(({ kind }) => kind === "NetworkPolicy").length >= 1_000);
    graph = new CalcGraph({ local: [{ kind: "node", name: "node-7" }], inventory: "complete" });
    const started = performance.now();
    graph.apply(put(...resources));
    graph.setInSync();
    graph.flush();
    console.log(
      `from scratch: ${(performance.now() - started).toFixed(0)} ms, ${JSON.stringify(graph.work)}`,
    );
    assert.equal([...graph.view.endpoints()].length, 250);
  });

  /** What one flush of these changes did and said. */
  function cost(what: string, updates: ResourceUpdate[]): { work: CalcWork; messages: readonly Message[] } {
    const was = { ...graph.work };
    const started = performance.now();
    graph.apply(updates);
    const messages = graph.flush();
    const tookMs = performance.now() - started;
    const work = {
      selectorEvaluations: graph.work.selectorEvaluations - was.selectorEvaluations,
      itemsTouched: graph.work.itemsTouched - was.itemsTouched,
      rulesConverted: graph.work.rulesConverted - was.rulesConverted,
      endpointsListed: graph.work.endpointsListed - was.endpointsListed,
    };
    console.log(`${what}: ${tookMs.toFixed(2)} ms, ${messages.length} messages, ${JSON.stringify(work)}`);
    return { work, messages };
  }

  it("a remote pod's label that nothing selects by costs no selector evaluation and says nothing", () => {
    const { work, messages } = cost("unused label", put(podOf(3, 4, 5, { "pod-template-hash": "new" })));
    assert.deepEqual(messages, []);
    assert.equal(work.selectorEvaluations, 0);
    assert.equal(work.rulesConverted, 0);
    assert.equal(work.endpointsListed, 0);
  });

  it("a remote pod's label that selectors use asks only those that could match, and changes only sets", () => {
    const { work, messages } = cost("used label", put(podOf(3, 4, 5, { app: "app-9" })));
    assert.ok(work.selectorEvaluations > 0 && work.selectorEvaluations < 100, JSON.stringify(work));
    assert.ok(work.itemsTouched <= 1);
    assert.equal(work.rulesConverted, 0);
    assert.equal(work.endpointsListed, 0);
    assert.ok(messages.every(({ kind }) => kind === "ipset_delta_update"));
  });

  it("a local pod's label touches its own endpoint alone, where the policies are in use already", () => {
    const number = (3 * APPS + 4) * PODS_PER_APP + 7;
    assert.equal(number % NODES, 7, "the pod is on our node");
    const { work, messages } = cost("local label", put(podOf(3, 4, 7, { app: "app-8" })));
    assert.ok(work.selectorEvaluations > 0 && work.selectorEvaluations < 100, JSON.stringify(work));
    assert.equal(work.rulesConverted, 0);
    assert.equal(work.endpointsListed, 1);
    assert.equal(messages.filter(({ kind }) => kind === "workload_endpoint_update").length, 1);
    assert.equal(messages.filter(({ kind }) => kind === "active_policy_remove").length, 1);
  });

  it("a policy that comes into use has its own sets filled from their rarest label, not from every pod", () => {
    const { work, messages } = cost("policy comes into use", put(podOf(3, 4, 7, { app: "app-9" })));
    assert.equal(work.rulesConverted, 3);
    assert.ok(work.selectorEvaluations < 2_000, JSON.stringify(work));
    assert.equal(messages.filter(({ kind }) => kind === "active_policy_update").length, 1);
  });

  it("a namespace's label that nothing selects by touches none of its pods", () => {
    const { work, messages } = cost(
      "unused namespace label",
      put(namespace("ns-3", { team: "team-3", stage: "x" })),
    );
    assert.equal(work.itemsTouched, 0);
    assert.equal(work.selectorEvaluations, 0);
    assert.deepEqual(
      messages.map(({ kind }) => kind),
      ["namespace_update"],
    );
  });

  it("a namespace's label that selectors use touches its own 200 pods, each for the sets it could be in", () => {
    const { work } = cost("used namespace label", put(namespace("ns-3", { team: "team-4", stage: "x" })));
    assert.ok(work.itemsTouched >= 200 && work.itemsTouched <= 250, JSON.stringify(work));
    assert.ok(work.selectorEvaluations < 200 * 40, JSON.stringify(work));
    assert.equal(work.rulesConverted, 0);
  });

  it("one policy's rules convert that policy alone", () => {
    const changed = policy("ns-5/policy-8", {
      order: 8,
      selector: "app == 'app-8'",
      ingress: [rule("Allow", { source: { selector: "app == 'app-0'" } })],
    });
    const { work, messages } = cost("policy rules", put(changed));
    assert.equal(work.rulesConverted, 1);
    assert.ok(work.selectorEvaluations <= 500, JSON.stringify(work));
    assert.equal(messages.filter(({ kind }) => kind === "active_policy_update").length, 1);
    assert.equal(messages.filter(({ kind }) => kind === "workload_endpoint_update").length, 0);
  });

  it("one policy's selector asks the node's endpoints and not the cluster's pods", () => {
    const changed = policy("ns-5/policy-6", { order: 6, selector: "app == 'app-7'" });
    const { work } = cost("policy selector", put(changed));
    assert.ok(work.selectorEvaluations <= 250, JSON.stringify(work));
  });

  it("a network set's change touches its sets alone", () => {
    const { work, messages } = cost(
      "network set",
      put(networkSet("office", { kind: "office" }, ["198.51.100.0/24"])),
    );
    assert.equal(work.selectorEvaluations, 0);
    assert.deepEqual(
      messages.map(({ kind }) => kind),
      ["ipset_delta_update"],
    );
  });

  it("putting all of it again as it is evaluates nothing", () => {
    const again = new CalcGraph({ local: [{ kind: "node", name: "node-7" }], inventory: "complete" });
    const resources = cluster();
    again.apply(put(...resources));
    again.setInSync();
    again.flush();
    const was = { ...again.work };
    again.apply(put(...cluster()));
    assert.deepEqual(again.flush(), []);
    assert.deepEqual(again.work, was);
  });
});
