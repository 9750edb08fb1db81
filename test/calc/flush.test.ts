import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CalcGraph } from "../../src/calc/graph.ts";
import type { Resource, ResourceUpdate } from "../../src/datastore/resources.ts";
import type { Message } from "../../src/policy/messages.ts";
import { Folded } from "./fold.ts";
import * as make from "./make.ts";

const API = make.pod("prod/api", { app: "api" }, ["10.0.0.1"]);
const fromWeb = [make.rule("Allow", { source: { selector: "app == 'web'" } })];
const POLICY = make.policy("p", { ingress: fromWeb });
const web = (index: number, labels: Record<string, string> = { app: "web" }) =>
  make.pod(`prod/web-${index}`, labels, [`10.1.0.${index}`]);
const BASE: Resource[] = [make.namespace("prod", { team: "x" }), make.tier("default", 100), API];

function start(...resources: Resource[]): { graph: CalcGraph; state: Folded } {
  const graph = make.graphFor("prod/api");
  return { graph, state: new Folded().apply(make.synced(graph, ...BASE, ...resources)) };
}

const kinds = (messages: readonly Message[]): string[] => messages.map(({ kind }) => kind);

describe("the first flush", () => {
  it("ends with in_sync, and no other does", () => {
    const graph = make.graphFor("prod/api");
    graph.apply(make.put(...BASE));
    graph.setInSync();
    assert.equal(kinds(graph.flush()).at(-1), "in_sync");
    graph.setInSync();
    assert.deepEqual(graph.flush(), []);
    assert.deepEqual(kinds(make.step(graph, make.put(POLICY))), [
      "ipset_update",
      "active_policy_update",
      "workload_endpoint_update",
    ]);
  });

  it("is in_sync alone where there is nothing", () => {
    const graph = make.graphFor("prod/api");
    graph.setInSync();
    assert.deepEqual(graph.flush(), [{ kind: "in_sync" }]);
  });

  it("has everything in its order", () => {
    const messages = make.synced(
      make.graphFor("prod/api"),
      ...BASE,
      POLICY,
      make.serviceAccount("prod/default"),
    );
    assert.deepEqual(kinds(messages), [
      "ipset_update",
      "active_policy_update",
      "active_profile_update",
      "active_profile_update",
      "workload_endpoint_update",
      "service_account_update",
      "namespace_update",
      "in_sync",
    ]);
  });
});

