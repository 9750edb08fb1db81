import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LocalEndpoint } from "../../src/calc/graph.ts";
import { CalcGraph } from "../../src/calc/graph.ts";
import type { Resource } from "../../src/datastore/resources.ts";
import { Folded, policyText } from "./fold.ts";
import * as make from "./make.ts";

const API = make.pod("prod/api", { app: "api" }, ["10.0.0.1"], { serviceAccountName: "api" });
const BASE = [
  make.namespace("prod", { team: "x" }),
  make.serviceAccount("prod/api", { r: "q" }),
  make.tier("default", 100),
  API,
];

/** What is listed for prod/api, tier by tier: `tier(action): ingress | egress`. */
function listed(...resources: Resource[]): string[] {
  return tiersOf(new Folded().apply(make.synced(make.graphFor("prod/api"), ...BASE, ...resources)));
}

function tiersOf({ endpoint }: Folded): string[] {
  return endpoint.tiers.map(({ name, defaultAction, ingressPolicies, egressPolicies }) => {
    const names = (ids: typeof ingressPolicies): string => ids.map(policyText).join(", ");
    return `${name}(${defaultAction}): ${names(ingressPolicies)} | ${names(egressPolicies)}`;
  });
}

describe("which policies select an endpoint", () => {
  const cases: { name: string; resource: Resource; selects: boolean }[] = [
    { name: "no selector, own namespace", resource: make.policy("prod/p"), selects: true },
    { name: "no selector, other namespace", resource: make.policy("dev/p"), selects: false },
    { name: "no selector, cluster-wide", resource: make.policy("p"), selects: true },
    { name: "its label", resource: make.policy("p", { selector: "app == 'api'" }), selects: true },
    { name: "another label", resource: make.policy("p", { selector: "app == 'web'" }), selects: false },
    {
      name: "its namespace's label",
      resource: make.policy("p", { namespaceSelector: "team == 'x'" }),
      selects: true,
    },
    {
      name: "another namespace's",
      resource: make.policy("p", { namespaceSelector: "team == 'y'" }),
      selects: false,
    },
    {
      name: "its service account's label",
      resource: make.policy("prod/p", { serviceAccountSelector: "r == 'q'" }),
      selects: true,
    },
    {
      name: "another service account's",
      resource: make.policy("prod/p", { serviceAccountSelector: "r == 'x'" }),
      selects: false,
    },
    { name: "every namespace", resource: make.policy("p", { namespaceSelector: "all()" }), selects: true },
    {
      name: "every service account",
      resource: make.policy("p", { serviceAccountSelector: "all()" }),
      selects: true,
    },
    { name: "Kubernetes, own namespace", resource: make.kubernetesPolicy("prod/p"), selects: true },
    { name: "Kubernetes, other namespace", resource: make.kubernetesPolicy("dev/p"), selects: false },
    { name: "untracked", resource: make.policy("p", { doNotTrack: true }), selects: false },
    { name: "before DNAT", resource: make.policy("p", { preDnat: true }), selects: false },
    { name: "in no direction", resource: make.policy("p", { appliesToIngress: false }), selects: false },
    {
      name: "in egress alone",
      resource: make.policy("p", { appliesToIngress: false, appliesToEgress: true }),
      selects: true,
    },
    {
      name: "needed everywhere, but not selecting it",
      resource: make.policy("p", { selector: "app == 'web'", performanceHints: ["AssumeNeededOnEveryNode"] }),
      selects: false,
    },
  ];
  for (const { name, resource, selects } of cases) {
    it(`${name}: ${selects ? "yes" : "no"}`, () => assert.equal(listed(resource).length, selects ? 1 : 0));
  }
});

