import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UNKNOWN_TIER } from "../../src/datastore/resources.ts";
import { formatSelector } from "../../src/selector/format-selector.ts";
import { globalPolicy, networkPolicy, object, type Plain, placeholder, read } from "./objects.ts";

const actions = (rules: readonly { readonly action: string }[]): string =>
  rules.map(({ action }) => action).join();

describe("the placeholder of a policy", () => {
  it("keeps what can be read and says why the rest can't", () => {
    const { spec, metadata, unusable } = placeholder(
      "GlobalNetworkPolicy",
      globalPolicy(
        {
          tier: "security",
          order: 5,
          selector: "a == 'b'",
          namespaceSelector: "c = 'd'",
          types: ["Egress"],
          ingress: [],
          egress: [{ action: "Allow" }, { action: "Deny", source: { nets: ["x"] } }],
        },
        { labels: { l: "m" } },
      ),
    );
    assert.equal(metadata.labels.get("l"), "m");
    assert.deepEqual(
      [spec.tier, spec.order, spec.appliesToIngress, spec.appliesToEgress],
      ["security", 5, false, true],
    );
    assert.equal(spec.selector === undefined ? "" : formatSelector(spec.selector), 'a == "b"');
    assert.equal(spec.namespaceSelector, undefined);
    assert.equal(actions(spec.egress), "Allow,Deny");
    assert.equal(spec.egress[1]?.source.nets.length, 0);
    assert.match(unusable?.why ?? "", /^it spec\.namespaceSelector at character 3: /);
  });

  const widest: readonly { readonly name: string; readonly spec: Plain; readonly want: Plain }[] = [
    {
      name: "an unreadable order is the first",
      spec: { order: "soon" },
      want: { order: Number.NEGATIVE_INFINITY },
    },
    {
      name: "an order beside an unknown key may be that key",
      spec: { ordr: 1 },
      want: { order: Number.NEGATIVE_INFINITY },
    },
    { name: "an absent order stays the last", spec: { types: "x" }, want: { order: undefined } },
    { name: "an unreadable tier is before all others", spec: { tier: 5 }, want: { tier: UNKNOWN_TIER } },
    {
      name: "an absent tier beside an unknown text may be that text",
      spec: { teir: "security" },
      want: { tier: UNKNOWN_TIER },
    },
    {
      name: "an absent tier is the default where no unknown key can be it",
      spec: { ordr: 1 },
      want: { tier: "default" },
    },
    { name: "an empty tier is the default", spec: { tier: "", order: "x" }, want: { tier: "default" } },
    {
      name: "an unreadable selector is everything",
      spec: { selector: "a = 1" },
      want: { selector: undefined },
    },
    {
      name: "unreadable types are both",
      spec: { types: ["Ingress", "Sideways"] },
      want: { appliesToIngress: true, appliesToEgress: true },
    },
    {
      name: "absent types are both",
      spec: { order: "x" },
      want: { appliesToIngress: true, appliesToEgress: true },
    },
    { name: "a readable doNotTrack stays", spec: { doNotTrack: true }, want: { doNotTrack: true } },
    {
      name: "an unreadable one does not take the policy away",
      spec: { doNotTrack: "true" },
      want: { doNotTrack: false },
    },
  ];
  for (const { name, spec, want } of widest) {
    it(name, () => {
      const read: Plain = { ...placeholder("GlobalNetworkPolicy", globalPolicy(spec)).spec };
      for (const [key, value] of Object.entries(want)) assert.deepEqual(read[key], value);
    });
  }

  const rules: readonly { readonly name: string; readonly spec: Plain; readonly want: string }[] = [
    { name: "a list that can't be read is one Deny", spec: { ingress: "Allow all" }, want: "Deny" },
    { name: "a list without value is one Deny", spec: { ingress: null }, want: "Deny" },
    {
      name: "an action that can't be read is a Deny",
      spec: { ingress: [{ action: "Alow" }, "x", null, { action: "Log" }, {}] },
      want: "Deny,Deny,Deny,Log,Deny",
    },
    { name: "no list is no rules", spec: { order: "x" }, want: "" },
    {
      name: "no list beside an unknown key is one Deny",
      spec: { ingres: [{ action: "Allow" }] },
      want: "Deny",
    },
    {
      name: "a list that is too long is one Deny",
      spec: { ingress: Array.from({ length: 1025 }, () => ({ action: "Allow" })) },
      want: "Deny",
    },
    { name: "a spec that can't be read is one Deny", spec: "nothing" as unknown as Plain, want: "Deny" },
  ];
  for (const { name, spec, want } of rules) {
    it(name, () =>
      assert.equal(actions(placeholder("NetworkPolicy", networkPolicy(spec)).spec.ingress), want),
    );
  }

  it("exists where the name breaks the rules of its kind but can be told", () => {
    const { key, placeholder: stand } = read(networkPolicy({}, { name: "a.b.c" }));
    assert.deepEqual([key?.name, stand?.kind], ["a.b.c", "NetworkPolicy"]);
  });
  for (const metadata of [
    { name: 5 },
    { name: undefined },
    { name: "A/B" },
    { namespace: undefined },
    { namespace: "../x" },
  ]) {
    it(`does not exist for metadata ${JSON.stringify(metadata)}`, () => {
      const { key, placeholder: stand, resource } = read(networkPolicy({}, metadata));
      assert.deepEqual([key, stand, resource], [undefined, undefined, undefined]);
    });
  }
});

