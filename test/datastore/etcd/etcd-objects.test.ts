/** From keys and values to resources, without a network; the hazards of datastore.md that an etcd has. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Issue } from "../../../src/base/issue.ts";
import { CalcGraph } from "../../../src/calc/graph.ts";
import type { EtcdEntry } from "../../../src/datastore/etcd/etcd-entry.ts";
import { ETCD_RESOURCES_PREFIX } from "../../../src/datastore/etcd/etcd-keys.ts";
import { EtcdObjects } from "../../../src/datastore/etcd/etcd-objects.ts";
import { type Resource, type ResourceUpdate, resourceKeyText } from "../../../src/datastore/resources.ts";
import { Folded } from "../../calc/fold.ts";

type Json = Record<string, unknown>;

/** Objects in an etcd that is only told of. */
class Told {
  readonly inForce = new Map<string, Resource | undefined>();
  readonly updates: ResourceUpdate[] = [];
  readonly objects: EtcdObjects;
  #revision = 1n;
  readonly #created = new Map<string, bigint>();

  constructor() {
    this.objects = new EtcdObjects({
      onUpdates: (updates) => {
        for (const update of updates) {
          this.updates.push(update);
          const key = resourceKeyText(update.key);
          if (update.kind === "delete") this.inForce.delete(key);
          else this.inForce.set(key, update.kind === "put" ? update.resource : undefined);
        }
      },
      onIssues: () => {},
    });
    this.list([]);
  }

  get issues(): readonly Issue[] {
    return this.objects.issues;
  }

  put(place: string, value: unknown): void {
    this.objects.apply({ kind: "put", entry: this.entry(place, value) });
  }

  delete(place: string): void {
    const entry = this.entry(place, "");
    this.#created.delete(place);
    this.objects.apply({ kind: "delete", entry: { ...entry, createRevision: 0n } });
  }

  list(entries: readonly EtcdEntry[], isCommitted = true): void {
    const list = this.objects.beginList();
    for (const entry of entries) list.add(entry);
    if (isCommitted) list.commit();
  }

  entry(place: string, value: unknown): EtcdEntry {
    const modRevision = ++this.#revision;
    const createRevision = this.#created.get(place) ?? modRevision;
    this.#created.set(place, createRevision);
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const key = Buffer.from(`${ETCD_RESOURCES_PREFIX}${place}`);
    return { key, value: Buffer.from(text), createRevision, modRevision };
  }

  /** A resource of a kind, which has to be in force. */
  get<Kind extends Resource["kind"]>(kind: Kind, id: string): Resource & { kind: Kind } {
    const found = this.inForce.get(`${kind} ${id}`);
    assert.ok(found?.kind === kind, JSON.stringify(this.issues));
    return found as Resource & { kind: Kind };
  }
}

function object(kind: string, metadata: Json, spec: Json = {}): Json {
  return {
    kind,
    apiVersion: "projectcalico.org/v3",
    metadata: { creationTimestamp: null, ...metadata },
    spec,
  };
}

function policy(name: string, spec: Json = {}, metadata: Json = {}): Json {
  return object("NetworkPolicy", { name, namespace: "prod", ...metadata }, { types: ["Ingress"], ...spec });
}

