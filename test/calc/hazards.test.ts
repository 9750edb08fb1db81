import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { selectorSet } from "../../src/calc/ip-set-definition.ts";
import { policyModel } from "../../src/calc/policy-model.ts";
import type { Resource } from "../../src/datastore/resources.ts";
import { formatSelector } from "../../src/selector/format-selector.ts";
import { equals } from "../../src/selector/selector.ts";
import { Folded } from "./fold.ts";
import * as make from "./make.ts";

/*
 * Ways in which a calculation of this kind goes wrong so that somebody gets more than they were given. Each has a test
 * under its number (H: datastore and graph, M: policy model); those that a datastore can't let through to here are
 * tested with the datastores.
 */
const API = make.pod("prod/api", { app: "api" }, ["10.0.0.1"], { serviceAccountName: "api" });
const BASE: Resource[] = [
  make.namespace("prod", { team: "x" }),
  make.namespace("evil", { team: "z" }),
  make.tier("default", 100),
  API,
];

function folded(...resources: Resource[]): Folded {
  return new Folded().apply(make.synced(make.graphFor("prod/api"), ...BASE, ...resources));
}

/** The members of the first set that the first rule of this policy names for its source. */
function sourceMembers(state: Folded, kind: string, path: string): string[] {
  return state.members(state.policy(kind, path).inboundRules[0]?.source.ipSetIds[0]);
}

describe("H1 and M12: nobody can pose as somebody else's workload by labels", () => {
  const spoof = {
    app: "web",
    "pcns.team": "x",
    "pcsa.role": "admin",
    "pcns.projectcalico.org/name": "prod",
    "projectcalico.org/namespace": "prod",
    "projectcalico.org/orchestrator": "k8s",
    "projectcalico.org/serviceaccount": "web",
  };
  const impostors: Resource[] = [
    make.networkSet("evil/n", spoof, ["203.0.113.1"]),
    make.networkSet("g", spoof, ["203.0.113.2"]),
    make.hostEndpoint("h", spoof, ["203.0.113.3"]),
    make.pod("evil/p", spoof, ["203.0.113.4"]),
    make.workload("evil/w", spoof, ["203.0.113.5"], { profiles: ["kns.evil"] }),
  ];
  const peers: { name: string; source: Parameters<typeof make.entity>[0]; want?: string[] }[] = [
    { name: "namespace selector", source: { namespaceSelector: "team == 'x'" } },
    { name: "namespace's name", source: { namespaceSelector: "projectcalico.org/name == 'prod'" } },
    { name: "service account names", source: { serviceAccounts: { names: ["web"] } } },
    { name: "service account selector", source: { serviceAccounts: { selector: "role == 'admin'" } } },
    { name: "own namespace", source: { selector: "app == 'web'" } },
  ];
  for (const { name, source } of peers) {
    it(`for a policy that asks for ${name}`, () => {
      const state = folded(
        ...impostors,
        make.policy("prod/p", { ingress: [make.rule("Allow", { source })] }),
      );
      const members = sourceMembers(state, "NetworkPolicy", "prod/p");
      assert.deepEqual(
        members.filter((member) => member.startsWith("203.")),
        [],
      );
    });
  }

  it("and a Kubernetes pod selector chooses pods alone", () => {
    const peers = [
      { kind: "selectors" as const, podSelector: undefined, namespaceSelector: make.selector("") },
    ];
    const state = folded(...impostors, make.kubernetesPolicy("prod/k", { ingress: [{ ports: [], peers }] }));
    assert.deepEqual(sourceMembers(state, "KubernetesNetworkPolicy", "prod/k"), [
      "10.0.0.1/32",
      "203.0.113.4/32",
      "203.0.113.5/32",
    ]);
  });

  it("but the labels that are theirs still choose them", () => {
    const ingress = [make.rule("Allow", { source: { selector: "app == 'web'" } })];
    const state = folded(...impostors, make.policy("p", { ingress }));
    assert.equal(sourceMembers(state, "GlobalNetworkPolicy", "p").length, 5);
  });
});

