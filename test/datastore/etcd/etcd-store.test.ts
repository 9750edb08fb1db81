import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { stringify } from "yaml";
import { systemClock } from "../../../src/base/clock.ts";
import { CALICO_KINDS } from "../../../src/datastore/calico-kinds.ts";
import { applyObject, deleteObject, type Outcome } from "../../../src/datastore/change-object.ts";
import { etcdAccess, parseEtcdEndpoint } from "../../../src/datastore/etcd/etcd-access.ts";
import { ETCD_RESOURCES_PREFIX } from "../../../src/datastore/etcd/etcd-keys.ts";
import { EtcdStore } from "../../../src/datastore/etcd/etcd-store.ts";
import { type GivenObject, readGivenObjects } from "../../../src/datastore/given-objects.ts";
import type { ResourceStore, StoredObject } from "../../../src/datastore/resource-store.ts";
import type { ResourceKey } from "../../../src/datastore/resources.ts";
import { EtcdServer } from "../../support/etcd-server.ts";
import { networkPolicy, object, type Plain } from "../objects.ts";
import { ONE_OF_EACH } from "../one-of-each.ts";

const WRITE = { isDryRun: false };
const KEY: ResourceKey = { kind: "NetworkPolicy", namespace: "shop", name: "api" };
const POLICIES = `${ETCD_RESOURCES_PREFIX}networkpolicies/shop/`;

async function given(value: Plain): Promise<GivenObject> {
  const { objects, issues } = await readGivenObjects(
    [{ name: "x", bytes: Buffer.from(JSON.stringify(value)) }],
    undefined,
  );
  const [only] = objects;
  assert.ok(only !== undefined, stringify(issues));
  return only;
}

