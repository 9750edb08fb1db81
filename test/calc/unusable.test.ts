import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CalcGraph } from "../../src/calc/graph.ts";
import type { Resource, ResourceKey, ResourceUpdate } from "../../src/datastore/resources.ts";
import { resourceKey, UNKNOWN_TIER } from "../../src/datastore/resources.ts";
import type { IpSetUpdate, Message } from "../../src/policy/messages.ts";
import * as make from "./make.ts";

const NAMESPACE = make.namespace("prod", { team: "x" });
const TIER = make.tier("default", 100);
const ACCOUNT = make.serviceAccount("prod/default");
const POLICY = make.policy("p", { ingress: [make.rule("Allow", { source: { selector: "app == 'web'" } })] });
const BASE: Resource[] = [
  NAMESPACE,
  TIER,
  ACCOUNT,
  make.pod("prod/api", { app: "api" }, ["10.0.0.1"]),
  POLICY,
  make.pod("prod/web", { app: "web" }, ["10.1.0.1"]),
];

const unusable = (key: ResourceKey): ResourceUpdate[] => [{ kind: "unusable", key, why: "broken" }];
const kinds = (messages: readonly Message[]): string[] => messages.map(({ kind }) => kind);
const sets = (messages: readonly Message[]): IpSetUpdate[] =>
  messages.filter((message) => message.kind === "ipset_update");

function start(inventory: "complete" | "none" = "complete"): { graph: CalcGraph; first: readonly Message[] } {
  const graph = make.graphFor("prod/api", { inventory });
  return { graph, first: make.synced(graph, ...BASE) };
}

describe("an object with labels that can't be used", () => {
  const keys: ResourceKey[] = [
    { kind: "Pod", namespace: "dev", name: "x" },
    { kind: "WorkloadEndpoint", namespace: "dev", name: "x" },
    { kind: "HostEndpoint", namespace: "", name: "x" },
    { kind: "NetworkSet", namespace: "dev", name: "x" },
    { kind: "GlobalNetworkSet", namespace: "", name: "x" },
    { kind: "EndpointSlice", namespace: "dev", name: "x" },
  ];
  for (const key of keys) {
    it(`may be in any set: ${key.kind}`, () => {
      const { graph, first } = start();
      assert.deepEqual(
        sets(first).map(({ incomplete }) => incomplete),
        [false],
      );
      const doubted = make.step(graph, unusable(key));
      assert.deepEqual(kinds(doubted), ["ipset_update"]);
      assert.deepEqual(
        sets(doubted).map(({ incomplete, members, type }) => [incomplete, members, type]),
        [[true, ["10.1.0.1/32"], "NET"]],
      );
      const mended = make.step(graph, [{ kind: "delete", key }]);
      assert.deepEqual(
        sets(mended).map(({ incomplete, members }) => [incomplete, members]),
        [[false, ["10.1.0.1/32"]]],
      );
    });
  }
  it("and was in force before is in force no more", () => {
    const { graph } = start();
    const [message] = sets(make.step(graph, unusable({ kind: "Pod", namespace: "prod", name: "web" })));
    assert.deepEqual([message?.incomplete, message?.members], [true, []]);
    assert.equal(
      sets([graph.view.ipSet(message?.id ?? "")].filter((set) => set !== undefined))[0]?.incomplete,
      true,
    );
  });
  it("changes nothing where sets are incomplete anyway", () => {
    const { graph, first } = start("none");
    assert.deepEqual(
      sets(first).map(({ incomplete }) => incomplete),
      [true],
    );
    assert.deepEqual(make.step(graph, unusable({ kind: "Pod", namespace: "dev", name: "x" })), []);
  });
  it("makes sets incomplete that come after it", () => {
    const { graph } = start();
    make.step(graph, unusable({ kind: "Pod", namespace: "dev", name: "x" }));
    const later = make.policy("q", { ingress: [make.rule("Deny", { source: { selector: "app == 'db'" } })] });
    assert.deepEqual(
      sets(make.step(graph, make.put(later))).map(({ incomplete }) => incomplete),
      [true],
    );
  });
  it("is no endpoint", () => {
    const { graph } = start();
    const messages = make.step(graph, unusable({ kind: "Pod", namespace: "prod", name: "api" }));
    assert.equal(kinds(messages).includes("workload_endpoint_remove"), true);
  });
});

