/** A history of a real cluster, followed through everything that can happen to its API server. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import type { LocalEndpoint } from "../../../src/calc/graph.ts";
import { KubernetesDatastore } from "../../../src/datastore/kubernetes/kubernetes-datastore.ts";
import { awaitTrue, type ControlPlane } from "../../control-plane/control-plane.ts";
import { CuttingProxy } from "../../control-plane/cutting-proxy.ts";
import { Calculating, calculateFromScratch, readObjects } from "../../support/calculating.ts";
import { GUARDED, ScriptedHistory, SPACES } from "../../support/scripted-history.ts";
import { applyChange, CALICO, create, listAll, nodeToken, pathOf, startCluster } from "./cluster.ts";

const STEPS = Number(process.env["EPHOR_HISTORY_STEPS"] ?? 60);
const SEED = Number(process.env["EPHOR_SEED"] ?? 1);
const QUIET_TIMEOUT_MS = 60_000;
const LOCAL: readonly LocalEndpoint[] = SPACES.map((namespace) => ({
  kind: "pod",
  namespace,
  name: GUARDED,
}));

describe("a cluster's history, followed over the API", () => {
  let plane: ControlPlane;
  let proxy: CuttingProxy;
  let history: ScriptedHistory;
  let listener: Calculating;
  let datastore: KubernetesDatastore;
  let token = "";

  before(async () => {
    plane = await startCluster();
    proxy = await CuttingProxy.start(plane.port);
    token = await nodeToken(plane);
    history = new ScriptedHistory(SEED, { hasClusterKinds: true });
    for (const change of history.begin()) await applyChange(plane, change);
    listener = new Calculating(LOCAL);
    datastore = new KubernetesDatastore(systemClock, {
      access: plane.access(() => token, proxy.port),
      random: Math.random,
    });
    await datastore.start(listener);
  });

  after(async () => {
    await datastore?.close();
    proxy?.close();
    await plane?.stop();
  });

  async function steps(count: number): Promise<void> {
    for (let step = 0; step < count; step++) await applyChange(plane, history.step());
  }

  async function holdsAfterwards(): Promise<void> {
    await listener.holds(await listAll(plane), QUIET_TIMEOUT_MS);
  }

  it("from the first list on", async () => {
    await steps(STEPS);
    await holdsAfterwards();
    assert.ok(
      listener.folded.policies.size > 0 && listener.folded.sets.size > 0,
      "the history says something",
    );
  });

  it("with the messages that the same history has in files", () => {
    const inFiles = calculateFromScratch(readObjects(history.objects), LOCAL);
    // A cluster has more namespaces and accounts than those of the history.
    assert.deepEqual(withoutNames(listener.said), withoutNames(inFiles));
  });

  it("through connections that are cut", async () => {
    for (let cut = 0; cut < 5; cut++) {
      await steps(STEPS / 5);
      proxy.cut();
    }
    await holdsAfterwards();
  });

  it("through a server that is killed and started again", async () => {
    await steps(STEPS / 3);
    await plane.killServer();
    const { inForce } = listener;
    const known = inForce.size;
    await awaitTrue("the loss is noticed", QUIET_TIMEOUT_MS, () => !datastore.health().isConnected);
    assert.equal(inForce.size, known, "nothing is taken away while nobody answers");
    await plane.startServer();
    await steps(STEPS / 3);
    await holdsAfterwards();
    await awaitTrue("the return is noticed", QUIET_TIMEOUT_MS, () => datastore.health().isConnected);
  });

  it("through changes that were made and forgotten while it was away (410)", async () => {
    proxy.isStalled = true;
    proxy.cut();
    await steps(STEPS);
    await plane.compact();
    await plane.killServer();
    await plane.startServer();
    await steps(5);
    proxy.isStalled = false;
    proxy.cut();
    await holdsAfterwards();
  });

  it("through a server that stands still", async () => {
    await awaitTrue("it is connected", QUIET_TIMEOUT_MS, () => datastore.health().isConnected);
    plane.pauseServer();
    await awaitTrue("the silence is noticed", QUIET_TIMEOUT_MS, () => !datastore.health().isConnected);
    plane.resumeServer();
    await steps(STEPS / 3);
    await holdsAfterwards();
  });

  it("through definitions that change while they are watched", async () => {
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/networkpolicies.crd.projectcalico.org`;
    await plane.request("PATCH", path, { spec: { names: { shortNames: ["cnp"] } } });
    await steps(STEPS / 3);
    await holdsAfterwards();
  });

  it("through a new token", async () => {
    const before = token;
    token = await nodeToken(plane);
    assert.notEqual(token, before);
    proxy.cut();
    await steps(5);
    await holdsAfterwards();
  });

  it("H2: an object that becomes unusable keeps its last good version, one that never was refuses", async () => {
    const ingress = [{ action: "Deny" }];
    await create(
      plane,
      CALICO,
      "GlobalNetworkPolicy",
      { name: "h2" },
      { spec: { order: 1, types: ["Ingress"], ingress } },
    );
    await listener.until("it is in force", () => orderOf("GlobalNetworkPolicy h2") === 1);
    const path = `${pathOf(CALICO, "GlobalNetworkPolicy")}/h2`;
    await plane.request("PATCH", path, { spec: { order: 2, selector: "app ==" } });
    await listener.until("it is said", () =>
      listener.issues.some(({ where }) => where.startsWith("GlobalNetworkPolicy h2")),
    );
    assert.equal(orderOf("GlobalNetworkPolicy h2"), 1);
    await create(
      plane,
      CALICO,
      "GlobalNetworkPolicy",
      { name: "h2-new" },
      { spec: { order: 3, selector: "app ==" } },
    );
    await listener.until("its placeholder stands", () => listener.inForce.has("GlobalNetworkPolicy h2-new"));
    const standIn = listener.inForce.get("GlobalNetworkPolicy h2-new");
    assert.ok(standIn?.kind === "GlobalNetworkPolicy" && standIn.unusable !== undefined);
    for (const name of ["h2", "h2-new"])
      await plane.request("DELETE", `${pathOf(CALICO, "GlobalNetworkPolicy")}/${name}`);
    await holdsAfterwards();
  });

  it("H3: a namespace and an account that are deleted while nobody looks are gone", async () => {
    await create(plane, "v1", "ServiceAccount", { name: "brief", namespace: "prod" });
    await listener.until("it is there", () => listener.inForce.has("ServiceAccount prod/brief"));
    proxy.isStalled = true;
    proxy.cut();
    await plane.request("DELETE", `${pathOf("v1", "ServiceAccount", "prod")}/brief`);
    proxy.isStalled = false;
    await listener.until(
      "it is gone",
      () => !listener.inForce.has("ServiceAccount prod/brief"),
      QUIET_TIMEOUT_MS,
    );
    await holdsAfterwards();
  });

  function orderOf(key: string): number | undefined {
    const resource = listener.inForce.get(key);
    return resource?.kind === "GlobalNetworkPolicy" ? resource.spec.order : undefined;
  }
});

/** Of a state in comparable form, all but the labels of namespaces and accounts. */
function withoutNames(state: unknown): unknown {
  const { serviceAccounts: _, namespaces: __, ...rest } = state as Record<string, unknown>;
  assert.ok("endpoints" in rest && "sets" in rest);
  return rest;
}
