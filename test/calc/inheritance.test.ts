import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { itemFacts } from "../../src/calc/item-facts.ts";
import { ItemTable } from "../../src/calc/item-table.ts";
import { createMatcher } from "../../src/calc/matcher.ts";
import { ProfileTable } from "../../src/calc/profile-table.ts";
import { SelectorIndex } from "../../src/calc/selector-index.ts";
import { createCalcWork } from "../../src/calc/work.ts";
import { matchSelector } from "../../src/selector/match-selector.ts";
import type { Selector } from "../../src/selector/selector.ts";
import { Folded } from "./fold.ts";
import * as make from "./make.ts";

describe("profiles between flushes", () => {
  it("are forgotten when the last item leaves them, and only then", () => {
    const profiles = new ProfileTable();
    const items = new ItemTable(profiles);
    const put = (key: string, profile: string | undefined): void => {
      const resource = make.workload("a/w", {}, ["10.0.0.1"], { profiles: [profile ?? ""] });
      items.put(key, profile === undefined ? undefined : itemFacts(resource, () => undefined));
      items.process(new Map());
    };
    profiles.process(() => true);
    put("one", "x");
    put("two", "x");
    put("one", "y");
    assert.ok(profiles.find("x"), "another item still has it");
    put("two", "y");
    assert.equal(profiles.find("x"), undefined);
    put("one", undefined);
    put("two", undefined);
    assert.equal(profiles.find("y"), undefined);
    assert.ok(profiles.find("projectcalico-default-allow"));
  });

  it("a profile that lost everything and got a new item in one flush still hands down labels", () => {
    const graph = make.graphFor("prod/api");
    const api = make.pod("prod/api", {}, ["10.0.0.1"]);
    const last = make.pod("b/last", {}, ["10.0.0.2"]);
    const set = make.networkSet("b/set", {}, ["192.0.2.0/24"]);
    const ingress = [make.rule("Allow", { source: { namespaceSelector: "team == 'x'" } })];
    const folded = new Folded().apply(
      make.synced(graph, api, last, make.namespace("b", { team: "y" }), make.policy("p", { ingress })),
    );
    folded.apply(make.step(graph, [...make.remove(last, make.namespace("b")), ...make.put(set)]));
    folded.apply(make.step(graph, make.put(make.namespace("b", { team: "x" }))));
    const [id] = folded.policy("GlobalNetworkPolicy", "p").inboundRules[0]?.source.ipSetIds ?? [];
    assert.deepEqual(folded.members(id), ["192.0.2.0/24"]);
  });
});

describe("the index of selectors", () => {
  const label = fc.constantFrom("a", "b", "pcns.a");
  const value = fc.constantFrom("x", "y");
  const leaf: fc.Arbitrary<Selector> = fc.oneof(
    fc.constant<Selector>({ op: "all" }),
    label.map((name): Selector => ({ op: "has", label: name })),
    fc
      .tuple(fc.constantFrom("eq" as const, "ne" as const, "contains" as const), label, value)
      .map(([op, name, text]): Selector => ({ op, label: name, value: text })),
    fc
      .tuple(fc.constantFrom("in" as const, "notIn" as const), label, fc.subarray(["x", "y"]))
      .map(([op, name, values]): Selector => ({ op, label: name, values })),
  );
  const { tree } = fc.letrec<{ tree: Selector }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      tie("tree").map((operand): Selector => ({ op: "not", operand })),
      fc
        .tuple(fc.constantFrom("and" as const, "or" as const), fc.tuple(tie("tree"), tie("tree")))
        .map(([op, operands]): Selector => ({ op, operands })),
    ),
  }));
  const labels = fc.dictionary(label, value).map((texts) => new Map(Object.entries(texts)));

  it("finds exactly what asking everybody finds, whichever term an entry is filed under", () => {
    fc.assert(
      fc.property(fc.array(tree), labels, labels, fc.nat(), (selectors, before, after, pick) => {
        const index = new SelectorIndex<{ matcher: ReturnType<typeof createMatcher> }>(createCalcWork());
        const entries = selectors.map((selector) => ({ matcher: createMatcher(selector) }));
        for (const entry of entries) {
          const { terms } = entry.matcher;
          index.add(entry, terms[pick % Math.max(terms.length, 1)]);
        }
        const sourceOf = (map: Map<string, string>) => ({
          get: (name: string) => map.get(name),
          forEachLabel: (visit: (name: string, text: string) => void) => {
            for (const [name, text] of map) visit(name, text);
          },
        });
        const linear = (map: Map<string, string>) =>
          entries.filter(({ matcher }) => matchSelector(matcher.selector, map));
        const first = index.rematch(sourceOf(before), [], undefined);
        assert.deepEqual(new Set(first), new Set(linear(before)));
        const changed = new Set(["a", "b", "pcns.a"].filter((name) => before.get(name) !== after.get(name)));
        const second = index.rematch(sourceOf(after), first, changed);
        assert.deepEqual(new Set(second), new Set(linear(after)));
        for (const entry of entries) index.delete(entry);
        assert.deepEqual(index.rematch(sourceOf(after), second, undefined), []);
        assert.equal(index.mentions("a"), false);
      }),
      { numRuns: 500 },
    );
  });
});