describe("the lists of an endpoint", () => {
  it("hold a policy in the directions that it applies to", () => {
    assert.deepEqual(
      listed(
        make.policy("in"),
        make.policy("out", { appliesToIngress: false, appliesToEgress: true }),
        make.policy("two", { appliesToEgress: true }),
      ),
      [
        "default(Deny): GlobalNetworkPolicy in, GlobalNetworkPolicy two | GlobalNetworkPolicy out, GlobalNetworkPolicy two",
      ],
    );
  });

  it("are in order, tier by tier; a tier without an object is last and has no default action", () => {
    assert.deepEqual(
      listed(
        make.tier("late", undefined, "Pass"),
        make.tier("early", 1, "Pass"),
        make.tier("unused", 0),
        make.policy("z", { tier: "nowhere", order: 0 }),
        make.policy("y", { tier: "late" }),
        make.policy("x", { tier: "early" }),
        make.policy("b", { order: 2 }),
        make.policy("prod/a", { order: 2 }),
        make.policy("c", { order: 1 }),
        make.kubernetesPolicy("prod/k"),
      ),
      [
        "early(Pass): GlobalNetworkPolicy x | ",
        "default(Deny): GlobalNetworkPolicy c, NetworkPolicy prod/a, GlobalNetworkPolicy b, KubernetesNetworkPolicy prod/k | ",
        "late(Pass): GlobalNetworkPolicy y | ",
        "nowhere(): GlobalNetworkPolicy z | ",
      ],
    );
  });

  it("put cluster policies into the tiers that Kubernetes gives them", () => {
    const rules = [{ name: "", action: "Deny" as const, peers: [], protocols: [] }];
    assert.deepEqual(
      listed(
        make.tier("kube-admin", 10, "Pass"),
        make.tier("kube-baseline", 1e7, "Pass"),
        make.clusterPolicy("late", { priority: 20, ingress: rules }),
        make.clusterPolicy("early", { priority: 10, ingress: rules }),
        make.clusterPolicy("base", { tier: "Baseline", ingress: rules, egress: rules }),
        make.clusterPolicy("idle"),
      ),
      [
        "kube-admin(Pass): KubernetesClusterNetworkPolicy early, KubernetesClusterNetworkPolicy late | ",
        "kube-baseline(Pass): KubernetesClusterNetworkPolicy base | KubernetesClusterNetworkPolicy base",
      ],
    );
  });
});

describe("staged policies", () => {
  const staged = (stagedAction: "Set" | "Delete" | "Learn" | "Ignore") => ({
    ...make.policy("prod/p", { stagedAction }),
    kind: "StagedNetworkPolicy" as const,
  });
  for (const action of ["Set", "Learn", "Ignore"] as const) {
    it(`with ${action} flow through under their own kind`, () => {
      assert.deepEqual(listed(staged(action)), ["default(Deny): StagedNetworkPolicy prod/p | "]);
    });
  }

  it("with Delete say nothing", () => assert.deepEqual(listed(staged("Delete")), []));

  it("of Kubernetes too", () => {
    const kind = "StagedKubernetesNetworkPolicy";
    assert.deepEqual(listed(make.kubernetesPolicy("prod/p", { kind })), [`default(Deny): ${kind} prod/p | `]);
    assert.deepEqual(listed(make.kubernetesPolicy("prod/p", { kind, stagedAction: "Delete" })), []);
  });

  it("stand beside the enforced policy of the same name", () => {
    assert.deepEqual(listed(staged("Set"), make.policy("prod/p")), [
      "default(Deny): NetworkPolicy prod/p, StagedNetworkPolicy prod/p | ",
    ]);
  });
});

describe("policies that are sent", () => {
  const sent = (...resources: Resource[]): string[] =>
    [
      ...new Folded().apply(make.synced(make.graphFor("prod/api"), ...BASE, ...resources)).policies.keys(),
    ].sort();

  it("are those listed and those needed everywhere", () => {
    const performanceHints = ["AssumeNeededOnEveryNode"];
    assert.deepEqual(
      sent(
        make.policy("a"),
        make.policy("b", { selector: "app == 'web'" }),
        make.policy("c", { selector: "app == 'web'", performanceHints }),
        make.policy("d", { doNotTrack: true, performanceHints }),
      ),
      ["GlobalNetworkPolicy a", "GlobalNetworkPolicy c"],
    );
  });

  it("say what they are: namespace, tier, rules of both directions, combined selector", () => {
    const resource = make.policy("prod/p", {
      selector: "app == 'api'",
      ingress: [make.rule("Allow")],
      egress: [make.rule("Deny")],
      performanceHints: ["x"],
    });
    const folded = new Folded().apply(make.synced(make.graphFor("prod/api"), ...BASE, resource));
    const { inboundRules, outboundRules, ...rest } = folded.policy("NetworkPolicy", "prod/p");
    assert.deepEqual(rest, {
      namespace: "prod",
      tier: "default",
      untracked: false,
      preDnat: false,
      originalSelector: '(app == "api" && projectcalico.org/namespace == "prod")',
      perfHints: ["x"],
      unusable: "",
    });
    assert.deepEqual([inboundRules[0]?.action, outboundRules[0]?.action], ["allow", "deny"]);
  });

  it("keep the actions of an object that can't be used, and its sets away", () => {
    const resource = make.policy(
      "p",
      { ingress: [make.rule("Deny", { source: { selector: "a == 'b'" } }), make.rule("Allow")] },
      { unusable: { why: "bad selector" } },
    );
    const folded = new Folded().apply(make.synced(make.graphFor("prod/api"), ...BASE, resource));
    const policy = folded.policy("GlobalNetworkPolicy", "p");
    assert.equal(policy.unusable, "bad selector");
    assert.deepEqual(
      policy.inboundRules.map(({ action }) => action),
      ["deny", "allow"],
    );
    assert.equal(folded.sets.size, 0);
  });
});

