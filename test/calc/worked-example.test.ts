import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { selectorId } from "../../src/selector/format-selector.ts";
import { Folded, policyText } from "./fold.ts";
import {
  graphFor,
  kubernetesPolicy,
  namedPort,
  namespace,
  networkSet,
  pod,
  policy,
  put,
  rule,
  selector,
  serviceAccount,
  step,
  synced,
  tier,
} from "./make.ts";

/** The worked example of docs/semantics.md: two namespaces, two tiers, a policy of every enforced kind but one. */
const http = { methods: ["GET"], paths: [{ prefix: "/v1" }] };
const office = (nets: string[]) => networkSet("office", { kind: "office" }, nets);
const RESOURCES = [
  namespace("prod", { team: "x" }),
  namespace("dev", { team: "y" }),
  serviceAccount("prod/web", { r: "q" }),
  serviceAccount("prod/api"),
  pod("prod/web-0", { app: "web" }, ["10.1.0.5"], { serviceAccountName: "web" }),
  pod("dev/web-0", { app: "web" }, ["10.2.0.5"], { serviceAccountName: "web" }),
  pod("prod/api-0", { app: "api" }, ["10.1.0.9"], {
    serviceAccountName: "api",
    ports: [namedPort("http", 8080)],
  }),
  office(["192.0.2.0/24"]),
  tier("default", 1e6),
  tier("security", 10, "Pass"),
  policy("block", {
    tier: "security",
    order: 1,
    selector: "app == 'api'",
    ingress: [rule("Deny", { source: { selector: "kind == 'office'" } })],
  }),
  policy("prod/api", {
    order: 5,
    selector: "app == 'api'",
    ingress: [
      rule("Allow", { source: { serviceAccounts: { names: ["web"] } } }, { protocol: { name: "tcp" }, http }),
    ],
  }),
  kubernetesPolicy("prod/lock", {
    ingress: [
      {
        peers: [{ kind: "selectors", podSelector: undefined, namespaceSelector: selector("team == 'y'") }],
        ports: [{ protocol: "TCP", port: { name: "http" } }],
      },
    ],
  }),
];

function example() {
  const graph = graphFor("prod/api-0");
  const folded = new Folded().apply(synced(graph, ...RESOURCES));
  return { graph, folded };
}

const SET_A = 'kind == "office"';
const SET_B = '(projectcalico.org/namespace == "prod" && projectcalico.org/serviceaccount in {"web"})';
const SET_C = '(pcns.team == "y" && projectcalico.org/orchestrator == "k8s")';

const idOf = (text: string): string => selectorId(selector(text));