describe("objects as Calico writes them", () => {
  it("a policy, with its name in an annotation that vanishes", () => {
    const told = new Told();
    const annotations = { "projectcalico.org/metadata": '{"name":"api"}', other: "x" };
    const labels = { "projectcalico.org/tier": "default" };
    const ingress = [{ action: "Allow", protocol: "TCP", source: { serviceAccounts: { names: ["web"] } } }];
    told.put(
      "networkpolicies/prod/api",
      policy("api", { tier: "default", order: 100, ingress }, { uid: "u", labels, annotations }),
    );
    const { metadata, spec } = told.get("NetworkPolicy", "prod/api");
    assert.deepEqual([metadata.uid, metadata.annotations.size, spec.order], ["u", 0, 100]);
    assert.deepEqual(told.issues, []);
  });

  it("an old policy keeps the name that it is stored under", () => {
    const told = new Told();
    told.put(
      "globalnetworkpolicies/default.api",
      object("GlobalNetworkPolicy", { name: "default.api" }, { types: ["Ingress"] }),
    );
    assert.ok(told.get("GlobalNetworkPolicy", "default.api"));
  });

  it("a stored policy without `types` applies to both directions, with a warning", () => {
    const told = new Told();
    const egress = [{ action: "Allow" }];
    told.put(
      "networkpolicies/prod/api",
      object("NetworkPolicy", { name: "api", namespace: "prod" }, { egress }),
    );
    const { appliesToIngress, appliesToEgress } = told.get("NetworkPolicy", "prod/api").spec;
    assert.deepEqual([appliesToIngress, appliesToEgress], [true, true]);
    assert.deepEqual(
      told.issues.map(({ severity }) => severity),
      ["warning"],
    );
  });

  it("a workload endpoint, its labels stripped and its profiles from the spec", () => {
    const told = new Told();
    told.put(
      "profiles/kns.prod",
      object(
        "Profile",
        { name: "kns.prod" },
        {
          ingress: [{ action: "Allow" }],
          labelsToApply: { "pcns.team": "x", "pcns.projectcalico.org/name": "prod" },
        },
      ),
    );
    told.put(
      "profiles/ksa.prod.api",
      object("Profile", { name: "ksa.prod.api" }, { labelsToApply: { "pcsa.tier": "gold" } }),
    );
    const name = "node--1-k8s-api--0-eth0";
    told.put(
      `workloadendpoints/prod/${name}`,
      object(
        "WorkloadEndpoint",
        { name, namespace: "prod", labels: { app: "api", "pcns.team": "evil" } },
        {
          orchestrator: "k8s",
          node: "node-1",
          pod: "api-0",
          endpoint: "eth0",
          serviceAccountName: "api",
          ipNetworks: ["10.1.0.9/32"],
          profiles: ["kns.prod", "ksa.prod.api"],
          interfaceName: "cali1",
          ports: [{ name: "http", protocol: "TCP", port: 8080 }],
          containerID: "c",
          mac: "ee:ee:ee:ee:ee:ee",
        },
      ),
    );
    const endpoint = told.get("WorkloadEndpoint", `prod/${name}`);
    assert.deepEqual(endpoint.profiles, ["kns.prod", "ksa.prod.api"]);
    told.put(
      "networkpolicies/prod/api",
      policy("api", { selector: "pcns.team == 'x' && pcsa.tier == 'gold'" }),
    );
    told.put("networkpolicies/prod/evil", policy("evil", { selector: "pcns.team == 'evil'" }));
    told.put(
      "networkpolicies/prod/account",
      policy("account", { selector: "projectcalico.org/serviceaccount == 'api'" }),
    );
    const [own] = messagesOf(told).endpoints.values();
    const names = own?.tiers.flatMap(({ ingressPolicies }) => ingressPolicies.map(({ name }) => name));
    assert.deepEqual(names?.sort(), ["account", "api"]);
  });

  it("tiers, network sets and host endpoints", () => {
    const told = new Told();
    told.put("tiers/security", object("Tier", { name: "security" }, { order: 10, defaultAction: "Pass" }));
    told.put(
      "networksets/prod/office",
      object("NetworkSet", { name: "office", namespace: "prod" }, { nets: ["192.0.2.0/24"] }),
    );
    told.put(
      "globalnetworksets/office",
      object("GlobalNetworkSet", { name: "office" }, { nets: ["192.0.2.0/24"] }),
    );
    told.put("hostendpoints/h", object("HostEndpoint", { name: "h" }, { node: "n", interfaceName: "eth0" }));
    assert.deepEqual(told.issues, []);
    assert.equal(told.get("Tier", "security").order, 10);
    assert.equal(told.get("NetworkSet", "prod/office").nets.length, 1);
    assert.ok(told.get("HostEndpoint", "h") && told.get("GlobalNetworkSet", "office"));
  });
});

