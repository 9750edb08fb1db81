/** A history of a real cluster, followed through everything that can happen to its API server. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { systemClock } from "../../../src/base/clock.ts";
import type { LocalEndpoint } from "../../../src/calc/graph.ts";
import { KubernetesDatastore } from "../../../src/datastore/kubernetes/kubernetes-datastore.ts";
import { type Resource, resourceKey, resourceKeyText } from "../../../src/datastore/resources.ts";
import { awaitTrue, type ControlPlane } from "../../control-plane/control-plane.ts";
import { CuttingProxy } from "../../control-plane/cutting-proxy.ts";
import {
  CALICO,
  Calculating,
  calculateFromScratch,
  create,
  listAll,
  nodeToken,
  pathOf,
  startCluster,
} from "./cluster.ts";
import { ScriptedHistory, SPACES } from "./scripted-history.ts";

const STEPS = Number(process.env["EPHOR_HISTORY_STEPS"] ?? 60);
const SEED = Number(process.env["EPHOR_SEED"] ?? 1);
const QUIET_TIMEOUT_MS = 60_000;
const LOCAL: readonly LocalEndpoint[] = SPACES.map((namespace) => ({
  kind: "pod",
  namespace,
  name: "guarded",
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
    history = new ScriptedHistory(plane, SEED);
    await history.begin();
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
    for (let step = 0; step < count; step++) await history.step();
  }

  /** Waits until what is in force is what is there, then compares all that was said with all that would be said now. */
  async function holdsAfterwards(): Promise<void> {
    const resources = await listAll(plane);
    const expected = byKey(resources);
    await awaitTrue("what is in force is what is there", QUIET_TIMEOUT_MS, () =>
      isDeepStrictEqual(listener.inForce, expected),
    ).catch(() => assert.deepEqual(listener.inForce, expected));
    assert.deepEqual(listener.folded.state(), calculateFromScratch(resources, LOCAL).state());
    assert.equal(listener.inSyncCount, 1);
    assert.equal(listener.folded.endpoints.size, LOCAL.length);
  }

  it("from the first list on", async () => {
    await steps(STEPS);
    await holdsAfterwards();
    assert.ok(
      listener.folded.policies.size > 0 && listener.folded.sets.size > 0,
      "the history says something",
    );
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

function byKey(resources: readonly Resource[]): Map<string, Resource> {
  return new Map(resources.map((resource) => [resourceKeyText(resourceKey(resource)), resource]));
}