describe("the worked example", () => {
  it("lists the tiers, their policies and their default actions in order", () => {
    const { endpoint } = example().folded;
    const tiers = endpoint.tiers.map(({ name, ingressPolicies, egressPolicies, defaultAction }) => ({
      name,
      ingress: ingressPolicies.map(policyText),
      egress: egressPolicies.map(policyText),
      defaultAction,
    }));
    assert.deepEqual(tiers, [
      { name: "security", ingress: ["GlobalNetworkPolicy block"], egress: [], defaultAction: "Pass" },
      {
        name: "default",
        ingress: ["NetworkPolicy prod/api", "KubernetesNetworkPolicy prod/lock"],
        egress: [],
        defaultAction: "Deny",
      },
    ]);
  });

  it("names the endpoint, its address and its profiles", () => {
    const { folded } = example();
    assert.deepEqual([...folded.endpoints.keys()], ["k8s prod/api-0 eth0"]);
    assert.deepEqual(folded.endpoint.ipv4Nets, ["10.1.0.9/32"]);
    assert.deepEqual(folded.endpoint.ipv6Nets, []);
    assert.deepEqual(folded.endpoint.profileIds, ["kns.prod", "ksa.prod.api"]);
    assert.equal(folded.endpoint.state, "active");
  });

  it("scopes the policies' selectors", () => {
    const { folded } = example();
    assert.equal(folded.policy("GlobalNetworkPolicy", "block").originalSelector, 'app == "api"');
    assert.equal(
      folded.policy("NetworkPolicy", "prod/api").originalSelector,
      '(app == "api" && projectcalico.org/namespace == "prod")',
    );
    assert.equal(
      folded.policy("KubernetesNetworkPolicy", "prod/lock").originalSelector,
      '(projectcalico.org/orchestrator == "k8s" && projectcalico.org/namespace == "prod")',
    );
  });

  it("fills exactly the sets A, B, C and D", () => {
    const { folded } = example();
    const named = folded.policy("KubernetesNetworkPolicy", "prod/lock").inboundRules[0]?.destination
      .namedPortIpSetIds;
    assert.deepEqual(named, ["n:cl9_Kgeu4H0OGLbhovVR3NBLUOZscKeMK1Mu4A"]);
    assert.deepEqual(new Set(folded.sets.keys()), new Set([idOf(SET_A), idOf(SET_B), idOf(SET_C), named[0]]));
    assert.deepEqual(folded.members(idOf(SET_A)), ["192.0.2.0/24"]);
    assert.deepEqual(folded.members(idOf(SET_B)), ["10.1.0.5/32"]);
    assert.deepEqual(folded.members(idOf(SET_C)), ["10.2.0.5/32"]);
    assert.deepEqual(folded.members(named[0]), ["10.1.0.9,tcp:8080"]);
    assert.equal(folded.sets.get(idOf(SET_A))?.type, "NET");
    assert.equal(folded.sets.get(named[0] ?? "")?.type, "IP_AND_PORT");
  });

  it("turns the rules into messages", () => {
    const { folded } = example();
    const [block] = folded.policy("GlobalNetworkPolicy", "block").inboundRules;
    assert.equal(block?.action, "deny");
    assert.deepEqual(block.source.ipSetIds, [idOf(SET_A)]);
    const [api] = folded.policy("NetworkPolicy", "prod/api").inboundRules;
    assert.equal(api?.action, "allow");
    assert.deepEqual(api.protocol, { name: "tcp" });
    assert.deepEqual(api.source.ipSetIds, [idOf(SET_B)]);
    assert.deepEqual(api.source.serviceAccountMatch, { selector: "", names: ["web"] });
    assert.deepEqual(api.http, http);
    const [lock] = folded.policy("KubernetesNetworkPolicy", "prod/lock").inboundRules;
    assert.equal(lock?.action, "allow");
    assert.deepEqual(lock.protocol, { name: "tcp" });
    assert.deepEqual(lock.source.ipSetIds, [idOf(SET_C)]);
    assert.deepEqual(lock.destination.ipSetIds, []);
    assert.deepEqual(lock.destination.ports, []);
  });

  it("sends both profiles, one that allows and one without rules", () => {
    const { folded } = example();
    const namespaceProfile = folded.profiles.get("kns.prod");
    assert.deepEqual(
      namespaceProfile?.inboundRules.map(({ action }) => action),
      ["allow"],
    );
    assert.deepEqual(
      namespaceProfile?.outboundRules.map(({ action }) => action),
      ["allow"],
    );
    assert.deepEqual(folded.profiles.get("ksa.prod.api"), {
      inboundRules: [],
      outboundRules: [],
      unusable: "",
    });
  });

  it("tells of every namespace and service account", () => {
    const { folded } = example();
    assert.deepEqual([...folded.namespaces.keys()].sort(), ["dev", "prod"]);
    assert.deepEqual(
      folded.namespaces.get("prod"),
      new Map([
        ["team", "x"],
        ["projectcalico.org/name", "prod"],
      ]),
    );
    assert.deepEqual(
      folded.serviceAccounts.get("prod/web"),
      new Map([
        ["r", "q"],
        ["projectcalico.org/name", "web"],
      ]),
    );
  });

  it("takes the other namespace's pod out of C when that namespace is relabelled", () => {
    const { graph, folded } = example();
    const messages = step(graph, put(namespace("dev", { team: "z" })));
    assert.deepEqual(messages, [
      {
        kind: "ipset_delta_update",
        id: idOf(SET_C),
        addedMembers: [],
        removedMembers: ["10.2.0.5/32"],
      },
      {
        kind: "namespace_update",
        name: "dev",
        labels: new Map([
          ["team", "z"],
          ["projectcalico.org/name", "dev"],
        ]),
      },
    ]);
    folded.apply(messages);
  });

  it("adds to A what the office's network set gains", () => {
    const { graph } = example();
    const messages = step(graph, put(office(["192.0.2.0/24", "198.51.100.0/25"])));
    assert.deepEqual(messages, [
      {
        kind: "ipset_delta_update",
        id: idOf(SET_A),
        addedMembers: ["198.51.100.0/25"],
        removedMembers: [],
      },
    ]);
  });

  it("has nothing to complain about", () => {
    assert.deepEqual(example().graph.issues(), []);
  });
});