describe("values that can't be used", () => {
  const broken: readonly (readonly [string, unknown])[] = [
    ["no JSON", "{"],
    ["nothing", ""],
    ["no object", "[1]"],
    ["bytes of another encoding", "\u0000\u0001k8s"],
    [
      "an object without a spec",
      {
        kind: "NetworkPolicy",
        apiVersion: "projectcalico.org/v3",
        metadata: { name: "api", namespace: "prod" },
      },
    ],
    ["an unknown key", policy("api", { ingres: [] })],
    ["another kind", { ...policy("api"), kind: "GlobalNetworkPolicy" }],
    ["another API", { ...policy("api"), apiVersion: "ephor.dev/v1" }],
    ["another name", policy("web")],
    ["another namespace", policy("api", {}, { namespace: "dev" })],
  ];
  for (const [what, value] of broken) {
    it(`${what}: the last good version stays, and without one a placeholder refuses`, () => {
      const told = new Told();
      told.put("networkpolicies/prod/api", value);
      const standIn = told.get("NetworkPolicy", "prod/api");
      assert.ok(standIn.unusable !== undefined && standIn.spec.appliesToIngress);
      assert.equal(told.inForce.size, 4, "and nothing else, under whatever name");
      assert.ok(
        told.issues.some(
          ({ severity, where }) => severity === "error" && where.startsWith("NetworkPolicy prod/api"),
        ),
      );
      told.put("networkpolicies/prod/api", policy("api", { order: 7 }));
      assert.equal(told.get("NetworkPolicy", "prod/api").spec.order, 7);
      assert.deepEqual(told.issues, []);
      told.put("networkpolicies/prod/api", value);
      assert.equal(told.get("NetworkPolicy", "prod/api").spec.order, 7);
      assert.notDeepEqual(told.issues, []);
    });
  }

  it("a policy whose name is none still refuses, and so does one of no namespace's name", () => {
    const told = new Told();
    told.put("networkpolicies/prod/API!", policy("API!"));
    told.put("networkpolicies/PROD/api", policy("api", {}, { namespace: "PROD" }));
    assert.ok(told.get("NetworkPolicy", "prod/API!").unusable);
    assert.ok(told.get("NetworkPolicy", "PROD/api").unusable);
  });

  it("an object that was deleted and made anew has no earlier version", () => {
    const told = new Told();
    told.put("networkpolicies/prod/api", policy("api", { order: 7 }));
    told.delete("networkpolicies/prod/api");
    told.put("networkpolicies/prod/api", "{");
    assert.ok(told.get("NetworkPolicy", "prod/api").unusable);
  });

  it("a key that no object can have is said to be passed over, until it is gone", () => {
    const told = new Told();
    told.put("globalnetworkpolicies/prod/api", policy("api"));
    assert.deepEqual(
      told.issues.map(({ severity, code }) => [severity, code]),
      [["warning", "bad_name"]],
    );
    told.delete("globalnetworkpolicies/prod/api");
    assert.deepEqual(told.issues, []);
    told.list([told.entry("tiers/a/b", "{}")]);
    assert.equal(told.issues.length, 1);
    told.list([]);
    assert.deepEqual(told.issues, []);
  });

  it("whatever the bytes, it is known who it is and nothing is thrown", () => {
    const told = new Told();
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        told.put("globalnetworkpolicies/api", text);
        assert.ok(told.get("GlobalNetworkPolicy", "api").unusable);
      }),
    );
  });
});

describe("lists", () => {
  it("show deletions by absence, and change nothing before they are complete", () => {
    const told = new Told();
    const kept = told.entry("networkpolicies/prod/a", policy("a"));
    told.list([kept, told.entry("networkpolicies/prod/b", policy("b"))]);
    told.list([told.entry("networkpolicies/prod/c", policy("c"))], false);
    assert.ok(told.get("NetworkPolicy", "prod/a") && told.get("NetworkPolicy", "prod/b"));
    const before = told.updates.length;
    told.list([kept]);
    assert.deepEqual(
      told.updates.slice(before).map(({ kind, key }) => `${kind} ${resourceKeyText(key)}`),
      ["delete NetworkPolicy prod/b"],
    );
  });

  it("tell of the tiers that always exist, and of their return when one of them is deleted", () => {
    const told = new Told();
    assert.equal(told.get("Tier", "default").defaultAction, "Deny");
    told.put(
      "tiers/default",
      object("Tier", { name: "default" }, { order: 1_000_000, defaultAction: "Pass" }),
    );
    assert.equal(told.get("Tier", "default").defaultAction, "Pass");
    told.delete("tiers/default");
    assert.equal(told.get("Tier", "default").defaultAction, "Deny");
  });
});