describe("an object in etcd", () => {
  let server: EtcdServer;
  let store: EtcdStore;

  before(async () => {
    server = await EtcdServer.start();
    const endpoint = parseEtcdEndpoint(server.url);
    assert.ok(endpoint.ok);
    store = new EtcdStore(systemClock, etcdAccess([endpoint.value], {}));
  });
  after(async () => {
    await store.close();
    await server.stop();
  });
  beforeEach(() => server.request("kv/deleterange", { key: "AA==", range_end: "AA==" }));

  /** As it lies there. */
  async function raw(key: string): Promise<Plain | undefined> {
    const { kvs = [] } = (await server.request("kv/range", { key: Buffer.from(key).toString("base64") })) as {
      kvs?: { value: string }[];
    };
    const [entry] = kvs;
    return entry && JSON.parse(Buffer.from(entry.value, "base64").toString());
  }

  async function apply(value: Plain, into: ResourceStore = store): Promise<Outcome> {
    return applyObject(into, await given(value), WRITE);
  }

  async function stored(key = KEY): Promise<StoredObject> {
    const found = await store.read(key);
    assert.ok(found !== undefined);
    return found;
  }

  it("is written as Calico's client writes it", async () => {
    assert.equal(
      (await apply(networkPolicy({ order: 1, tier: "security", ingress: [{ action: "Allow" }] }))).kind,
      "created",
    );
    const value = await raw(`${POLICIES}api`);
    assert.ok(value !== undefined);
    const { uid, creationTimestamp, ...metadata } = value["metadata"] as Plain;
    assert.match(String(uid), /^[0-9a-f-]{36}$/);
    assert.match(String(creationTimestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(
      { ...value, metadata },
      {
        apiVersion: "projectcalico.org/v3",
        kind: "NetworkPolicy",
        metadata: {
          name: "api",
          namespace: "shop",
          labels: { "projectcalico.org/tier": "security" },
          annotations: { "projectcalico.org/metadata": '{"name":"api"}' },
        },
        spec: { order: 1, tier: "security", types: ["Ingress"], ingress: [{ action: "Allow" }] },
      },
    );
  });

  it("of every kind is shown as it is taken back, unchanged", async () => {
    for (const value of ONE_OF_EACH) assert.equal((await apply(value)).kind, "created");
    for (const kind of CALICO_KINDS) {
      const { objects, issues } = await store.list(kind);
      assert.deepEqual([objects.length, issues], [1, []]);
      assert.deepEqual(objects[0]?.issues, []);
      assert.equal((await apply(objects[0]?.value as Plain)).kind, "unchanged");
      assert.doesNotMatch(JSON.stringify(objects[0]?.value), /projectcalico.org\/metadata/);
    }
    for (const value of ONE_OF_EACH) assert.equal((await apply(value)).kind, "unchanged");
  });

  it("keeps its uid and date when it is changed, and gets another revision", async () => {
    await apply(networkPolicy({ order: 1 }));
    const first = await stored();
    assert.equal((await apply(networkPolicy({ order: 2 }))).kind, "configured");
    const second = await stored();
    const metadata = (each: StoredObject): Plain => each.value?.["metadata"] as Plain;
    assert.equal(metadata(second)["uid"], metadata(first)["uid"]);
    assert.equal(metadata(second)["creationTimestamp"], metadata(first)["creationTimestamp"]);
    assert.ok(BigInt(second.revision) > BigInt(first.revision));
  });

  it("of a version that is not the stored one is a conflict, with what is stored", async () => {
    await apply(networkPolicy({ order: 1 }));
    const { revision, value } = await stored();
    await apply(networkPolicy({ order: 2 }));
    const before = await raw(`${POLICIES}api`);
    const outcome = await apply({ ...(value as Plain), spec: { order: 3, types: ["Ingress"] } });
    assert.equal(outcome.kind, "conflict");
    assert.deepEqual(outcome.kind === "conflict" && outcome.differences, [
      { path: "spec.order", there: 2, here: 3 },
    ]);
    assert.equal((await deleteObject(store, KEY, revision, WRITE)).kind, "conflict");
    assert.deepEqual(await raw(`${POLICIES}api`), before);
    await server.delete(`${POLICIES}api`);
    assert.equal((await apply(value as Plain)).kind, "conflict");
    assert.equal(await raw(`${POLICIES}api`), undefined);
  });

  describe("that somebody changes between reading and writing", () => {
    /** Does `interrupt` after each reading. */
    function interrupted(interrupt: () => Promise<void>): ResourceStore {
      return {
        name: store.name,
        list: (kind) => store.list(kind),
        read: async (key) => {
          const found = await store.read(key);
          await interrupt();
          return found;
        },
        objection: (object) => store.objection(object),
        prepare: (object, before) => store.prepare(object, before),
        create: (object, value) => store.create(object, value),
        update: (before, value) => store.update(before, value),
        delete: (before) => store.delete(before),
        close: async () => {},
      };
    }
    const theirs = networkPolicy({ order: 50, types: ["Ingress"] });

    it("is written on what is there then, without a version", async () => {
      await apply(networkPolicy({ order: 1 }));
      let times = 0;
      const busy = interrupted(async () => {
        if (times++ === 0) await server.put(`${POLICIES}api`, theirs);
      });
      assert.equal((await apply(networkPolicy({ order: 2 }), busy)).kind, "configured");
      assert.deepEqual((await stored()).value?.["spec"], { order: 2, types: ["Ingress"] });
    });

    it("is created over nobody, without a version", async () => {
      let times = 0;
      const busy = interrupted(async () => {
        if (times++ === 0) await server.put(`${POLICIES}api`, theirs);
      });
      assert.equal((await apply(networkPolicy({ order: 2 }), busy)).kind, "configured");
    });

    it("is a conflict with a version, and where it never rests", async () => {
      await apply(networkPolicy({ order: 1 }));
      const { value } = await stored();
      const busy = interrupted(() => server.put(`${POLICIES}api`, theirs));
      assert.equal((await apply({ ...(value as Plain), spec: { order: 3 } }, busy)).kind, "conflict");
      assert.equal((await apply(networkPolicy({ order: 3 }), busy)).kind, "conflict");
      assert.equal((await deleteObject(busy, KEY, undefined, WRITE)).kind, "conflict");
      assert.deepEqual((await raw(`${POLICIES}api`))?.["spec"], theirs["spec"]);
    });
  });

  it("of a writer up to Calico 3.31 is found by the name that its author gave it, and stays where it is", async () => {
    await server.put(
      `${POLICIES}default.api`,
      networkPolicy({ order: 1, types: ["Ingress"] }, { name: "default.api" }),
    );
    assert.equal((await stored()).key.name, "default.api");
    assert.equal((await apply(networkPolicy({ order: 2 }))).kind, "configured");
    assert.equal(await raw(`${POLICIES}api`), undefined);
    const { metadata, spec } = (await raw(`${POLICIES}default.api`)) as { metadata: Plain; spec: Plain };
    assert.deepEqual(
      [metadata["name"], metadata["annotations"], spec["order"]],
      ["default.api", undefined, 2],
    );
    assert.equal((await deleteObject(store, KEY, undefined, WRITE)).kind, "deleted");
    assert.equal(await raw(`${POLICIES}default.api`), undefined);
  });

  it("of that name in a later writer's hand is another one", async () => {
    const annotations = { "projectcalico.org/metadata": '{"name":"default.api"}' };
    await server.put(
      `${POLICIES}default.api`,
      networkPolicy({ types: ["Ingress"] }, { name: "default.api", annotations }),
    );
    assert.equal(await store.read(KEY), undefined);
    assert.equal((await apply(networkPolicy({ order: 2 }))).kind, "created");
    assert.ok(
      (await raw(`${POLICIES}api`)) !== undefined && (await raw(`${POLICIES}default.api`)) !== undefined,
    );
  });

  it("that is broken is shown, and can be mended and deleted", async () => {
    await server.put(`${POLICIES}api`, "{");
    await server.put(`${POLICIES}web`, networkPolicy({ order: "x" }, { name: "web" }));
    const [, kind] = CALICO_KINDS;
    assert.ok(kind !== undefined);
    const { objects } = await store.list(kind);
    assert.deepEqual(
      objects.map(({ key, value, issues }) => [key.name, value === undefined, issues.length > 0]),
      [
        ["api", true, true],
        ["web", false, true],
      ],
    );
    assert.equal((await apply(networkPolicy({ order: 1 }))).kind, "configured");
    assert.deepEqual((await stored()).issues, []);
    assert.equal((await deleteObject(store, { ...KEY, name: "web" }, undefined, WRITE)).kind, "deleted");
  });

  const refused = [
    {
      name: "policies of our own group",
      value: { ...networkPolicy({}), apiVersion: "ephor.dev/v1" },
      says: /objects of projectcalico.org\/v3/,
    },
    {
      name: "objects in the form of v1 custom resources",
      value: { ...networkPolicy({}), apiVersion: "crd.projectcalico.org/v1" },
      says: /objects of projectcalico.org\/v3/,
    },
    {
      name: "the annotation that is the store's",
      value: networkPolicy({}, { annotations: { "projectcalico.org/metadata": "{}" } }),
      says: /written by the store/,
    },
    {
      name: "copies of Kubernetes' policies",
      value: networkPolicy({}, { name: "knp.default.api" }),
      says: /copy of a Kubernetes NetworkPolicy/,
    },
    {
      name: "the profile that is everywhere",
      value: object("projectcalico.org/v3", "Profile", { name: "projectcalico-default-allow" }, { spec: {} }),
      says: /always exists/,
    },
    {
      name: "rules that name services",
      value: networkPolicy({
        egress: [{ action: "Allow", destination: { services: { name: "db", namespace: "shop" } } }],
      }),
      says: /holds no services/,
    },
  ];
  for (const { name, value, says } of refused) {
    it(`refuses ${name}`, async () => {
      assert.match(store.objection(await given(value)) ?? "", says);
    });
  }

  it("refuses to change or delete what others keep", async () => {
    await server.put(
      `${POLICIES}knp.default.api`,
      networkPolicy({ types: ["Ingress"] }, { name: "knp.default.api" }),
    );
    await server.put(
      `${ETCD_RESOURCES_PREFIX}tiers/default`,
      object("projectcalico.org/v3", "Tier", { name: "default" }, { spec: {} }),
    );
    for (const key of [
      { ...KEY, name: "knp.default.api" },
      { kind: "Tier", namespace: "", name: "default" } as const,
    ]) {
      assert.equal((await deleteObject(store, key, undefined, WRITE)).kind, "refused");
    }
    assert.equal((await apply(networkPolicy({ order: 7 }, { name: "knp.default.api" }))).kind, "refused");
    assert.ok((await raw(`${POLICIES}knp.default.api`)) !== undefined);
  });

  it("can't be reached where nobody listens, which is told", async () => {
    const endpoint = parseEtcdEndpoint("http://127.0.0.1:1");
    assert.ok(endpoint.ok);
    const lost = new EtcdStore(systemClock, etcdAccess([endpoint.value], {}));
    await assert.rejects(lost.read(KEY), /etcd http:\/\/127\.0\.0\.1:1: /);
    await lost.close();
  });
});
