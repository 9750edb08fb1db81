import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { etcdObject, etcdRuleName } from "../../../src/cli/demo/etcd-object.ts";
import type { ShopObject } from "../../../src/cli/demo/policy-store.ts";
import { EXAMPLE_FOLDER } from "../../../src/cli/demo/stage.ts";
import { plainDocuments } from "../../../src/datastore/files/plain-documents.ts";
import { locateInObject } from "../../../src/datastore/locate.ts";
import { parseResource } from "../../../src/datastore/parse-resource.ts";

const policy = (spec: ShopObject["spec"]): ShopObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "metrics", namespace: "shop" },
  spec: { podSelector: {}, ...spec },
});

describe("an object of the example as an etcd holds it", () => {
  it("is one of Calico's, and without a problem, whatever it was", async () => {
    for (const file of (await readdir(EXAMPLE_FOLDER)).filter((name) => name.endsWith(".yaml"))) {
      for (const object of plainDocuments(await readFile(join(EXAMPLE_FOLDER, file), "utf8"))) {
        const stored = etcdObject(object as ShopObject);
        assert.equal(stored.apiVersion, "projectcalico.org/v3");
        const { resource, issues } = parseResource(stored, locateInObject(stored.metadata.name));
        assert.deepEqual([resource === undefined, issues], [false, []], JSON.stringify(stored));
      }
    }
  });

  it("is a WorkloadEndpoint for a pod, with its addresses, named ports and profiles", () => {
    const pod: ShopObject = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web-1", namespace: "shop", labels: { app: "web" } },
      spec: {
        nodeName: "node-1",
        serviceAccountName: "web",
        containers: [{ ports: [{ name: "http", containerPort: 80 }, { containerPort: 81 }] }],
      },
      status: { podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }] },
    };
    const { metadata, spec } = etcdObject(pod);
    assert.deepEqual(metadata, {
      name: "node--1-k8s-web--1-eth0",
      namespace: "shop",
      labels: {
        app: "web",
        "projectcalico.org/namespace": "shop",
        "projectcalico.org/orchestrator": "k8s",
        "projectcalico.org/serviceaccount": "web",
      },
    });
    assert.deepEqual(spec?.["ipNetworks"], ["10.0.0.1/32", "fd00::1/128"]);
    assert.deepEqual(spec?.["ports"], [{ name: "http", port: 80, protocol: "TCP" }]);
    assert.deepEqual(spec?.["profiles"], ["kns.shop", "ksa.shop.web"]);
  });

  it("is a profile for a namespace and for an account, with their labels under prefixes", () => {
    const metadata = { name: "ops", labels: { team: "ops" } };
    const namespace = etcdObject({ apiVersion: "v1", kind: "Namespace", metadata });
    assert.equal(namespace.metadata.name, "kns.ops");
    assert.deepEqual(namespace.spec, {
      ingress: [{ action: "Allow" }],
      egress: [{ action: "Allow" }],
      labelsToApply: { "pcns.team": "ops", "pcns.projectcalico.org/name": "ops" },
    });
    const account = { name: "web", namespace: "shop", labels: { role: "x" } };
    const stored = etcdObject({ apiVersion: "v1", kind: "ServiceAccount", metadata: account });
    assert.equal(stored.metadata.name, "ksa.shop.web");
    assert.deepEqual(stored.spec, {
      ingress: [],
      egress: [],
      labelsToApply: { "pcsa.role": "x", "pcsa.projectcalico.org/name": "web" },
    });
  });

  it("is a copy for a Kubernetes policy, whose peers stay pods", () => {
    const peer = {
      namespaceSelector: { matchLabels: { team: "ops" } },
      podSelector: { matchLabels: { b: "2", a: "1" } },
    };
    const { metadata, spec } = etcdObject(
      policy({ ingress: [{ from: [peer], ports: [{ port: "metrics" }] }] }),
    );
    assert.deepEqual(metadata, { name: "knp.default.metrics", namespace: "shop" });
    assert.deepEqual(spec, {
      tier: "default",
      order: 1_000,
      selector: "projectcalico.org/orchestrator == 'k8s'",
      types: ["Ingress"],
      ingress: [
        {
          action: "Allow",
          protocol: "TCP",
          source: {
            selector: "projectcalico.org/orchestrator == 'k8s' && a == '1' && b == '2'",
            namespaceSelector: "team == 'ops'",
          },
          destination: { ports: ["metrics"] },
        },
      ],
    });
    assert.equal(
      etcdRuleName("KubernetesNetworkPolicy shop/metrics rule 0"),
      "NetworkPolicy shop/knp.default.metrics rule 0",
    );
    assert.equal(etcdRuleName("NetworkPolicy shop/jobs rule 0"), "NetworkPolicy shop/jobs rule 0");
  });

  const refused: readonly (readonly [what: string, object: ShopObject])[] = [
    ["rules for what goes out", policy({ egress: [{}] })],
    ["a block of addresses", policy({ ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }] })],
    [
      "an expression over labels",
      policy({ podSelector: { matchExpressions: [{ key: "a", operator: "Exists" }] } }),
    ],
    ["another kind", { apiVersion: "v1", kind: "Service", metadata: { name: "a", namespace: "shop" } }],
  ];
  for (const [what, object] of refused) {
    it(`is none where only a guess could make one: ${what}`, () => {
      assert.throws(() => etcdObject(object), /can't copy|holds nothing/);
    });
  }
});