describe("H2 and M6: an object that can't be used doesn't vanish", () => {
  it("its placeholder is listed where the policy would be", () => {
    const state = folded(
      make.policy(
        "deny",
        { order: 1, ingress: [make.rule("Deny")] },
        { unusable: { why: "unknown protocol" } },
      ),
    );
    assert.equal(state.endpoint.tiers[0]?.ingressPolicies.length, 1);
    assert.equal(state.policy("GlobalNetworkPolicy", "deny").unusable, "unknown protocol");
    assert.equal(state.policy("GlobalNetworkPolicy", "deny").inboundRules[0]?.action, "deny");
  });

  it("nor does a profile's", () => {
    const broken = make.profile("extra", { ingress: [make.rule("Deny")], unusable: { why: "bad rule" } });
    const state = folded(
      broken,
      make.workload("prod/w", {}, ["10.0.0.9"], { pod: "api", profiles: ["extra"], endpoint: "eth1" }),
    );
    assert.equal(state.profiles.get("extra")?.unusable, "bad rule");
    assert.equal(state.profiles.get("extra")?.inboundRules[0]?.action, "deny");
  });
});

describe("H3: a deleted namespace or service account is gone at once", () => {
  it("with its labels, its message and its profile's rules", () => {
    const graph = make.graphFor("prod/api");
    const ingress = [make.rule("Allow", { source: { namespaceSelector: "team == 'x'" } })];
    const state = new Folded().apply(
      make.synced(graph, ...BASE, make.serviceAccount("prod/api", { r: "q" }), make.policy("p", { ingress })),
    );
    assert.deepEqual(sourceMembers(state, "GlobalNetworkPolicy", "p"), ["10.0.0.1/32"]);
    state.apply(make.step(graph, make.remove(make.namespace("prod"), make.serviceAccount("prod/api"))));
    assert.deepEqual(sourceMembers(state, "GlobalNetworkPolicy", "p"), []);
    assert.equal(state.namespaces.has("prod"), false);
    assert.equal(state.serviceAccounts.size, 0);
    for (const name of ["kns.prod", "ksa.prod.api"]) {
      const profile = state.profiles.get(name);
      assert.deepEqual(
        [profile?.inboundRules[0]?.action, profile?.outboundRules[0]?.action],
        ["deny", "deny"],
        name,
      );
    }
  });
});

describe("H4: a slice that changes hands leaves the old service", () => {
  const policyOf = (service: string) =>
    make.policy(service, {
      ingress: [make.rule("Allow", { source: { services: { name: service, namespace: "prod" } } })],
    });
  const port = [{ protocol: "TCP" as const, port: 80 }];

  it("in one update", () => {
    const graph = make.graphFor("prod/api");
    const state = new Folded().apply(
      make.synced(
        graph,
        ...BASE,
        policyOf("old"),
        policyOf("new"),
        make.slice("prod/s", "old", ["10.9.0.1"], port),
      ),
    );
    assert.deepEqual(sourceMembers(state, "GlobalNetworkPolicy", "old"), ["10.9.0.1/32"]);
    state.apply(make.step(graph, make.put(make.slice("prod/s", "new", ["10.9.0.1"], port))));
    assert.deepEqual(sourceMembers(state, "GlobalNetworkPolicy", "old"), []);
    assert.deepEqual(sourceMembers(state, "GlobalNetworkPolicy", "new"), ["10.9.0.1/32"]);
  });

  it("and stays a member where another slice has the same address", () => {
    const graph = make.graphFor("prod/api");
    const slices = ["prod/s", "prod/t"].map((path) => make.slice(path, "old", ["10.9.0.1"], port));
    const state = new Folded().apply(make.synced(graph, ...BASE, policyOf("old"), ...slices));
    assert.deepEqual(make.step(graph, make.put(make.slice("prod/s", "", ["10.9.0.1"], port))), []);
    assert.deepEqual(sourceMembers(state, "GlobalNetworkPolicy", "old"), ["10.9.0.1/32"]);
  });
});