describe("hazards of datastore.md", () => {
  it("H1: labels that only the engine may set have no effect on network sets and host endpoints", () => {
    const told = new Told();
    workload(told);
    const labels = { "pcns.projectcalico.org/name": "dev", "projectcalico.org/orchestrator": "k8s" };
    told.put(
      "networksets/prod/evil",
      object("NetworkSet", { name: "evil", namespace: "prod", labels }, { nets: ["198.51.100.0/24"] }),
    );
    const source = { namespaceSelector: "projectcalico.org/name == 'dev'" };
    told.put("networkpolicies/prod/api", policy("api", { ingress: [{ action: "Allow", source }] }));
    const members = [...messagesOf(told).sets.values()].flatMap((set) => [...set.members]);
    assert.deepEqual(members, []);
    assert.ok(told.issues.some(({ code }) => code === "reserved_label"));
  });

  it("H2: a Deny that becomes unreadable stays in force", () => {
    const told = new Told();
    told.put(
      "globalnetworkpolicies/deny",
      object("GlobalNetworkPolicy", { name: "deny" }, { types: ["Ingress"], ingress: [{ action: "Deny" }] }),
    );
    told.put("globalnetworkpolicies/deny", "{");
    const { spec, unusable } = told.get("GlobalNetworkPolicy", "deny");
    assert.deepEqual([spec.ingress.map(({ action }) => action), unusable], [["Deny"], undefined]);
  });

  it("H3: a profile that is deleted is gone, with its labels", () => {
    const told = new Told();
    workload(told);
    told.put(
      "profiles/kns.prod",
      object("Profile", { name: "kns.prod" }, { labelsToApply: { "pcns.team": "x" } }),
    );
    told.put("networkpolicies/prod/api", policy("api", { selector: "pcns.team == 'x'" }));
    const selected = (): number =>
      [...messagesOf(told).endpoints.values()].flatMap(({ tiers }) => tiers).length;
    assert.equal(selected(), 1);
    told.delete("profiles/kns.prod");
    assert.equal(selected(), 0);
  });

  it("H5: a network that does not parse makes the policy unusable, not wider", () => {
    const told = new Told();
    told.put(
      "networkpolicies/prod/api",
      policy("api", { ingress: [{ action: "Allow", source: { nets: ["10.0.0.0/33"] } }] }),
    );
    assert.ok(told.get("NetworkPolicy", "prod/api").unusable);
  });

  for (const [direction, side] of [
    ["ingress", "source"],
    ["egress", "destination"],
  ] as const) {
    it(`H7: a service in the ${side} of an ${direction} rule is an error of the policy, which refuses`, () => {
      const told = new Told();
      const rule = { action: "Deny", [side]: { services: { name: "dns", namespace: "prod" } } };
      told.put(
        "globalnetworkpolicies/dns",
        object("GlobalNetworkPolicy", { name: "dns" }, { types: ["Ingress", "Egress"], [direction]: [rule] }),
      );
      assert.ok(told.get("GlobalNetworkPolicy", "dns").unusable);
      const [issue] = told.issues;
      assert.equal(issue?.where, `GlobalNetworkPolicy dns spec.${direction}[0].${side}.services`);
      assert.deepEqual([issue.severity, issue.code], ["error", "missing_reference"]);
    });
  }

  it("H7: and of a profile", () => {
    const told = new Told();
    const egress = [{ action: "Allow", destination: { services: { name: "dns", namespace: "prod" } } }];
    told.put("profiles/p", object("Profile", { name: "p" }, { egress }));
    assert.ok(told.get("Profile", "p").unusable);
  });
});

/** The workload that messages are asked for. */
function workload(told: Told): void {
  const spec = {
    orchestrator: "k8s",
    node: "n",
    pod: "api-0",
    endpoint: "eth0",
    ipNetworks: ["10.1.0.9/32"],
    profiles: ["kns.prod"],
  };
  told.put(
    "workloadendpoints/prod/n-k8s-api--0-eth0",
    object("WorkloadEndpoint", { name: "n-k8s-api--0-eth0", namespace: "prod" }, spec),
  );
}

function messagesOf(told: Told): Folded {
  const graph = new CalcGraph({
    local: [{ kind: "pod", namespace: "prod", name: "api-0" }],
    inventory: "complete",
  });
  const resources = [...told.inForce.values()].filter((resource) => resource !== undefined);
  graph.apply(
    resources.map((resource) => {
      const { namespace, name } = resource.metadata;
      return { kind: "put", key: { kind: resource.kind, namespace, name }, resource };
    }),
  );
  graph.setInSync();
  return new Folded().apply(graph.flush());
}
