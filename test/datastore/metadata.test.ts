import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { transformUid } from "../../src/datastore/schema/metadata.ts";
import { findings, messages, networkPolicy, object, type Plain, read, valid } from "./objects.ts";

const V3 = "projectcalico.org/v3";
const CRD = "crd.projectcalico.org/v1";

const named = (kind: string, name: unknown, apiVersion = V3): Plain => {
  const isNamespaced = [
    "NetworkPolicy",
    "StagedNetworkPolicy",
    "NetworkSet",
    "WorkloadEndpoint",
    "Pod",
  ].includes(kind);
  return object(apiVersion, kind, { name, ...(isNamespaced ? { namespace: "shop" } : {}) }, { spec: {} });
};

describe("the name of an object", () => {
  const long = (length: number): string => "a".repeat(length);
  const cases: readonly {
    readonly kind: string;
    readonly good: readonly string[];
    readonly bad: readonly string[];
  }[] = [
    {
      kind: "NetworkPolicy",
      good: [
        "a",
        "a-b",
        "0",
        "tier.name",
        "knp.default.web",
        "knp.default.a.b.c",
        "ossg.default.x",
        long(253),
      ],
      bad: [
        "A",
        "-a",
        "a-",
        "a.b.c",
        "a.",
        ".a",
        "a_b",
        "a b",
        "knp.default.",
        "knp.other.a",
        "a/b",
        "ä",
        long(254),
      ],
    },
    { kind: "StagedNetworkPolicy", good: ["knp.default.web"], bad: ["a.b.c"] },
    { kind: "GlobalNetworkPolicy", good: ["a", "security.block"], bad: ["knp.default.web", "a.b.c", ""] },
    { kind: "StagedGlobalNetworkPolicy", good: ["security.block"], bad: ["knp.default.web"] },
    { kind: "Tier", good: ["a", "a-1", long(63)], bad: ["a.b", "A", long(64)] },
    { kind: "NetworkSet", good: ["a.b.c.d", long(253)], bad: ["a..b", "a_b", long(254)] },
  ];
  for (const { kind, good, bad } of cases) {
    for (const name of good)
      it(`${kind} may be called ${name.slice(0, 20)} (${name.length})`, () =>
        assert.deepEqual(findings(named(kind, name)), []));
    for (const name of bad) {
      it(`${kind} may not be called ${JSON.stringify(name.slice(0, 20))} (${name.length})`, () => {
        assert.match(findings(named(kind, name)).join(), /^bad_(name|value) metadata\.name$/);
      });
    }
  }

  it("is required", () =>
    assert.deepEqual(findings(named("Tier", undefined)), ["missing_field metadata.name"]));
  it("is text", () => assert.deepEqual(findings(named("Tier", 8)), ["bad_value metadata.name"]));
});

describe("the namespace of an object", () => {
  const inNamespace = (kind: string, namespace: unknown): Plain =>
    object(V3, kind, { name: "a", namespace }, { spec: {} });
  it("is required of namespaced kinds", () => {
    assert.deepEqual(findings(inNamespace("NetworkPolicy", undefined)), ["missing_field metadata.namespace"]);
    assert.deepEqual(findings(inNamespace("NetworkPolicy", "")), ["missing_field metadata.namespace"]);
  });
  it("is refused for cluster-wide kinds", () => {
    assert.deepEqual(findings(inNamespace("GlobalNetworkPolicy", "shop")), ["conflict metadata.namespace"]);
    assert.deepEqual(findings(inNamespace("GlobalNetworkPolicy", "")), []);
  });
  it("is one label of up to 63 characters", () => {
    assert.deepEqual(findings(inNamespace("NetworkSet", "a".repeat(63))), []);
    assert.deepEqual(findings(inNamespace("NetworkSet", "a".repeat(64))), ["bad_name metadata.namespace"]);
    assert.deepEqual(findings(inNamespace("NetworkSet", "a.b")), ["bad_name metadata.namespace"]);
  });
});

describe("metadata", () => {
  it("may hold what a cluster prints", () => {
    const metadata = {
      uid: "6f5a3b1e-0c2d-4e5f-8a9b-0c1d2e3f4a5b",
      resourceVersion: "12",
      generation: 1,
      creationTimestamp: null,
      managedFields: [{}],
      ownerReferences: [],
      finalizers: ["x"],
      labels: { "projectcalico.org/tier": "default" },
      annotations: { a: "b" },
    };
    const policy = valid("NetworkPolicy", networkPolicy({}, metadata));
    assert.equal(policy.metadata.uid, metadata.uid);
    assert.deepEqual([...policy.metadata.annotations], [["a", "b"]]);
  });
  it("holds no unknown key on policy kinds", () => {
    assert.deepEqual(findings(networkPolicy({}, { lables: {} })), ["unknown_key metadata.lables"]);
  });
  it("only warns of a misspelt key where unknown ones are passed over", () => {
    const pod = object("v1", "Pod", { name: "a", namespace: "b", lables: {}, other: 1 }, { spec: {} });
    assert.deepEqual(findings(pod), []);
    assert.deepEqual(findings(pod, "warning"), ["unknown_key metadata.lables"]);
  });
  it("has labels that are text, as a truth value without quotes is not", () => {
    assert.deepEqual(findings(networkPolicy({}, { labels: { a: true } })), ["bad_value metadata.labels.a"]);
    assert.deepEqual(findings(networkPolicy({}, { labels: ["a"] })), ["bad_value metadata.labels"]);
  });
  it("has labels of bounded length", () => {
    assert.deepEqual(findings(networkPolicy({}, { labels: { ["k".repeat(512)]: "v".repeat(4096) } })), []);
    assert.equal(findings(networkPolicy({}, { labels: { ["k".repeat(513)]: "v".repeat(4097) } })).length, 2);
  });
});

