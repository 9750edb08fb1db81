import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies, compareTiers, type TierPlace, tieBreak } from "../../src/calc/order.ts";

const names = <T extends { name: string }>(things: T[]): string[] => things.map(({ name }) => name);

describe("tier order", () => {
  const place = (name: string, order: number | undefined, exists = true): TierPlace => ({
    name,
    order,
    exists,
  });
  const cases: { name: string; tiers: TierPlace[]; want: string[] }[] = [
    { name: "by order, not by name", tiers: [place("a", 2), place("b", 1)], want: ["b", "a"] },
    { name: "unset order comes last", tiers: [place("a", undefined), place("b", 1e9)], want: ["b", "a"] },
    { name: "zero and negative are orders", tiers: [place("a", 0), place("b", -1)], want: ["b", "a"] },
    { name: "equal order by name", tiers: [place("b", 1), place("a", 1)], want: ["a", "b"] },
    { name: "both unset by name", tiers: [place("b", undefined), place("a", undefined)], want: ["a", "b"] },
    {
      name: "a tier without an object comes after one with unset order",
      tiers: [place("a", undefined, false), place("b", undefined)],
      want: ["b", "a"],
    },
  ];
  for (const { name, tiers, want } of cases) {
    it(name, () => {
      assert.deepEqual(names(tiers.toSorted(compareTiers)), want);
      assert.deepEqual(names(tiers.toReversed().sort(compareTiers)), want);
    });
  }
});

describe("policy order", () => {
  const place = (name: string, order: number | undefined, namespace = "", kind = "GlobalNetworkPolicy") => ({
    name: `${kind} ${namespace}/${name}`,
    order,
    tieBreak: tieBreak({ name, namespace, kind }),
  });
  const cases = [
    { name: "by order", list: [place("a", 2), place("b", 1)], want: [1, 0] },
    { name: "fractions count", list: [place("a", 1.5), place("b", 1.25)], want: [1, 0] },
    { name: "unset last", list: [place("a", undefined), place("b", 1e300)], want: [1, 0] },
    {
      name: "an order of minus infinity, which placeholders have, is first",
      list: [place("a", -1), place("b", Number.NEGATIVE_INFINITY)],
      want: [1, 0],
    },
    { name: "web-a before web", list: [place("web", 1), place("web-a", 1)], want: [1, 0] },
    { name: "web.a before web", list: [place("web", 1), place("web.a", 1)], want: [1, 0] },
    { name: "web before weba", list: [place("weba", 1), place("web", 1)], want: [1, 0] },
    { name: "name before namespace", list: [place("b", 1, "x"), place("a", 1, "y")], want: [1, 0] },
    { name: "then namespace", list: [place("a", 1, "y"), place("a", 1, "x")], want: [1, 0] },
    {
      name: "then kind",
      list: [place("a", 1, "x", "NetworkPolicy"), place("a", 1, "x", "KubernetesNetworkPolicy")],
      want: [1, 0],
    },
    {
      name: "by UTF-8 bytes, where UTF-16 units would say otherwise",
      list: [place("\u{1f600}", 1), place("\uff21", 1)],
      want: [1, 0],
    },
  ];
  for (const { name, list, want } of cases) {
    it(name, () => {
      const expected = want.map((index) => list[index]);
      assert.deepEqual(list.toSorted(comparePolicies), expected);
      assert.deepEqual(list.toReversed().sort(comparePolicies), expected);
    });
  }
});
