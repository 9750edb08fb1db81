import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Resource } from "../../src/datastore/resources.ts";
import { Folded } from "./fold.ts";
import * as make from "./make.ts";

const API = make.pod("prod/api", {}, ["10.0.0.1"]);
const BASE: Resource[] = [
  make.namespace("prod"),
  make.serviceAccount("prod/default"),
  make.tier("default", 1),
  API,
];
const services = { name: "s", namespace: "prod" };
const toService = [
  make.rule("Allow", { destination: { services } }),
  make.rule("Allow", { source: { services } }),
];

describe("issues of the calculation", () => {
  const absent = "so every request to it is denied";
  const cases: {
    name: string;
    resources: Resource[];
    want: [code: string, where: string, message: string][];
  }[] = [
    { name: "none where all is well", resources: [...BASE, make.policy("p")], want: [] },
    {
      name: "a policy in a tier that doesn't exist",
      resources: [...BASE, make.policy("p", { tier: "t" })],
      want: [["missing_reference", "GlobalNetworkPolicy p spec.tier", "tier `t` does not exist"]],
    },
    {
      name: "not a staged one that is to be deleted",
      resources: [
        ...BASE,
        {
          ...make.policy("p", { tier: "t", stagedAction: "Delete" }),
          kind: "StagedGlobalNetworkPolicy",
        } as Resource,
      ],
      want: [],
    },
    {
      name: "a Kubernetes policy where there is no default tier",
      resources: [...BASE.filter(({ kind }) => kind !== "Tier"), make.kubernetesPolicy("prod/k")],
      want: [
        ["missing_reference", "KubernetesNetworkPolicy prod/k spec.tier", "tier `default` does not exist"],
      ],
    },
    {
      name: "a service without slices, at each place that names it, though the policy selects nothing",
      resources: [...BASE, make.policy("p", { selector: "app == 'none'", ingress: toService })],
      want: [
        [
          "missing_reference",
          "GlobalNetworkPolicy p spec.ingress[0].destination.services",
          "service `prod/s`",
        ],
        ["missing_reference", "GlobalNetworkPolicy p spec.ingress[1].source.services", "service `prod/s`"],
      ],
    },
    {
      name: "not a service whose slice is empty",
      resources: [...BASE, make.policy("p", { ingress: toService }), make.slice("prod/s-1", "s", [], [])],
      want: [],
    },
    {
      name: "a profile that doesn't exist",
      resources: BASE.filter(({ kind }) => kind !== "Namespace"),
      want: [["missing_reference", "Pod prod/api", "profile `kns.prod` does not exist"]],
    },
    {
      name: "a pod that doesn't exist",
      resources: BASE.filter((resource) => resource !== API),
      want: [["missing_reference", "Pod prod/api", `does not exist, ${absent}`]],
    },
    {
      name: "a pod that is on no node",
      resources: [...BASE, { ...API, nodeName: "" }],
      want: [["missing_reference", "Pod prod/api", `has no \`spec.nodeName\`, ${absent}`]],
    },
    {
      name: "a pod without an address",
      resources: [...BASE, { ...API, addresses: [] }],
      want: [["missing_reference", "Pod prod/api", `has no address, ${absent}`]],
    },
    {
      name: "not another pod without an address",
      resources: [...BASE, make.pod("prod/web", {}, [])],
      want: [],
    },
    {
      name: "two objects that are one endpoint",
      resources: [...BASE, make.workload("prod/api-0", {}, ["10.0.0.2"], { pod: "api" })],
      want: [["conflict", "WorkloadEndpoint prod/api-0", "is the same endpoint as Pod prod/api"]],
    },
    {
      name: "a profile that a namespace goes before",
      resources: [...BASE, make.profile("kns.prod")],
      want: [["conflict", "Profile kns.prod", "made from the namespace or service account"]],
    },
  ];
  for (const { name, resources, want } of cases) {
    it(name, () => {
      const graph = make.graphFor("prod/api");
      make.synced(graph, ...resources);
      const issues = graph.issues();
      assert.deepEqual(
        issues.map(({ code, where }) => [code, where]),
        want.map(([code, where]) => [code, where]),
      );
      issues.forEach(({ message, severity }, index) => {
        assert.ok(message.includes(want[index]?.[2] ?? "?"), message);
        assert.equal(severity, "warning");
      });
    });
  }

  it("go when what was missing comes, and stay the same array while nothing changes", () => {
    const graph = make.graphFor("prod/api");
    make.synced(graph, ...BASE, make.policy("p", { tier: "t" }));
    const first = graph.issues();
    assert.equal(first.length, 1);
    make.step(graph, make.put(make.pod("prod/web", {}, ["10.0.0.7"])));
    assert.equal(graph.issues(), first);
    make.step(graph, make.put(make.tier("t", 1)));
    assert.deepEqual(graph.issues(), []);
  });

  it("of two objects that are one endpoint, the other takes over when the first goes, with its own policies", () => {
    const graph = make.graphFor("prod/api");
    const other = make.workload("prod/api-0", { app: "other" }, ["10.0.0.2"], { pod: "api" });
    const folded = new Folded().apply(
      make.synced(graph, ...BASE, other, make.policy("p", { selector: "app == 'other'" })),
    );
    assert.deepEqual(folded.endpoint.ipv4Nets, ["10.0.0.1/32"]);
    assert.deepEqual(folded.endpoint.tiers, []);
    folded.apply(make.step(graph, make.remove(API)));
    assert.deepEqual(folded.endpoint.ipv4Nets, ["10.0.0.2/32"]);
    assert.equal(folded.endpoint.tiers.length, 1);
    assert.deepEqual(graph.issues(), []);
    folded.apply(make.step(graph, make.put(API)));
    assert.deepEqual(folded.endpoint.tiers, []);
  });
});