describe("metadata of a stored custom resource", () => {
  const packed = (inner: unknown, metadata: Plain = {}, apiVersion = CRD): Plain => ({
    ...networkPolicy({ types: ["Ingress"] }),
    apiVersion,
    metadata: {
      name: "default.api",
      namespace: "shop",
      annotations: {
        "projectcalico.org/metadata": typeof inner === "string" ? inner : JSON.stringify(inner),
        own: "1",
      },
      ...metadata,
    },
  });

  it("keeps the stored name, which identifies the object and breaks ties", () => {
    assert.equal(valid("NetworkPolicy", packed({ name: "api" })).metadata.name, "default.api");
  });
  it("gets labels and annotations from the packed ones, which win", () => {
    const { metadata } = valid(
      "NetworkPolicy",
      packed({ labels: { a: "packed", b: "2" }, annotations: { c: "3" } }, { labels: { a: "own", d: "4" } }),
    );
    assert.deepEqual(Object.fromEntries(metadata.labels), { a: "packed", b: "2", d: "4" });
    assert.deepEqual(Object.fromEntries(metadata.annotations), { own: "1", c: "3" });
  });
  it("is unpacked in the etcd form as well", () => {
    assert.deepEqual(
      Object.fromEntries(valid("NetworkPolicy", packed({ name: "api" }, {}, V3)).metadata.annotations),
      { own: "1" },
    );
  });
  for (const text of ["", "{", "[]", '"x"', '{"labels":{"a":1}}']) {
    it(`is refused where the packed form is ${JSON.stringify(text)}`, () => {
      assert.deepEqual(findings(packed(text)), [
        'bad_value metadata.annotations["projectcalico.org/metadata"]',
      ]);
    });
  }
  it("shows a UID with the bits of its bytes reversed, but for version and variant", () => {
    const uid = "01020304-0506-4708-890a-0b0c0d0e0f10";
    const shown = "8040c020-a060-47 10-89 50-d030b070f008".replaceAll(" ", "");
    assert.equal(transformUid(uid), shown);
    assert.equal(transformUid(shown), uid);
    assert.equal(valid("NetworkPolicy", packed({}, { uid })).metadata.uid, shown);
    assert.equal(valid("NetworkPolicy", networkPolicy({}, { uid })).metadata.uid, uid);
    assert.equal(transformUid("no uuid"), "no uuid");
  });
});

describe("the kind of an object", () => {
  const cases: readonly { readonly value: unknown; readonly want: string }[] = [
    { value: "text", want: "bad_document " },
    { value: [], want: "bad_document " },
    { value: {}, want: "missing_field apiVersion,missing_field kind" },
    { value: { apiVersion: V3, kind: 1 }, want: "bad_value kind" },
    { value: { apiVersion: V3, kind: "NetworkPolcy" }, want: "bad_document kind" },
    { value: { apiVersion: "projectcalico.org/v4", kind: "NetworkPolicy" }, want: "bad_document kind" },
    { value: { apiVersion: "networking.k8s.io/v1beta1", kind: "NetworkPolicy" }, want: "bad_document kind" },
    {
      value: { apiVersion: "policy.networking.k8s.io/v1alpha1", kind: "AdminNetworkPolicy" },
      want: "bad_document kind",
    },
    {
      value: { apiVersion: "crd.projectcalico.org/v1", kind: "WorkloadEndpoint" },
      want: "bad_document kind",
    },
    { value: { apiVersion: "v1", kind: "pod" }, want: "bad_document kind" },
  ];
  for (const { value, want } of cases) {
    it(`refuses ${JSON.stringify(value)}`, () => assert.equal(findings(value).join(), want));
  }
  for (const [apiVersion, kind] of [
    ["v1", "Service"],
    ["apps/v1", "Deployment"],
    [V3, "IPPool"],
    ["networking.k8s.io/v1", "Ingress"],
  ]) {
    it(`passes over ${kind} with a warning`, () => {
      const value = { apiVersion, kind, metadata: { name: "a" }, spec: {} };
      assert.deepEqual(findings(value), []);
      assert.deepEqual(findings(value, "warning"), ["bad_document kind"]);
      assert.equal(read(value).resource, undefined);
    });
  }
  it("says which versions of the kind are read", () => {
    assert.match(
      messages({ apiVersion: "v2", kind: "Tier" })[0] ?? "",
      /projectcalico\.org\/v3 or crd\.projectcalico\.org\/v1/,
    );
  });
});
