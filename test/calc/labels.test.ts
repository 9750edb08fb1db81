import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Item } from "../../src/calc/item.ts";
import { type ItemResource, itemFacts } from "../../src/calc/item-facts.ts";
import { madeProfile, profileIdentity } from "../../src/calc/profile-definition.ts";
import { ProfileTable } from "../../src/calc/profile-table.ts";
import { hostEndpoint, namespace, networkSet, pod, profile, serviceAccount, workload } from "./make.ts";

/** The effective labels of an item among these profiles, by lookup of every name that could be one. */
function effective(resource: ItemResource, profiles: ProfileTable = cluster()): Record<string, string> {
  const facts = itemFacts(resource, () => undefined);
  assert.ok(facts);
  const item = new Item("item", facts, []);
  item.parents = profiles.adopt(item, facts.profiles);
  const found: Record<string, string> = {};
  item.forEachLabel((name) => {
    const value = item.get(name);
    if (value !== undefined) found[name] = value;
  });
  return found;
}

function cluster(): ProfileTable {
  const table = new ProfileTable();
  table.putMade(namespace("prod", { team: "x" }));
  table.putMade(serviceAccount("prod/api", { tier: "gold" }));
  table.putWritten(
    "extra",
    profile("extra", {
      labelsToApply: new Map([
        ["zone", "e"],
        ["app", "from-profile"],
        ["pcns.team", "y"],
      ]),
    }),
  );
  table.putWritten(
    "more",
    profile("more", {
      labelsToApply: new Map([
        ["zone", "m"],
        ["rack", "1"],
      ]),
    }),
  );
  table.process(() => true);
  return table;
}

const INHERITED_BY_PROD = { "pcns.team": "x", "pcns.projectcalico.org/name": "prod" };

describe("effective labels", () => {
  const spoofed = {
    app: "a",
    "pcns.team": "evil",
    "pcsa.tier": "evil",
    "projectcalico.org/namespace": "kube-system",
    "projectcalico.org/orchestrator": "evil",
    "projectcalico.org/serviceaccount": "admin",
  };
  const cases: { name: string; resource: ItemResource; want: Record<string, string> }[] = [
    {
      name: "a pod has its own, the engine's three, and those of its namespace and service account",
      resource: pod("prod/api-0", { app: "api" }, ["10.0.0.1"], { serviceAccountName: "api" }),
      want: {
        app: "api",
        "projectcalico.org/namespace": "prod",
        "projectcalico.org/orchestrator": "k8s",
        "projectcalico.org/serviceaccount": "api",
        ...INHERITED_BY_PROD,
        "pcsa.tier": "gold",
        "pcsa.projectcalico.org/name": "api",
      },
    },
    {
      name: "a pod can't give itself reserved labels",
      resource: pod("prod/api-0", spoofed, ["10.0.0.1"], { serviceAccountName: "other" }),
      want: {
        app: "a",
        "projectcalico.org/namespace": "prod",
        "projectcalico.org/orchestrator": "k8s",
        "projectcalico.org/serviceaccount": "other",
        ...INHERITED_BY_PROD,
      },
    },
    {
      name: "a workload endpoint has what its fields and its own profiles say",
      resource: workload("prod/w", { app: "w" }, ["10.0.0.1"], {
        serviceAccountName: "api",
        profiles: ["kns.prod", "extra", "more"],
      }),
      want: {
        app: "w",
        "projectcalico.org/namespace": "prod",
        "projectcalico.org/orchestrator": "k8s",
        "projectcalico.org/serviceaccount": "api",
        ...INHERITED_BY_PROD,
        zone: "e",
        rack: "1",
      },
    },
    {
      name: "the first profile that applies a label wins",
      resource: workload("prod/w", {}, ["10.0.0.1"], {
        orchestrator: "vm",
        profiles: ["extra", "kns.prod", "more"],
      }),
      want: {
        "projectcalico.org/namespace": "prod",
        "projectcalico.org/orchestrator": "vm",
        app: "from-profile",
        "pcns.team": "y",
        "pcns.projectcalico.org/name": "prod",
        zone: "e",
        rack: "1",
      },
    },
    {
      name: "a workload endpoint can't give itself reserved labels, without a service account neither",
      resource: workload("prod/w", spoofed, ["10.0.0.1"], { profiles: [] }),
      want: { app: "a", "projectcalico.org/namespace": "prod", "projectcalico.org/orchestrator": "k8s" },
    },
    {
      name: "a network set belongs to its namespace and to nothing else",
      resource: networkSet("prod/n", spoofed, ["192.0.2.0/24"]),
      want: { app: "a", "projectcalico.org/namespace": "prod", ...INHERITED_BY_PROD },
    },
    {
      name: "a global network set belongs to nothing",
      resource: networkSet("n", spoofed, ["192.0.2.0/24"]),
      want: { app: "a" },
    },
    {
      name: "a host endpoint has its own labels and those of the profiles it lists",
      resource: hostEndpoint("h", spoofed, ["192.0.2.1"], { profiles: ["more"] }),
      want: { app: "a", zone: "m", rack: "1" },
    },
  ];
  for (const { name, resource, want } of cases) it(name, () => assert.deepEqual(effective(resource), want));

  it("a label of the namespace called projectcalico.org/name doesn't hide the name", () => {
    const { definition } = madeProfile(namespace("prod", { "projectcalico.org/name": "dev" }));
    assert.equal(definition.labels.get("pcns.projectcalico.org/name"), "prod");
  });
});

describe("what is no endpoint", () => {
  const cases: { name: string; resource: ItemResource; present: boolean }[] = [
    { name: "a pod on a node", resource: pod("a/p", {}, ["10.0.0.1"]), present: true },
    {
      name: "a pod without a node",
      resource: pod("a/p", {}, ["10.0.0.1"], { nodeName: "" }),
      present: false,
    },
    {
      name: "a pod on its host's network",
      resource: pod("a/p", {}, ["10.0.0.1"], { hostNetwork: true }),
      present: false,
    },
    { name: "a finished pod", resource: pod("a/p", {}, ["10.0.0.1"], { finished: true }), present: false },
    { name: "a pod without an address", resource: pod("a/p", {}, []), present: false },
    { name: "a workload endpoint without an address", resource: workload("a/p", {}, []), present: false },
    {
      name: "a host endpoint without expected addresses",
      resource: hostEndpoint("h", {}, []),
      present: true,
    },
    { name: "an empty network set", resource: networkSet("n", {}, []), present: true },
  ];
  for (const { name, resource, present } of cases) {
    it(`${name} ${present ? "is an item" : "is none"}`, () => {
      assert.equal(itemFacts(resource, () => undefined) !== undefined, present);
    });
  }
});

describe("the identity of a profile", () => {
  const cases: { profile: string; want: ReturnType<typeof profileIdentity> }[] = [
    { profile: "kns.prod", want: { kind: "namespace", name: "prod" } },
    { profile: "ksa.prod.api", want: { kind: "service-account", namespace: "prod", name: "api" } },
    { profile: "ksa.prod.api.v2", want: { kind: "service-account", namespace: "prod", name: "api.v2" } },
    { profile: "kns.", want: undefined },
    { profile: "ksa.prod", want: undefined },
    { profile: "ksa.prod.", want: undefined },
    { profile: "ksa..api", want: undefined },
    { profile: "extra", want: undefined },
    { profile: "projectcalico-default-allow", want: undefined },
  ];
  for (const { profile: name, want } of cases) {
    it(`of ${name}`, () => assert.deepEqual(profileIdentity(name), want));
  }
});