describe("H7 and M5: a service without a namespace is the policy's own", () => {
  const ingress = [make.rule("Allow", { source: { services: { name: "s" } } })];
  const slices = [make.slice("prod/s", "s", ["10.9.0.1"], []), make.slice("evil/s", "s", ["10.9.0.2"], [])];

  it("in a namespaced policy", () => {
    const state = folded(...slices, make.policy("prod/p", { ingress }));
    assert.deepEqual(sourceMembers(state, "NetworkPolicy", "prod/p"), ["10.9.0.1/32"]);
  });

  it("and nobody's in a cluster-wide one, which is reported", () => {
    const graph = make.graphFor("prod/api");
    const state = new Folded().apply(make.synced(graph, ...BASE, ...slices, make.policy("p", { ingress })));
    assert.deepEqual(sourceMembers(state, "GlobalNetworkPolicy", "p"), []);
    assert.equal(graph.issues().filter(({ where }) => where.includes("services")).length, 1);
  });
});

describe("H10: nothing is said before every kind was listed", () => {
  it("however often it is asked", () => {
    const graph = make.graphFor("prod/api");
    graph.apply(make.put(...BASE, make.policy("p", { ingress: [make.rule("Allow")] })));
    assert.deepEqual(graph.flush(), []);
    assert.deepEqual(graph.flush(), []);
    assert.deepEqual(graph.issues(), []);
    assert.deepEqual([...graph.view.endpoints()], []);
    graph.setInSync();
    assert.ok(graph.flush().length > 1);
  });
});

describe("M1: a selector can't get out of its namespace", () => {
  it("by closing a parenthesis, for the parts are joined as trees", () => {
    const state = folded(
      make.policy("evil/p", { selector: "a == 'b' || all()", ingress: [make.rule("Allow")] }),
    );
    assert.deepEqual(state.endpoint.tiers, []);
  });

  it("nor in a rule's peer", () => {
    const ingress = [make.rule("Allow", { source: { selector: "a == 'b' || all()" } })];
    const state = folded(make.pod("evil/p", {}, ["10.6.6.6"]), make.policy("prod/p", { ingress }));
    assert.deepEqual(sourceMembers(state, "NetworkPolicy", "prod/p"), ["10.0.0.1/32"]);
  });
});

describe("M2: no part of a scope is dropped", () => {
  it("each of the three narrows the policy alone", () => {
    const scopes = [
      { selector: "app == 'other'" },
      { namespaceSelector: "team == 'other'" },
      { serviceAccountSelector: "r == 'other'" },
    ];
    for (const scope of scopes) {
      assert.deepEqual(folded(make.policy("p", scope)).endpoint.tiers, [], JSON.stringify(scope));
    }
  });
});

describe("M3: a value that reads all() is a value", () => {
  it("in policies", () => {
    const { selector } = policyModel(
      make.policy("p", { selector: "a == 'all()'", namespaceSelector: "b == 'all()'" }),
    );
    assert.equal(formatSelector(selector), '(a == "all()" && pcns.b == "all()")');
  });

  it("in rules", () => {
    const ingress = [
      make.rule("Allow", { source: { namespaceSelector: "b == 'all()' || c == 'global()'" } }),
    ];
    const state = folded(
      make.namespace("n", { b: "all()" }),
      make.pod("n/p", {}, ["10.7.0.1"]),
      make.policy("p", { ingress }),
    );
    assert.deepEqual(sourceMembers(state, "GlobalNetworkPolicy", "p"), ["10.7.0.1/32"]);
  });
});

describe("M4: a service account's name is a name, whatever it holds", () => {
  for (const name of [
    "a', 'b",
    'a"} || all() || x in {"',
    "a' } || has(projectcalico.org/namespace) || a in {'",
  ]) {
    it(name, () => {
      const ingress = [make.rule("Allow", { source: { serviceAccounts: { names: [name] } } })];
      const state = folded(make.policy("prod/p", { ingress }));
      assert.deepEqual(sourceMembers(state, "NetworkPolicy", "prod/p"), []);
      assert.deepEqual(
        state.policy("NetworkPolicy", "prod/p").inboundRules[0]?.source.serviceAccountMatch?.names,
        [name],
      );
    });
  }
});

