import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatSelector } from "../../src/selector/format-selector.ts";
import { findings, globalPolicy, networkPolicy, object, type Plain, valid } from "./objects.ts";

const ALLOW = { action: "Allow" };
const staged = (spec: Plain): Plain =>
  object("projectcalico.org/v3", "StagedNetworkPolicy", { name: "api", namespace: "shop" }, { spec });
const stagedGlobal = (spec: Plain): Plain =>
  object("projectcalico.org/v3", "StagedGlobalNetworkPolicy", { name: "api" }, { spec });

describe("the spec of a policy", () => {
  const cases: readonly {
    readonly name: string;
    readonly value: Plain;
    readonly want?: readonly string[];
  }[] = [
    { name: "nothing at all", value: networkPolicy({}) },
    { name: "no spec", value: { ...networkPolicy({}), spec: undefined }, want: ["missing_field spec"] },
    { name: "a spec without a value", value: { ...networkPolicy({}), spec: null }, want: ["bad_value spec"] },
    { name: "a spec that is text", value: { ...networkPolicy({}), spec: "x" }, want: ["bad_value spec"] },
    { name: "a status", value: { ...networkPolicy({}), status: { any: "thing" } } },
    {
      name: "an unknown key beside spec",
      value: { ...networkPolicy({}), specs: {} },
      want: ["unknown_key specs"],
    },
    {
      name: "an unknown key in spec",
      value: networkPolicy({ selectr: "all()" }),
      want: ["unknown_key spec.selectr"],
    },
    { name: "a tier", value: networkPolicy({ tier: "security" }) },
    { name: "an empty tier", value: networkPolicy({ tier: "" }) },
    { name: "a tier that can't be one", value: networkPolicy({ tier: "a.b" }), want: ["bad_name spec.tier"] },
    { name: "an order with a fraction", value: networkPolicy({ order: -1.5 }) },
    { name: "an order as text", value: networkPolicy({ order: "10" }), want: ["bad_value spec.order"] },
    {
      name: "an endless order",
      value: networkPolicy({ order: Number.POSITIVE_INFINITY }),
      want: ["bad_value spec.order"],
    },
    { name: "a selector", value: networkPolicy({ selector: "a == 'b'", serviceAccountSelector: "has(x)" }) },
    { name: "a blank selector", value: networkPolicy({ selector: "  " }) },
    {
      name: "global() as selector",
      value: networkPolicy({ selector: "global()" }),
      want: ["bad_selector spec.selector"],
    },
    {
      name: "global() as service account selector",
      value: networkPolicy({ serviceAccountSelector: "!global()" }),
      want: ["bad_selector spec.serviceAccountSelector"],
    },
    {
      name: "global() as namespace selector of the policy",
      value: globalPolicy({ namespaceSelector: "global()" }),
      want: ["bad_selector spec.namespaceSelector"],
    },
    {
      name: "a namespace selector of a global policy",
      value: globalPolicy({ namespaceSelector: "team == 'x'" }),
    },
    {
      name: "a namespace selector of a namespaced policy",
      value: networkPolicy({ namespaceSelector: "all()" }),
      want: ["unknown_key spec.namespaceSelector"],
    },
    { name: "both types", value: networkPolicy({ types: ["Egress", "Ingress"] }) },
    { name: "no type in the list", value: networkPolicy({ types: [] }), want: ["bad_value spec.types"] },
    {
      name: "a type twice",
      value: networkPolicy({ types: ["Ingress", "Ingress"] }),
      want: ["bad_value spec.types"],
    },
    {
      name: "a type in lower case",
      value: networkPolicy({ types: ["ingress"] }),
      want: ["bad_value spec.types[0]"],
    },
    { name: "1024 rules", value: networkPolicy({ ingress: Array.from({ length: 1024 }, () => ALLOW) }) },
    {
      name: "1025 rules",
      value: networkPolicy({ ingress: Array.from({ length: 1025 }, () => ALLOW) }),
      want: ["limit spec.ingress"],
    },
    { name: "a performance hint", value: networkPolicy({ performanceHints: ["AssumeNeededOnEveryNode"] }) },
    {
      name: "an unknown performance hint",
      value: networkPolicy({ performanceHints: ["Fast"] }),
      want: ["bad_value spec.performanceHints[0]"],
    },

    {
      name: "doNotTrack with applyOnForward",
      value: globalPolicy({ doNotTrack: true, applyOnForward: true }),
    },
    {
      name: "doNotTrack alone",
      value: globalPolicy({ doNotTrack: true }),
      want: ["conflict spec.doNotTrack"],
    },
    {
      name: "preDNAT with applyOnForward",
      value: globalPolicy({ preDNAT: true, applyOnForward: true, types: ["Ingress"] }),
    },
    { name: "preDNAT alone", value: globalPolicy({ preDNAT: true }), want: ["conflict spec.preDNAT"] },
    {
      name: "preDNAT and doNotTrack",
      value: globalPolicy({ preDNAT: true, doNotTrack: true, applyOnForward: true }),
      want: ["conflict spec.preDNAT"],
    },
    {
      name: "preDNAT with egress rules",
      value: globalPolicy({ preDNAT: true, applyOnForward: true, types: ["Ingress"], egress: [ALLOW] }),
      want: ["conflict spec.egress"],
    },
    {
      name: "preDNAT with type Egress",
      value: globalPolicy({ preDNAT: true, applyOnForward: true, types: ["Egress"] }),
      want: ["conflict spec.types"],
    },
    {
      name: "doNotTrack of a namespaced policy",
      value: networkPolicy({ doNotTrack: true }),
      want: ["unknown_key spec.doNotTrack"],
    },
    {
      name: "doNotTrack as text",
      value: globalPolicy({ doNotTrack: "yes" }),
      want: ["bad_value spec.doNotTrack"],
    },

    {
      name: "a staged action of a policy that is enforced",
      value: networkPolicy({ stagedAction: "Set" }),
      want: ["unknown_key spec.stagedAction"],
    },
    ...["Set", "Learn", "Ignore", "Delete"].map((stagedAction) => ({
      name: `staged: ${stagedAction}`,
      value: staged({ stagedAction }),
    })),
    {
      name: "an unknown staged action",
      value: staged({ stagedAction: "set" }),
      want: ["bad_value spec.stagedAction"],
    },
    {
      name: "a deletion with its tier",
      value: staged({ stagedAction: "Delete", tier: "security", ingress: [] }),
    },
    {
      name: "a deletion with a selector",
      value: staged({ stagedAction: "Delete", selector: "all()" }),
      want: ["conflict spec.selector"],
    },
    {
      name: "a deletion with an order and rules",
      value: stagedGlobal({ stagedAction: "Delete", order: 0, egress: [ALLOW] }),
      want: ["conflict spec.order", "conflict spec.egress"],
    },
  ];
  for (const { name, value, want = [] } of cases) {
    it(`${want.length === 0 ? "accepts" : "refuses"}: ${name}`, () =>
      assert.deepEqual(findings(value), want));
  }

  const absent = { unusable: undefined };
  it("reads to defaults where it says nothing", () => {
    const { spec, unusable } = valid("GlobalNetworkPolicy", globalPolicy({ tier: "", selector: " " }));
    assert.deepEqual({ unusable }, absent);
    assert.deepEqual(spec, {
      tier: "default",
      order: undefined,
      selector: undefined,
      namespaceSelector: undefined,
      serviceAccountSelector: undefined,
      appliesToIngress: true,
      appliesToEgress: false,
      ingress: [],
      egress: [],
      doNotTrack: false,
      preDnat: false,
      performanceHints: [],
      stagedAction: "Set",
    });
  });

  it("keeps selectors apart, each as its author wrote it", () => {
    const { spec } = valid(
      "GlobalNetworkPolicy",
      globalPolicy({ selector: "a == 'b' || c == 'd'", namespaceSelector: "all()" }),
    );
    assert.equal(spec.selector === undefined ? "" : formatSelector(spec.selector), '(a == "b" || c == "d")');
    assert.equal(spec.namespaceSelector?.op, "all");
  });

  const types: readonly { readonly spec: Plain; readonly ingress: boolean; readonly egress: boolean }[] = [
    { spec: {}, ingress: true, egress: false },
    { spec: { ingress: [ALLOW] }, ingress: true, egress: false },
    { spec: { egress: [ALLOW] }, ingress: false, egress: true },
    { spec: { ingress: [ALLOW], egress: [ALLOW] }, ingress: true, egress: true },
    { spec: { ingress: [], egress: [ALLOW] }, ingress: false, egress: true },
    { spec: { types: ["Egress"], ingress: [ALLOW] }, ingress: false, egress: true },
    { spec: { types: ["Ingress"], egress: [ALLOW] }, ingress: true, egress: false },
  ];
  for (const { spec, ingress, egress } of types) {
    it(`applies to ${[...(ingress ? ["ingress"] : []), ...(egress ? ["egress"] : [])].join(" and ")}: ${JSON.stringify(spec)}`, () => {
      const read = valid("NetworkPolicy", networkPolicy(spec)).spec;
      assert.deepEqual([read.appliesToIngress, read.appliesToEgress], [ingress, egress]);
    });
  }
});