describe("local endpoints", () => {
  const resources: Resource[] = [
    API,
    make.pod("prod/web", {}, ["10.0.0.2"], { nodeName: "node-2" }),
    make.workload("prod/w1", {}, ["10.0.0.3"], {
      orchestrator: "vm",
      workload: "machine",
      pod: "",
      interfaceName: "tap0",
    }),
    make.workload("prod/node--1-k8s-api--0-eth0", {}, ["10.0.0.4"], { pod: "api-0", node: "node-2" }),
    make.hostEndpoint("gateway", {}, ["192.0.2.1"], { interfaceName: "ens1" }),
    make.networkSet("prod/api", {}, ["192.0.2.0/24"]),
  ];
  const cases: { name: string; local: LocalEndpoint[]; want: string[] }[] = [
    { name: "a pod", local: [{ kind: "pod", namespace: "prod", name: "api" }], want: ["k8s prod/api eth0"] },
    { name: "a pod of another namespace", local: [{ kind: "pod", namespace: "dev", name: "api" }], want: [] },
    {
      name: "a workload endpoint by its workload",
      local: [{ kind: "pod", namespace: "prod", name: "machine" }],
      want: ["vm machine eth0"],
    },
    { name: "not by its own name", local: [{ kind: "pod", namespace: "prod", name: "w1" }], want: [] },
    {
      name: "a workload endpoint by its pod",
      local: [{ kind: "pod", namespace: "prod", name: "api-0" }],
      want: ["k8s prod/api-0 eth0"],
    },
    { name: "a host endpoint", local: [{ kind: "host-endpoint", name: "gateway" }], want: ["host  gateway"] },
    { name: "no host endpoint of that name", local: [{ kind: "host-endpoint", name: "api" }], want: [] },
    {
      name: "a node",
      local: [{ kind: "node", name: "node-1" }],
      want: ["host  gateway", "k8s prod/api eth0", "vm machine eth0"],
    },
    {
      name: "another node",
      local: [{ kind: "node", name: "node-2" }],
      want: ["k8s prod/api-0 eth0", "k8s prod/web eth0"],
    },
    { name: "none", local: [], want: [] },
  ];
  for (const { name, local, want } of cases) {
    it(name, () => {
      const graph = new CalcGraph({ local, inventory: "complete" });
      const folded = new Folded().apply(make.synced(graph, ...resources));
      assert.deepEqual([...folded.endpoints.keys()].sort(), want);
    });
  }

  it("name their interface where a document knows it", () => {
    const graph = new CalcGraph({ local: [{ kind: "node", name: "node-1" }], inventory: "complete" });
    const { endpoints } = new Folded().apply(make.synced(graph, ...resources));
    assert.equal(endpoints.get("host  gateway")?.name, "ens1");
    assert.equal(endpoints.get("vm machine eth0")?.name, "tap0");
    assert.equal(endpoints.get("k8s prod/api eth0")?.name, "");
  });

  it("a host endpoint is selected by cluster-wide policies that don't ask for a namespace", () => {
    const graph = new CalcGraph({
      local: [{ kind: "host-endpoint", name: "gateway" }],
      inventory: "complete",
    });
    const folded = new Folded().apply(
      make.synced(
        graph,
        ...resources,
        make.tier("default", 1),
        make.policy("all"),
        make.policy("prod/p"),
        make.policy("spaces", { namespaceSelector: "all()" }),
        make.policy("untracked", { doNotTrack: true }),
        make.policy("early", { preDnat: true }),
        make.kubernetesPolicy("prod/k"),
      ),
    );
    assert.deepEqual(tiersOf(folded), ["default(Deny): GlobalNetworkPolicy all | "]);
  });
});
