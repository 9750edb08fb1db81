import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KindTable } from "../../../src/datastore/kind-table.ts";
import type { ApiObject } from "../../../src/datastore/kubernetes/api-object.ts";
import { clusterTable } from "../../../src/datastore/kubernetes/cluster-table.ts";
import { WATCHED_KINDS, type WatchedKind } from "../../../src/datastore/kubernetes/watched-kinds.ts";
import type { Resource, ResourceUpdate } from "../../../src/datastore/resources.ts";
import { trimObject } from "../../../src/datastore/trim-object.ts";

const V1 = "crd.projectcalico.org/v1";
const V3 = "projectcalico.org/v3";

function kindOf(resourceKind: string): WatchedKind {
  const found = WATCHED_KINDS.find((kind) => kind.resourceKind === resourceKind);
  assert.ok(found);
  return found;
}

let version = 0;

function object(metadata: Record<string, unknown>, rest: Record<string, unknown> = {}): ApiObject {
  const resourceVersion = String(++version);
  const value = { metadata: { uid: "u", resourceVersion, ...metadata }, ...rest };
  const { name, namespace = "", uid } = value.metadata as Record<string, unknown>;
  return { name: String(name), namespace: String(namespace), uid: String(uid), resourceVersion, value };
}

function table(kind: string): { table: KindTable<ApiObject>; updates: ResourceUpdate[] } {
  const updates: ResourceUpdate[] = [];
  const made = clusterTable(kindOf(kind), {
    onUpdates: (some) => updates.push(...some),
    onIssues: () => {},
  });
  return { table: made, updates };
}

function policy(
  name: string,
  spec: Record<string, unknown>,
  metadata: Record<string, unknown> = {},
): ApiObject {
  return object({ name, namespace: "shop", ...metadata }, { spec: { types: ["Ingress"], ...spec } });
}

describe("metadata in the v1 encoding", () => {
  const uid = "01020304-0506-0708-090a-0b0c0d0e0f10";

  function read(apiVersion: string, metadata: Record<string, unknown>): Resource {
    const { table: policies, updates } = table("NetworkPolicy");
    policies.put(policy("default.web", {}, { uid, ...metadata }), apiVersion);
    const [update] = updates;
    assert.ok(update?.kind === "put", JSON.stringify(policies.issues));
    return update.resource;
  }

  it("has its own UIDs, the v3 encoding the plain ones", () => {
    assert.equal(read(V1, {}).metadata.uid, "8040c020-a060-0710-0950-d030b070f008");
    assert.equal(read(V3, {}).metadata.uid, uid);
  });

  it("keeps the name it is stored under, packed or not", () => {
    assert.equal(read(V1, {}).metadata.name, "default.web");
    const annotations = { "projectcalico.org/metadata": JSON.stringify({ name: "web" }) };
    assert.equal(read(V1, { annotations }).metadata.name, "default.web");
  });

  it("packs labels, which win over the object's own, and vanishes", () => {
    const packed = { labels: { a: "packed", b: "packed" }, annotations: { x: "1" } };
    const annotations = { "projectcalico.org/metadata": JSON.stringify(packed), dropped: "yes" };
    const { metadata } = read(V1, { labels: { a: "own", c: "own" }, annotations });
    assert.deepEqual([...metadata.labels].sort(), [
      ["a", "packed"],
      ["b", "packed"],
      ["c", "own"],
    ]);
    assert.deepEqual([...metadata.annotations], [["x", "1"]]);
  });

  it("that isn't JSON makes the object refuse", () => {
    const placeholder = read(V1, { annotations: { "projectcalico.org/metadata": "{" } });
    assert.ok(placeholder.kind === "NetworkPolicy" && placeholder.unusable !== undefined);
  });
});

