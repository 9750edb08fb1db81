/** The incremental calculation against the one from scratch, after any sequence of changes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CalcGraph, type LocalEndpoint } from "../../src/calc/graph.ts";
import { type Resource, type ResourceUpdate, resourceKeyText } from "../../src/datastore/resources.ts";
import { history } from "../support/generate-resources.ts";
import { normalState, StreamState } from "../support/normal-state.ts";
import { referenceCalculation } from "../support/reference-calculation.ts";
import { runSettings } from "../support/runs.ts";

const LOCALS: readonly (readonly LocalEndpoint[])[] = [
  [{ kind: "pod", namespace: "prod", name: "api-0" }],
  [
    { kind: "pod", namespace: "dev", name: "web-0" },
    { kind: "host-endpoint", name: "gateway" },
  ],
  [{ kind: "node", name: "node-1" }],
];

const options = fc.record({
  local: fc.constantFrom(...LOCALS),
  inventory: fc.constantFrom<"complete" | "none">("complete", "complete", "none"),
});

function put(all: Map<string, Resource>, batch: readonly ResourceUpdate[]): void {
  for (const update of batch) {
    const key = resourceKeyText(update.key);
    if (update.kind === "put") all.set(key, update.resource);
    else all.delete(key);
  }
}

describe("CalcGraph", () => {
  it("says after any sequence of changes what a calculation from scratch says", () => {
    fc.assert(
      fc.property(history, options, (batches, chosen) => {
        const graph = new CalcGraph(chosen);
        const said = new StreamState();
        const all = new Map<string, Resource>();
        graph.setInSync();
        for (const batch of batches) {
          graph.apply(batch);
          put(all, batch);
          said.apply(graph.flush());
          const expected = referenceCalculation([...all.values()], chosen);
          assert.deepEqual(normalState(said), normalState(expected));
        }
      }),
      runSettings(1 / 8),
    );
  });

  it("says nothing before it is in sync and in_sync exactly once, at the end", () => {
    fc.assert(
      fc.property(history, options, (batches, chosen) => {
        const graph = new CalcGraph(chosen);
        for (const batch of batches) {
          graph.apply(batch);
          assert.deepEqual(graph.flush(), []);
        }
        graph.setInSync();
        const first = graph.flush();
        assert.deepEqual(first.at(-1), { kind: "in_sync" });
        assert.equal(first.filter((message) => message.kind === "in_sync").length, 1);
        assert.deepEqual(graph.flush(), []);
      }),
      runSettings(1 / 80),
    );
  });

  it("says nothing of a change that changes nothing", () => {
    fc.assert(
      fc.property(history, options, (batches, chosen) => {
        const graph = new CalcGraph(chosen);
        graph.setInSync();
        for (const batch of batches) graph.apply(batch);
        graph.flush();
        const all = new Map<string, Resource>();
        for (const batch of batches) put(all, batch);
        const again = [...all.values()].map(
          (resource): ResourceUpdate => ({
            kind: "put",
            key: {
              kind: resource.kind,
              namespace: resource.metadata.namespace,
              name: resource.metadata.name,
            },
            resource: structuredClone(resource),
          }),
        );
        graph.apply(again);
        assert.deepEqual(graph.flush(), []);
      }),
      runSettings(1 / 40),
    );
  });
});