describe("M7: a block never becomes everybody", () => {
  it("its nets and what is taken out of them both reach the rule", () => {
    const peers = [
      {
        kind: "block" as const,
        cidr: make.cidr("10.0.0.0/8"),
        except: ["10.1.0.0/16", "10.2.0.0/16"].map(make.cidr),
      },
    ];
    const [rule] = folded(make.kubernetesPolicy("prod/k", { ingress: [{ ports: [], peers }] })).policy(
      "KubernetesNetworkPolicy",
      "prod/k",
    ).inboundRules;
    assert.deepEqual(rule?.source.nets, ["10.0.0.0/8"]);
    assert.deepEqual(rule?.source.notNets, ["10.1.0.0/16", "10.2.0.0/16"]);
  });

  it("a policy of which one couldn't be read allows nothing for certain", () => {
    const state = folded(
      make.kubernetesPolicy("prod/k", { ingress: [{ ports: [], peers: [] }], unusable: { why: "bad cidr" } }),
    );
    assert.equal(state.policy("KubernetesNetworkPolicy", "prod/k").unusable, "bad cidr");
  });
});

describe("M8: a cluster rule that names no peer is not about every peer", () => {
  const rule = (action: "Accept" | "Deny" | "Pass") => ({ name: "r", action, peers: [], protocols: [] });
  const actions = (...of: ("Accept" | "Deny" | "Pass")[]): string[] =>
    policyModel(make.clusterPolicy("c", { ingress: of.map(rule) }))
      .rules()
      .ingress.map(({ action }) => action);

  it("what would accept is dropped", () => assert.deepEqual(actions("Accept"), []));
  it("what would deny denies", () => assert.deepEqual(actions("Deny"), ["Deny"]));
  it("what would pass denies", () => assert.deepEqual(actions("Pass"), ["Deny"]));
});

describe("M9: directions are what the resource says", () => {
  it("a policy for ingress is in no egress list, though it has egress rules", () => {
    const state = folded(make.policy("p", { egress: [make.rule("Allow")] }));
    assert.equal(state.endpoint.tiers[0]?.egressPolicies.length, 0);
  });

  it("a cluster policy without rules applies nowhere, so its tier's default action doesn't either", () => {
    assert.deepEqual(folded(make.clusterPolicy("c")).endpoint.tiers, []);
  });
});

describe("M10: an HTTP match arrives as it was given", () => {
  it("also when it is empty", () => {
    const http = { methods: [], paths: [] };
    const state = folded(make.policy("p", { ingress: [make.rule("Allow", {}, { http })] }));
    assert.deepEqual(state.policy("GlobalNetworkPolicy", "p").inboundRules[0]?.http, http);
  });
});

describe("H5 and M11: nets arrive as they were given", () => {
  it("all of them, masked, and none of them as nothing", () => {
    const source = { nets: ["10.0.0.1/8", "fd00::/8"], notNets: ["10.1.0.0/16"] };
    const state = folded(make.policy("p", { ingress: [make.rule("Allow", { source })] }));
    const [rule] = state.policy("GlobalNetworkPolicy", "p").inboundRules;
    assert.deepEqual(rule?.source.nets, ["10.0.0.0/8", "fd00::/8"]);
    assert.deepEqual(rule?.source.notNets, ["10.1.0.0/16"]);
  });
});

describe("a set that a wider member covers", () => {
  it("keeps the narrower member too", () => {
    const ingress = [make.rule("Allow", { source: { selector: "app == 'api'" } })];
    const state = folded(
      make.networkSet("n", { app: "api" }, ["10.0.0.0/28"]),
      make.policy("p", { ingress }),
    );
    assert.deepEqual(state.members(selectorSet(equals("app", "api")).id), ["10.0.0.0/28", "10.0.0.1/32"]);
  });
});