describe("one change", () => {
  const cases: { name: string; before: Resource[]; updates: ResourceUpdate[]; want: string[] }[] = [
    {
      name: "a pod that matches: a delta",
      before: [POLICY],
      updates: make.put(web(1)),
      want: ["ipset_delta_update"],
    },
    { name: "a pod that doesn't: nothing", before: [POLICY], updates: make.put(web(1, {})), want: [] },
    {
      name: "a policy's selector set: the new set, the policy, the old set",
      before: [POLICY],
      updates: make.put(
        make.policy("p", { ingress: [make.rule("Allow", { source: { selector: "app == 'cli'" } })] }),
      ),
      want: ["ipset_update", "active_policy_update", "ipset_remove"],
    },
    {
      name: "a policy ceases to select: the endpoint, the policy, the set",
      before: [POLICY],
      updates: make.put(make.policy("p", { selector: "app == 'other'", ingress: fromWeb })),
      want: ["workload_endpoint_update", "active_policy_remove", "ipset_remove"],
    },
    {
      name: "a policy of two that share a set goes: the set stays",
      before: [POLICY, make.policy("q", { ingress: fromWeb })],
      updates: make.remove(POLICY),
      want: ["workload_endpoint_update", "active_policy_remove"],
    },
    {
      name: "a policy's order among others: the endpoint alone",
      before: [POLICY, make.policy("q", { order: 5 })],
      updates: make.put(make.policy("p", { order: 1, ingress: fromWeb })),
      want: ["workload_endpoint_update"],
    },
    {
      name: "a policy's order alone in its tier: nothing",
      before: [POLICY],
      updates: make.put(make.policy("p", { order: 1, ingress: fromWeb })),
      want: [],
    },
    {
      name: "a policy's tier: the policy and the endpoint",
      before: [POLICY],
      updates: make.put(make.policy("p", { tier: "other", ingress: fromWeb })),
      want: ["active_policy_update", "workload_endpoint_update"],
    },
    {
      name: "a tier's default action: the endpoint",
      before: [POLICY],
      updates: make.put(make.tier("default", 100, "Pass")),
      want: ["workload_endpoint_update"],
    },
    {
      name: "a tier's order among others: the endpoint",
      before: [POLICY, make.tier("t", 1), make.policy("q", { tier: "t" })],
      updates: make.put(make.tier("t", 200)),
      want: ["workload_endpoint_update"],
    },
    {
      name: "a tier's order where none of its policies is listed: nothing",
      before: [POLICY, make.tier("t", 1)],
      updates: make.put(make.tier("t", 200)),
      want: [],
    },
    {
      name: "a workload endpoint's service account alone: its sets",
      before: [
        make.policy("p", {
          ingress: [make.rule("Allow", { source: { serviceAccounts: { names: ["b"] } } })],
        }),
        make.workload("prod/w", {}, ["10.0.0.9"], { serviceAccountName: "a" }),
      ],
      updates: make.put(make.workload("prod/w", {}, ["10.0.0.9"], { serviceAccountName: "b" })),
      want: ["ipset_delta_update"],
    },
    {
      name: "a tier goes: the endpoint",
      before: [POLICY],
      updates: make.remove(make.tier("default", 100)),
      want: ["workload_endpoint_update"],
    },
    {
      name: "a tier without policies: nothing",
      before: [POLICY],
      updates: make.put(make.tier("t", 1)),
      want: [],
    },
    {
      name: "a namespace's label that no selector mentions: the namespace",
      before: [POLICY],
      updates: make.put(make.namespace("prod", { team: "y" })),
      want: ["namespace_update"],
    },
    {
      name: "a namespace goes: its profile and the namespace",
      before: [POLICY],
      updates: make.remove(make.namespace("prod")),
      want: ["active_profile_update", "namespace_remove"],
    },
    {
      name: "the endpoint's own address: the endpoint and its sets",
      before: [make.policy("p", { ingress: [make.rule("Allow", { source: { selector: "app == 'api'" } })] })],
      updates: make.put(make.pod("prod/api", { app: "api" }, ["10.0.0.2"])),
      want: ["ipset_delta_update", "workload_endpoint_update"],
    },
    {
      name: "the endpoint goes: all that it needed goes after it",
      before: [POLICY],
      updates: make.remove(API),
      want: [
        "workload_endpoint_remove",
        "active_profile_remove",
        "active_profile_remove",
        "active_policy_remove",
        "ipset_remove",
      ],
    },
    {
      name: "the endpoint's service account: its profiles",
      before: [make.serviceAccount("prod/api", { r: "q" })],
      updates: make.put({ ...API, serviceAccountName: "api" }),
      want: ["active_profile_update", "workload_endpoint_update", "active_profile_remove"],
    },
  ];
  for (const { name, before, updates, want } of cases) {
    it(name, () => {
      const { graph, state } = start(...before);
      const messages = make.step(graph, updates);
      assert.deepEqual(kinds(messages), want);
      state.apply(messages);
    });
  }
});

describe("between two flushes", () => {
  const cases: { name: string; before: Resource[]; updates: ResourceUpdate[] }[] = [
    {
      name: "a policy that came and went was never there",
      before: [],
      updates: [...make.put(POLICY), ...make.remove(POLICY)],
    },
    {
      name: "a policy that went and came is there",
      before: [POLICY],
      updates: [...make.remove(POLICY), ...make.put(POLICY)],
    },
    {
      name: "a pod that came and went was no member",
      before: [POLICY],
      updates: [...make.put(web(1)), ...make.remove(web(1))],
    },
    {
      name: "a pod that went and came is still one",
      before: [POLICY, web(1)],
      updates: [...make.remove(web(1)), ...make.put(web(1))],
    },
    {
      name: "an endpoint that went and came is still there",
      before: [POLICY],
      updates: [...make.remove(API), ...make.put(API)],
    },
    {
      name: "a namespace that went and came is still there",
      before: [],
      updates: [...make.remove(make.namespace("prod")), ...make.put(make.namespace("prod", { team: "x" }))],
    },
    {
      name: "one pod's address taken over by another is still a member",
      before: [POLICY, web(1)],
      updates: [...make.remove(web(1)), ...make.put(make.pod("prod/next", { app: "web" }, ["10.1.0.1"]))],
    },
  ];
  for (const { name, before, updates } of cases) {
    it(name, () => {
      const { graph } = start(...before);
      assert.deepEqual(make.step(graph, updates), []);
    });
  }

  it("a set that one policy gives up and another takes is not sent again", () => {
    const { graph, state } = start(POLICY);
    const messages = make.step(graph, [
      ...make.remove(POLICY),
      ...make.put(make.policy("q", { ingress: fromWeb })),
    ]);
    assert.deepEqual(kinds(messages), [
      "active_policy_update",
      "workload_endpoint_update",
      "active_policy_remove",
    ]);
    state.apply(messages);
  });
});

