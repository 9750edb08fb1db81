import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { evaluate } from "../../src/policy/evaluate.ts";
import { explain } from "../../src/policy/explain.ts";
import { SnapshotStore } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import type { Verdict } from "../../src/policy/verdict.ts";
import { toFlow } from "../support/generate-flow.ts";
import {
  EMPTY_STATE,
  foldMessages,
  type ReferenceVerdict,
  referenceEvaluate,
} from "../support/reference-evaluator.ts";
import { deciderText, readStrictVectors, type StrictRequest } from "../support/strict-vectors.ts";

/** Verdict, reason and decider in one line, as a vector has them. */
function line(verdict: Verdict | ReferenceVerdict): string {
  return verdict.allowed
    ? `allow ${deciderText(verdict.decider)}`
    : `deny ${verdict.reason} ${deciderText(verdict.decider)}`;
}

function expected(request: StrictRequest): string {
  return request.allowed ? `allow ${request.decider}` : `deny ${request.reason} ${request.decider}`;
}

const vectors = readStrictVectors();

describe("strict vectors", () => {
  for (const vector of vectors) {
    it(`${vector.file}: ${vector.about}`, () => {
      const builder = new SnapshotBuilder(vector.options);
      builder.apply([...vector.messages, { kind: "in_sync" }]);
      const snapshot = builder.build(1);
      const store = new SnapshotStore();
      store.publish(snapshot);
      const state = foldMessages(EMPTY_STATE, vector.messages);
      for (const request of vector.requests) {
        const want = expected(request);
        const flow = toFlow(request.request);
        assert.equal(line(referenceEvaluate(state, vector.options, flow)), want, `oracle: ${request.about}`);
        assert.equal(line(evaluate(store, flow)), want, `evaluate: ${request.about}`);
        assert.equal(line(explain(snapshot, flow).verdict), want, `explain: ${request.about}`);
      }
    });
  }

  it("hold at least as many refusals as allows", () => {
    const requests = vectors.flatMap((vector) => vector.requests);
    const allowed = requests.filter((request) => request.allowed).length;
    assert.ok(requests.length > 300);
    assert.ok(allowed * 2 <= requests.length, `${allowed} of ${requests.length} allow`);
  });
});
