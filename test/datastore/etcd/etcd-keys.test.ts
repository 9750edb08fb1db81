import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CALICO_KINDS } from "../../../src/datastore/calico-kinds.ts";
import {
  ETCD_RESOURCES_PREFIX,
  type EtcdKey,
  etcdKindPrefix,
  formatEtcdKey,
  parseEtcdKey,
} from "../../../src/datastore/etcd/etcd-keys.ts";
import type { ResourceKey, ResourceKind } from "../../../src/datastore/resources.ts";

function parse(rest: string): EtcdKey {
  return parseEtcdKey(Buffer.from(`${ETCD_RESOURCES_PREFIX}${rest}`));
}

function key(kind: ResourceKind, name: string, namespace = ""): ResourceKey {
  return { kind, namespace, name };
}

describe("keys of Calico's resources", () => {
  const known: readonly (readonly [string, ResourceKey])[] = [
    ["tiers/default", key("Tier", "default")],
    ["networkpolicies/prod/api", key("NetworkPolicy", "api", "prod")],
    ["networkpolicies/prod/knp.default.web", key("NetworkPolicy", "knp.default.web", "prod")],
    ["globalnetworkpolicies/security.block", key("GlobalNetworkPolicy", "security.block")],
    ["stagednetworkpolicies/prod/api", key("StagedNetworkPolicy", "api", "prod")],
    ["stagedglobalnetworkpolicies/api", key("StagedGlobalNetworkPolicy", "api")],
    ["stagedkubernetesnetworkpolicies/prod/api", key("StagedKubernetesNetworkPolicy", "api", "prod")],
    ["networksets/prod/office", key("NetworkSet", "office", "prod")],
    ["globalnetworksets/office", key("GlobalNetworkSet", "office")],
    ["hostendpoints/node-1", key("HostEndpoint", "node-1")],
    ["profiles/kns.prod", key("Profile", "kns.prod")],
    ["profiles/ksa.prod.api", key("Profile", "ksa.prod.api")],
    [
      "workloadendpoints/prod/node--1-k8s-api--0-eth0",
      key("WorkloadEndpoint", "node--1-k8s-api--0-eth0", "prod"),
    ],
  ];
  for (const [text, resource] of known) {
    it(`${text} is read and written`, () => {
      assert.deepEqual(parse(text), { kind: "resource", key: resource });
      assert.equal(formatEtcdKey(resource), `${ETCD_RESOURCES_PREFIX}${text}`);
    });
  }

  it("there is an example of every kind", () => {
    assert.deepEqual(
      new Set(known.map(([, { kind }]) => kind)),
      new Set(CALICO_KINDS.map(({ kind }) => kind)),
    );
  });

  it("the gate is known, and other objects of its kind are not", () => {
    assert.deepEqual(parse("clusterinformations/default"), { kind: "cluster_information" });
    assert.deepEqual(parse("clusterinformations/other"), { kind: "unknown" });
  });

  for (const text of [
    "nodes/node-1",
    "ippools/a",
    "felixconfigurations/default",
    "livemigrations/prod/a",
    "",
  ]) {
    it(`"${text}" is passed over`, () => assert.deepEqual(parse(text), { kind: "unknown" }));
  }

  it("what is outside the prefix is passed over", () => {
    assert.deepEqual(parseEtcdKey(Buffer.from("/calico/ipam/v2/config")), { kind: "unknown" });
    assert.deepEqual(parseEtcdKey(Buffer.from("/calico/resources/v3/projectcalico.org")), {
      kind: "unknown",
    });
  });

  for (const text of [
    "tiers",
    "tiers/",
    "tiers/a/b",
    "networkpolicies/api",
    "networkpolicies//api",
    "networkpolicies/prod/",
    "networkpolicies/prod/api/x",
    "globalnetworkpolicies/prod/api",
  ]) {
    it(`${text} can be the key of no object`, () => assert.equal(parse(text).kind, "misplaced"));
  }

  it("bytes that are no text are not taken for another object's name", () => {
    const bytes = Buffer.concat([Buffer.from(`${ETCD_RESOURCES_PREFIX}tiers/a`), Buffer.of(0xff)]);
    assert.equal(parseEtcdKey(bytes).kind, "misplaced");
  });

  for (const hostile of [
    key("Tier", ""),
    key("Tier", "a/b"),
    key("Tier", "a", "prod"),
    key("NetworkPolicy", "api"),
    key("NetworkPolicy", "api", "prod/x"),
    key("NetworkPolicy", "x/api", "prod"),
    key("Pod", "web-0", "prod"),
    key("KubernetesNetworkPolicy", "web", "prod"),
    key("Namespace", "prod"),
  ]) {
    it(`${JSON.stringify(hostile)} has no key`, () => assert.equal(formatEtcdKey(hostile), undefined));
  }

  it("whatever is read back is what was written, however hostile the names", () => {
    const kinds = fc.constantFrom(...CALICO_KINDS);
    fc.assert(
      fc.property(
        kinds,
        fc.string({ unit: "grapheme" }),
        fc.string({ unit: "grapheme" }),
        (kind, namespace, name) => {
          const resource = key(kind.kind, name, kind.isNamespaced ? namespace : "");
          const text = formatEtcdKey(resource);
          if (text === undefined) return;
          assert.deepEqual(parseEtcdKey(Buffer.from(text)), { kind: "resource", key: resource });
          assert.ok(text.startsWith(etcdKindPrefix(kind)));
        },
      ),
    );
  });

  it("no bytes at all make it throw, and two keys are never taken for one object", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const raw = Buffer.concat([Buffer.from(`${ETCD_RESOURCES_PREFIX}profiles/`), bytes]);
        const parsed = parseEtcdKey(raw);
        assert.ok(
          parsed.kind === "misplaced" ||
            (parsed.kind === "resource" && Buffer.from(formatEtcdKey(parsed.key) ?? "").equals(raw)),
        );
      }),
    );
  });
});