describe("an inventory that is declared absent", () => {
  it("marks every set as incomplete, and a complete one none", () => {
    const services = { name: "s", namespace: "prod" };
    const policy = make.policy("p", {
      ingress: [
        make.rule("Allow", {
          source: { selector: "app == 'web'" },
          destination: { ports: [{ name: "http" }] },
        }),
        make.rule("Allow", { source: { services } }),
      ],
    });
    for (const inventory of ["none", "complete"] as const) {
      const messages = make.synced(make.graphFor("prod/api", { inventory }), ...BASE, policy);
      const sets = messages.filter((message) => message.kind === "ipset_update");
      assert.deepEqual(
        sets.map(({ incomplete }) => incomplete),
        Array(3).fill(inventory === "none"),
      );
    }
  });
});

describe("profiles", () => {
  const extra = make.workload("prod/w", {}, ["10.0.0.9"], {
    pod: "api",
    endpoint: "eth1",
    profiles: ["extra"],
  });

  it("that nobody defines deny both ways until somebody does", () => {
    const { graph, state } = start(extra);
    assert.deepEqual(
      state.profiles.get("extra")?.inboundRules.map(({ action }) => action),
      ["deny"],
    );
    assert.deepEqual(
      state.profiles.get("extra")?.outboundRules.map(({ action }) => action),
      ["deny"],
    );
    state.apply(make.step(graph, make.put(make.profile("extra", { ingress: [make.rule("Allow")] }))));
    assert.deepEqual(
      state.profiles.get("extra")?.inboundRules.map(({ action }) => action),
      ["allow"],
    );
    assert.deepEqual(state.profiles.get("extra")?.outboundRules, []);
    state.apply(make.step(graph, make.remove(make.profile("extra"))));
    assert.deepEqual(
      state.profiles.get("extra")?.inboundRules.map(({ action }) => action),
      ["deny"],
    );
  });

  it("have sets of their own, not scoped to a namespace", () => {
    const ingress = [make.rule("Allow", { source: { selector: "app == 'api'", ports: [{ name: "x" }] } })];
    const { state } = start(extra, make.profile("extra", { ingress }));
    assert.equal(state.sets.size, 1);
    const named = state.profiles.get("extra")?.inboundRules[0]?.source.namedPortIpSetIds;
    assert.equal(named?.length, 1);
    assert.deepEqual(state.members(named?.[0]), []);
  });

  it("the built-in one allows both ways and can't be redefined", () => {
    const name = "projectcalico-default-allow";
    const listing = { ...extra, profiles: [name] };
    const { graph, state } = start(listing, make.profile(name, { ingress: [make.rule("Deny")] }));
    assert.deepEqual(
      state.profiles.get(name)?.inboundRules.map(({ action }) => action),
      ["allow"],
    );
    assert.deepEqual(
      state.profiles.get(name)?.outboundRules.map(({ action }) => action),
      ["allow"],
    );
    assert.equal(graph.issues().filter(({ code }) => code === "conflict").length, 1);
    assert.deepEqual(make.step(graph, make.remove(make.profile(name))), []);
  });

  it("a profile object with a namespace's name is that namespace, where there is no Namespace object", () => {
    const labelsToApply = new Map([
      ["pcns.team", "y"],
      ["pcns.pcns.x", "1"],
      ["loose", "2"],
    ]);
    const graph = make.graphFor("prod/api");
    const state = new Folded().apply(make.synced(graph, API, make.profile("kns.prod", { labelsToApply })));
    const want = new Map([
      ["team", "y"],
      ["pcns.x", "1"],
      ["loose", "2"],
    ]);
    assert.deepEqual(state.namespaces.get("prod"), want);
    state.apply(make.step(graph, make.put(make.namespace("prod", { team: "x" }))));
    assert.equal(state.namespaces.get("prod")?.get("team"), "x");
    state.apply(make.step(graph, make.remove(make.namespace("prod"))));
    assert.deepEqual(state.namespaces.get("prod"), want);
  });
});
