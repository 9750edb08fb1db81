import type { MutantList } from "./mutant.ts";

/** Mistakes in the calculation, most of them of what is not done again when something changes. */
export const CALCULATION_MUTANTS: MutantList = {
  about: "calculation, against the one from scratch",
  tests: ["properties/calculation.test.ts"],
  mutants: [
    {
      name: "tiers of equal order stand in the opposite order",
      file: "calc/order.ts",
      find: "return compareOrders(a.order, b.order) || compareUtf8(a.name, b.name);",
      replace: "return compareOrders(a.order, b.order) || compareUtf8(b.name, a.name);",
    },
    {
      name: "policies without an order come first",
      file: "calc/order.ts",
      find: "if (a === undefined) return 1;\n  if (b === undefined) return -1;",
      replace: "if (a === undefined) return -1;\n  if (b === undefined) return 1;",
    },
    {
      name: "ties are broken by the name without what follows it",
      file: "calc/order.ts",
      find: "export function tieBreak(id: PolicyId): string {",
      replace: "export function tieBreak(id: PolicyId): string {\n  if (id.kind !== '') return id.name;",
    },
    {
      name: "a tier that was deleted is still there",
      file: "calc/tier-table.ts",
      find: "if (tier === undefined) this.#tiers.delete(name);",
      replace: "if (tier === undefined) return;",
    },
    {
      name: "a tier's new order is not noticed",
      file: "calc/tier-table.ts",
      find: "before?.order !== tier?.order || before?.defaultAction",
      replace: "before?.defaultAction",
    },
    {
      name: "an address goes with the first of its two contributors",
      file: "calc/member-counts.ts",
      find: "if (count > 1) {",
      replace: "if (count > 2) {",
    },
    {
      name: "a member that comes back before it was said to be gone is said to be new",
      file: "calc/member-counts.ts",
      find: "if (count === 0 && this.#published && !this.#removed.delete(member)) this.#added.add(member);",
      replace: "if (count === 0 && this.#published) this.#added.add(member);",
    },
    {
      name: "a set keeps the old addresses of a pod that moved",
      file: "calc/ip-sets.ts",
      find: "this.#contribute(set, item.facts);\n        this.#withdraw(set, before);",
      replace: "this.#contribute(set, item.facts);",
    },
    {
      name: "a pod that no longer matches stays a member",
      file: "calc/ip-sets.ts",
      find: "if (before !== undefined) for (const set of was) this.#withdraw(set, before);",
      replace: "",
    },
    {
      name: "a set that nobody needs any more is kept",
      file: "calc/ip-sets.ts",
      find: "for (const set of touched) if (set.holders === 0) this.#drop(set);",
      replace: "",
    },
    {
      name: "a slice that changes hands stays with its old service",
      file: "calc/ip-sets.ts",
      find: "for (const set of this.#setsOf(serviceOf(before))) {",
      replace: "for (const set of this.#setsOf(serviceOf(after ?? before))) {",
    },
    {
      name: "a namespace's new labels do not reach its pods",
      file: "calc/profile-table.ts",
      find: "for (const item of node.children) {",
      replace: "for (const item of [] as Item[]) {",
    },
    {
      name: "a later profile hides an earlier one",
      file: "calc/item.ts",
      find: "for (const profile of this.parents) {\n      const inherited = profile.labels.get(name);",
      replace:
        "for (const profile of this.parents.toReversed()) {\n      const inherited = profile.labels.get(name);",
    },
    {
      name: "a pod's own label that poses as its namespace's is believed",
      file: "calc/item.ts",
      find: "if (name.startsWith(NAMESPACE_PREFIX) || name.startsWith(SERVICE_ACCOUNT_PREFIX)) return undefined;",
      replace: "",
    },
    {
      name: "a rule in a namespace selects from every namespace",
      file: "calc/policy-selector.ts",
      find: 'return namespace === "" ? undefined : equals(NAMESPACE_LABEL, namespace);',
      replace: "return undefined;",
    },
    {
      name: "global() is everything",
      file: "calc/policy-selector.ts",
      find: "return replaceAllAndGlobal(prefixed, hasNamespace, not(hasNamespace));",
      replace: "return replaceAllAndGlobal(prefixed, hasNamespace, ALL);",
    },
    {
      name: "a policy before DNAT is listed",
      file: "calc/policy-model.ts",
      find: "isEligible: !spec.doNotTrack && !spec.preDnat &&",
      replace: "isEligible: !spec.doNotTrack &&",
    },
    {
      name: "the peer's selector is lost where ports are numbers and names",
      file: "calc/convert-rules.ts",
      find: "const portsCarrySelector = ports.names.length > 0 && ports.ranges.length === 0;",
      replace: "const portsCarrySelector = ports.names.length > 0;",
    },
    {
      name: "a policy that moves to another tier is not listed anew",
      file: "calc/policy-table.ts",
      find: "    a.tier === b.tier &&\n",
      replace: "",
    },
    {
      name: "a finished pod keeps its addresses",
      file: "calc/item-facts.ts",
      find: 'if (resource.finished) return "is finished";',
      replace: "",
    },
  ],
};