describe("objects as they arrive", () => {
  it("lose what nobody reads", () => {
    const metadata = {
      name: "p",
      managedFields: [1],
      ownerReferences: [2],
      annotations: {
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "cni.projectcalico.org/podIP": "10.0.0.1/32",
      },
    };
    assert.deepEqual(JSON.parse(JSON.stringify(trimObject({ metadata, spec: 1 }, kindOf("Pod"), "v1"))), {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", annotations: { "cni.projectcalico.org/podIP": "10.0.0.1/32" } },
      spec: 1,
    });
  });

  it("of the same version are not told again", () => {
    const { table: policies, updates } = table("NetworkPolicy");
    const one = policy("one", {});
    policies.put(one, V1);
    policies.put(one, V1);
    assert.equal(updates.length, 1);
    const list = policies.beginList();
    list.add(one, V1);
    list.commit();
    assert.equal(updates.length, 1);
  });

  it("of a list that is never committed change nothing", () => {
    const { table: policies, updates } = table("NetworkPolicy");
    policies.put(policy("one", {}), V1);
    policies.beginList().add(policy("two", {}), V1);
    assert.deepEqual(
      updates.map(({ key }) => key.name),
      ["one"],
    );
  });

  it("H2: broken, keep their last good version; made anew under the same name, they have none", () => {
    const { table: policies, updates } = table("NetworkPolicy");
    policies.put(policy("one", { order: 1 }), V1);
    policies.put(policy("one", { order: "first" }), V1);
    assert.equal(updates.length, 1);
    assert.equal(policies.issues.length, 1);
    policies.remove(policy("one", {}));
    assert.equal(policies.issues.length, 0);
    policies.put(policy("one", { order: "first" }, { uid: "another" }), V1);
    const last = updates.at(-1);
    assert.deepEqual(
      updates.map(({ kind }) => kind),
      ["put", "delete", "put"],
    );
    assert.ok(last?.kind === "put" && last.resource.kind === "NetworkPolicy" && last.resource.unusable);
  });

  it("H2: broken and replaced unseen by another of the same name, they have no last good version either", () => {
    const { table: policies, updates } = table("NetworkPolicy");
    policies.put(policy("one", { order: 1 }), V1);
    const list = policies.beginList();
    list.add(policy("one", { order: "first" }, { uid: "another" }), V1);
    list.commit();
    const last = updates.at(-1);
    assert.ok(last?.kind === "put" && last.resource.kind === "NetworkPolicy" && last.resource.unusable);
  });

  it("H4: a slice that moves to another service is one update, of its whole new self", () => {
    const { table: slices, updates } = table("EndpointSlice");
    for (const service of ["a", "b"]) {
      const labels = { "kubernetes.io/service-name": service };
      slices.put(
        object({ name: "s", namespace: "shop", labels }, { addressType: "IPv4", endpoints: [] }),
        "discovery.k8s.io/v1",
      );
    }
    assert.deepEqual(
      updates.map(
        (update) =>
          update.kind === "put" && update.resource.kind === "EndpointSlice" && update.resource.serviceName,
      ),
      ["a", "b"],
    );
  });

  it("H5: a rule with a CIDR that doesn't parse refuses instead of matching everybody", () => {
    const { table: policies, updates } = table("NetworkPolicy");
    policies.put(policy("one", { ingress: [{ action: "Allow", source: { nets: ["10.0.0.0/33"] } }] }), V1);
    const [update] = updates;
    assert.ok(update?.kind === "put" && update.resource.kind === "NetworkPolicy" && update.resource.unusable);
  });

  it("H1: a network set's labels can't claim a namespace", () => {
    const { table: sets } = table("NetworkSet");
    const labels = { "projectcalico.org/namespace": "prod" };
    sets.put(object({ name: "s", namespace: "shop", labels }, { spec: { nets: ["10.0.0.0/8"] } }), V1);
    assert.deepEqual(
      sets.issues.map(({ code }) => code),
      ["reserved_label"],
    );
  });
});

describe("tiers that every cluster has", () => {
  it("are there without an object, as the object says with one, and again when it is gone", () => {
    const { table: tiers, updates } = table("Tier");
    tiers.beginList().commit();
    assert.deepEqual(updates.map(({ key }) => key.name).sort(), ["default", "kube-admin", "kube-baseline"]);
    const own = object({ name: "default" }, { spec: { defaultAction: "Pass" } });
    tiers.put(own, V1);
    tiers.remove(own);
    const actions = updates
      .slice(3)
      .map(
        (update) => update.kind === "put" && update.resource.kind === "Tier" && update.resource.defaultAction,
      );
    assert.deepEqual(actions, ["Pass", "Deny"]);
  });
});
