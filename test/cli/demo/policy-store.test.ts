import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { clusterObject, pathOf } from "../../../src/cli/demo/cluster-object.ts";
import {
  editStore,
  fillStore,
  type PolicyStore,
  type ShopObject,
  StoreRefusal,
} from "../../../src/cli/demo/policy-store.ts";

/** A store that notes what is done to it, and refuses what `refuse` says. */
function noted(
  refuse: (object: ShopObject) => boolean = () => false,
): PolicyStore & { readonly done: string[] } {
  const done: string[] = [];
  const text = ({ kind, metadata }: ShopObject): string =>
    `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
  return {
    name: "a list",
    nodeFlags: [],
    howToEdit: [],
    done,
    put: async (object) => {
      if (refuse(object)) throw new StoreRefusal("no");
      done.push(`put ${text(object)}`);
    },
    remove: async (object) => void done.push(`remove ${text(object)}`),
    ruleName: (rule) => rule,
  };
}

describe("the example in a store", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ephor-store-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("gets namespaces first, then accounts and tiers, then all the rest, each object once", async () => {
    const store = noted();
    await fillStore(store, join(folder, "shop"));
    const kinds = store.done.map((line) => line.split(" ")[1] ?? "");
    const firsts = ["Namespace", "ServiceAccount", "Tier"];
    const count = (kind: string): number => kinds.filter((each) => each === kind).length;
    const early = firsts.flatMap((kind) => Array(count(kind)).fill(kind));
    assert.deepEqual(kinds.slice(0, early.length), early);
    assert.equal(new Set(store.done).size, store.done.length);
    assert.ok(
      store.done.includes("put Pod shop/api") && store.done.includes("put NetworkPolicy shop/metrics"),
    );
  });

  async function edited(store: PolicyStore, from: string, to: string): Promise<string | undefined> {
    const path = join(folder, "two.yaml");
    const one = "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: { name: one }\nspec: { order: 1 }\n";
    await writeFile(path, `${one}---\n${one.replace("one", "two")}`);
    const refusal = await editStore(store, path, (text) => text.replace(from, to));
    assert.ok((await readFile(path, "utf8")).includes(to));
    return refusal;
  }

  it("is changed where its file was, and nowhere else", async () => {
    const store = noted();
    assert.equal(await edited(store, "order: 1", "order: 2"), undefined);
    assert.deepEqual(store.done, ["put Tier /one"]);
  });

  it("holds an object under its new name before it loses the old one", async () => {
    const store = noted();
    await edited(store, "name: one", "name: three");
    assert.deepEqual(store.done, ["put Tier /three", "remove Tier /one"]);
  });

  it("stays as it was where the store refuses the change", async () => {
    const store = noted(({ metadata }) => metadata.name === "three");
    assert.equal(await edited(store, "name: one", "name: three"), "no");
    assert.deepEqual(store.done, []);
  });

  it("is not changed by a comment", async () => {
    const store = noted();
    await edited(store, "kind: Tier", "kind: Tier # really");
    assert.deepEqual(store.done, []);
  });
});

describe("an object of the example as an API server takes it", () => {
  const pod: ShopObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "api", namespace: "shop" },
    spec: { nodeName: "node-1", containers: [{ name: "api", ports: [{ containerPort: 1 }] }] },
    status: { podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }] },
  };

  it("has an image, and its addresses apart", () => {
    const { value, status } = clusterObject(pod);
    assert.deepEqual(value.spec, {
      nodeName: "node-1",
      containers: [{ name: "api", image: "none", ports: [{ containerPort: 1 }] }],
    });
    assert.equal(value.status, undefined);
    assert.deepEqual(status, {
      phase: "Running",
      podIP: "10.0.0.1",
      podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }],
    });
  });

  it("has a container where the example leaves them out, and no status where there is none", () => {
    const { status: _, ...rest } = pod;
    const { value, status } = clusterObject({ ...rest, spec: { nodeName: "node-1" } });
    assert.deepEqual(value.spec, { nodeName: "node-1", containers: [{ name: "main", image: "none" }] });
    assert.equal(status, undefined);
  });

  it("is as it was where it is no pod, and has its place by kind and namespace", () => {
    const tier: ShopObject = { apiVersion: "projectcalico.org/v3", kind: "Tier", metadata: { name: "a" } };
    assert.equal(clusterObject(tier).value, tier);
    assert.equal(pathOf(tier), "/apis/projectcalico.org/v3/tiers");
    assert.equal(pathOf(pod), "/api/v1/namespaces/shop/pods");
    const policy = { ...tier, kind: "NetworkPolicy", metadata: { name: "a", namespace: "shop" } };
    assert.equal(pathOf(policy), "/apis/projectcalico.org/v3/namespaces/shop/networkpolicies");
  });
});