describe("a namespace or service account that can't be used", () => {
  it("leaves no set that anything is known of", () => {
    const { graph } = start();
    const messages = make.step(graph, unusable({ kind: "Namespace", namespace: "", name: "dev" }));
    assert.deepEqual(
      sets(messages).map(({ type, members, incomplete }) => [type, members, incomplete]),
      [["unknown", [], true]],
    );
    assert.equal(kinds(messages).includes("workload_endpoint_remove"), false);
  });
  for (const broken of [NAMESPACE, ACCOUNT]) {
    it(`and is that of the endpoint takes the endpoint away until it is mended: ${broken.kind}`, () => {
      const { graph, first } = start();
      const endpoint = first.filter(({ kind }) => kind === "workload_endpoint_update");
      const doubted = make.step(graph, unusable(resourceKey(broken)));
      assert.equal(kinds(doubted).includes("workload_endpoint_remove"), true);
      const mended = make.step(graph, make.put(broken));
      assert.deepEqual(
        mended.filter(({ kind }) => kind === "workload_endpoint_update"),
        endpoint,
      );
      assert.deepEqual(sets(mended), sets(first));
    });
  }
});

describe("a profile whose labels are not known", () => {
  it("is in doubt like a namespace: sets count as missing, and endpoints that list it are taken away", () => {
    const graph = make.graphFor("prod/api");
    const endpoint = make.workload("prod/api", {}, ["10.0.0.1"], { profiles: ["p"] });
    make.synced(graph, ...BASE.filter(({ kind }) => kind !== "Pod"), endpoint, make.profile("p"));
    const broken = make.profile("p", { labelsToApply: undefined, unusable: { why: "broken" } });
    const doubted = make.step(graph, make.put(broken));
    assert.deepEqual(
      sets(doubted).map(({ type }) => type),
      ["unknown"],
    );
    assert.equal(kinds(doubted).includes("workload_endpoint_remove"), true);
    const mended = make.step(graph, make.put(make.profile("p")));
    assert.deepEqual(
      sets(mended).map(({ type }) => type),
      ["NET"],
    );
    assert.equal(kinds(mended).includes("workload_endpoint_update"), true);
  });
});

describe("a policy whose tier is not known", () => {
  it("comes before all tiers, in one that denies at its end, and lacks none", () => {
    const { graph } = start();
    const messages = make.step(graph, make.put(make.policy("q", { tier: UNKNOWN_TIER })));
    const [update] = messages.filter((message) => message.kind === "workload_endpoint_update");
    assert.deepEqual(
      update?.endpoint.tiers.map(({ name }) => name),
      [UNKNOWN_TIER, "default"],
    );
    assert.notEqual(update?.endpoint.tiers[0]?.defaultAction, "Pass");
    assert.deepEqual(graph.issues(), []);
  });
});

describe("a tier that can't be used", () => {
  it("takes away the endpoints that its policies select, and no others", () => {
    const { graph } = start();
    const other: ResourceKey = { kind: "Tier", namespace: "", name: "other" };
    assert.deepEqual(make.step(graph, unusable(other)), []);
    assert.equal(
      kinds(make.step(graph, unusable(resourceKey(TIER)))).includes("workload_endpoint_remove"),
      true,
    );
    assert.equal(kinds(make.step(graph, make.put(TIER))).includes("workload_endpoint_update"), true);
  });
  it("takes away an endpoint that comes to have a policy in it", () => {
    const { graph } = start();
    make.step(graph, unusable({ kind: "Tier", namespace: "", name: "other" }));
    const messages = make.step(graph, make.put(make.policy("q", { tier: "other" })));
    assert.equal(kinds(messages).includes("workload_endpoint_remove"), true);
  });
});
