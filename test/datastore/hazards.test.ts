/**
 * Inputs that other readers of this model accept into something wider than was written, or lose without a word. Each
 * test is named after the hazard; what concerns the calculation has its tests there.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatSelector } from "../../src/selector/format-selector.ts";
import {
  findings,
  globalPolicy,
  networkPolicy,
  object,
  type Plain,
  placeholder,
  read,
  valid,
} from "./objects.ts";

const allow = (rule: Plain): Plain =>
  networkPolicy({ types: ["Ingress"], ingress: [{ action: "Allow", ...rule }] });

describe("hazards of reading", () => {
  it("M1: a selector can't reach out of its place: each is parsed alone", () => {
    assert.deepEqual(findings(networkPolicy({ selector: "a == 'b') || (all()" })), [
      "bad_selector spec.selector at character 9",
    ]);
    assert.deepEqual(findings(allow({ source: { selector: "a == 'b') || (all()" } })), [
      "bad_selector spec.ingress[0].source.selector at character 9",
    ]);
  });

  it("M2: a namespace or service account selector that does not parse makes the policy unusable, not wider", () => {
    assert.deepEqual(findings(globalPolicy({ namespaceSelector: "a ==" })), [
      "bad_selector spec.namespaceSelector at character 5",
    ]);
    assert.deepEqual(findings(networkPolicy({ serviceAccountSelector: "(" })), [
      "bad_selector spec.serviceAccountSelector at character 2",
    ]);
    const { unusable, spec } = placeholder(
      "GlobalNetworkPolicy",
      globalPolicy({ namespaceSelector: "a ==", ingress: [{ action: "Allow" }] }),
    );
    assert.notEqual(unusable, undefined);
    assert.equal(spec.ingress.length, 1);
  });

  it("M3: all() inside a quoted value stays text", () => {
    const { spec } = valid(
      "GlobalNetworkPolicy",
      globalPolicy({ selector: "a == 'all()'", namespaceSelector: "b == 'global()'" }),
    );
    assert.equal(spec.selector === undefined ? "" : formatSelector(spec.selector), 'a == "all()"');
    assert.equal(
      spec.namespaceSelector === undefined ? "" : formatSelector(spec.namespaceSelector),
      'b == "global()"',
    );
  });

  it("M4: a service account's name is a name, quotes and all", () => {
    for (const name of ["web'", 'web"} || all() || a in {"x', "", " ", "web,api"]) {
      assert.deepEqual(findings(allow({ source: { serviceAccounts: { names: ["ok", name] } } })), [
        "bad_name spec.ingress[0].source.serviceAccounts.names[1]",
      ]);
    }
  });

  it("M5: a service without namespace in a namespaced policy is read as its own namespace's", () => {
    const { spec } = valid("NetworkPolicy", allow({ source: { services: { name: "web" } } }));
    assert.deepEqual(spec.ingress[0]?.source.services, { name: "web", namespace: "" });
  });

  it("M6: a Deny that can't be used stays a Deny", () => {
    for (const rule of [
      { protocol: "HTTPS" },
      { destination: { ports: [80] } },
      { source: { selector: "!" } },
    ]) {
      const { spec, unusable } = placeholder(
        "NetworkPolicy",
        networkPolicy({ ingress: [{ action: "Deny", ...rule }] }),
      );
      assert.equal(spec.ingress[0]?.action, "Deny");
      assert.notEqual(unusable, undefined);
    }
  });

  it("M7: a block that does not parse makes nobody the peer, and an exception that does not is not left out", () => {
    const policy = (ipBlock: Plain): Plain =>
      object(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        { name: "a", namespace: "b" },
        { spec: { podSelector: {}, ingress: [{ from: [{ ipBlock }] }] } },
      );
    assert.equal(read(policy({ cidr: "010.0.0.0/8" })).resource, undefined);
    assert.equal(
      read(policy({ cidr: "10.0.0.0/8", except: ["10.1.0.0/16", "010.2.0.0/16", "10.3.0.0/16"] })).resource,
      undefined,
    );
    assert.notEqual(read(policy({ cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] })).resource, undefined);
  });

  it("M8: a protocol entry with no known member is not any protocol", () => {
    const policy = (protocol: Plain): Plain =>
      object(
        "policy.networking.k8s.io/v1alpha2",
        "ClusterNetworkPolicy",
        { name: "a" },
        {
          spec: {
            tier: "Admin",
            priority: 1,
            subject: { namespaces: {} },
            ingress: [{ action: "Accept", from: [{ namespaces: {} }], protocols: [protocol] }],
          },
        },
      );
    for (const protocol of [{}, { icmp: {} }]) assert.equal(read(policy(protocol)).resource, undefined);
    assert.notEqual(read(policy({ tcp: {} })).resource, undefined);
  });

  it("M9: no types means what the API makes of it, and both directions in a stored object, which is warned of", () => {
    const policy = networkPolicy({ egress: [{ action: "Allow" }] });
    const stored = { ...policy, apiVersion: "crd.projectcalico.org/v1" };
    const directions = ({
      spec,
    }: {
      spec: { appliesToIngress: boolean; appliesToEgress: boolean };
    }): boolean[] => [spec.appliesToIngress, spec.appliesToEgress];
    assert.deepEqual(directions(valid("NetworkPolicy", policy)), [false, true]);
    assert.deepEqual(directions(valid("NetworkPolicy", stored)), [true, true]);
    assert.deepEqual(findings(stored, "warning"), ["missing_field spec"]);
    assert.deepEqual(findings(policy, "warning"), []);
  });

  it("M10: a path entry that says nothing is refused, not dropped", () => {
    for (const path of [
      {},
      { exact: "" },
      { prefix: "" },
      { exact: null },
      { exact: "admin" },
      { extact: "/a" },
    ]) {
      assert.equal(read(allow({ http: { paths: [path] } })).resource, undefined);
      assert.equal(read(allow({ http: { paths: [{ exact: "/ok" }, path] } })).resource, undefined);
    }
    assert.notEqual(read(allow({ http: { paths: [{ exact: "/ok" }] } })).resource, undefined);
  });

  it("M11 and H5: a CIDR that does not parse makes the policy unusable, the only one or one of many", () => {
    for (const field of ["nets", "notNets"]) {
      for (const nets of [["10.0.0.0/33"], ["10.0.0.0/8", "10.0.0.256/32"], [""], ["10.0.0.0/8 "]]) {
        assert.equal(read(allow({ source: { [field]: nets } })).resource, undefined);
      }
      assert.notEqual(read(allow({ source: { [field]: ["10.0.0.0/8"] } })).resource, undefined);
    }
  });

  it("M12 and H1: labels that only the engine may set are refused or warned of on sets and host endpoints", () => {
    const labels = {
      "pcns.team": "x",
      "pcsa.r": "q",
      "projectcalico.org/orchestrator": "k8s",
      "projectcalico.org/serviceaccount": "web",
    };
    const v3 = (kind: string, metadata: Plain, spec: Plain): Plain =>
      object("projectcalico.org/v3", kind, { name: "a", ...metadata }, { spec });
    for (const value of [
      v3("NetworkSet", { namespace: "b", labels }, { nets: [] }),
      v3("GlobalNetworkSet", { labels }, { nets: [] }),
      v3("HostEndpoint", { labels }, { interfaceName: "eth0" }),
    ]) {
      assert.equal(findings(value, "warning").length, 4);
    }
    assert.equal(
      read(v3("NetworkSet", { namespace: "b", labels: { "projectcalico.org/namespace": "c" } }, {})).resource,
      undefined,
    );
  });

  it("W16: an unknown name in notProtocol is refused", () => {
    assert.deepEqual(findings(allow({ notProtocol: "TCPP" })), ["bad_protocol spec.ingress[0].notProtocol"]);
  });

  it("a restriction without a value is refused, not absent", () => {
    for (const key of ["http", "source", "destination", "protocol", "notProtocol"]) {
      assert.deepEqual(findings(allow({ [key]: null })), [`bad_value spec.ingress[0].${key}`]);
    }
    for (const key of ["nets", "selector", "serviceAccounts", "namespaceSelector"]) {
      assert.deepEqual(findings(allow({ source: { [key]: null } })), [
        `bad_value spec.ingress[0].source.${key}`,
      ]);
    }
  });
});