describe("the placeholder of a profile", () => {
  it("keeps labels that can be read, and actions", () => {
    const value = object(
      "projectcalico.org/v3",
      "Profile",
      { name: "p" },
      { spec: { labelsToApply: { a: "b" }, ingress: [{ action: "Allow" }, { action: "X" }] } },
    );
    const { labelsToApply, ingress, unusable } = placeholder("Profile", value);
    assert.deepEqual(
      [labelsToApply?.get("a"), actions(ingress), unusable === undefined],
      ["b", "Allow,Deny", false],
    );
  });
  for (const [what, spec, want] of [
    ["can't be read", { labelsToApply: { a: 1 } }, undefined],
    ["may be misspelt", { labelsToAply: { a: "b" } }, undefined],
    ["stand in a text that is broken", undefined, undefined],
    ["are none", { ingress: [1] }, new Map()],
  ] as const) {
    it(`tells whether its labels are known where they ${what}`, () => {
      const value = object("projectcalico.org/v3", "Profile", { name: "p" }, { spec });
      assert.deepEqual(placeholder("Profile", value).labelsToApply, want);
    });
  }
});

describe("the placeholder of a Kubernetes policy", () => {
  const policy = (spec: Plain): Plain =>
    object("networking.k8s.io/v1", "NetworkPolicy", { name: "a", namespace: "b" }, { spec });
  it("isolates whom it can be read to choose", () => {
    const { podSelector, appliesToIngress, appliesToEgress } = placeholder(
      "KubernetesNetworkPolicy",
      policy({ podSelector: { matchLabels: { a: "b" } }, policyTypes: ["Egress"], egress: "x" }),
    );
    assert.deepEqual(
      [formatSelector(podSelector), appliesToIngress, appliesToEgress],
      ['a == "b"', false, true],
    );
  });
  it("isolates every pod where that can't be read", () => {
    const { podSelector, appliesToIngress, appliesToEgress } = placeholder(
      "KubernetesNetworkPolicy",
      policy({ podSelector: 1 }),
    );
    assert.deepEqual([podSelector.op, appliesToIngress, appliesToEgress], ["all", true, true]);
  });
});

describe("the placeholder of a cluster policy", () => {
  const policy = (spec: Plain): Plain =>
    object("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", { name: "a" }, { spec });
  it("is the first of the first tier where it can't be read", () => {
    const { tier, priority, subject, ingress } = placeholder(
      "KubernetesClusterNetworkPolicy",
      policy({ ingress: [{ action: "Accept" }, {}] }),
    );
    assert.deepEqual(
      [tier, priority, subject.kind, actions(ingress)],
      ["Admin", Number.NEGATIVE_INFINITY, "namespaces", "Accept,Deny"],
    );
  });
  it("keeps what can be read", () => {
    const { tier, priority, subject } = placeholder(
      "KubernetesClusterNetworkPolicy",
      policy({ tier: "Baseline", priority: 7, subject: { pods: { podSelector: {} } }, ingress: 1 }),
    );
    assert.deepEqual([tier, priority, subject.kind], ["Baseline", 7, "pods"]);
  });
});

describe("kinds without rules", () => {
  for (const value of [
    object("v1", "Pod", { name: "a", namespace: "b" }, { spec: 1 }),
    object("projectcalico.org/v3", "NetworkSet", { name: "a", namespace: "b" }, { spec: { nets: ["x"] } }),
    object("projectcalico.org/v3", "Tier", { name: "a" }, { spec: { order: "x" } }),
  ]) {
    it(`a broken ${String(value["kind"])} is known by its key alone`, () => {
      const { key, placeholder: stand, resource } = read(value);
      assert.deepEqual([key?.name, stand, resource], ["a", undefined, undefined]);
    });
  }
});
