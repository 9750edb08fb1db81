/**
 * The engine against the oracle, and the three laws of docs/semantics.md, on random policies and requests.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { evaluate, evaluateSnapshot } from "../../src/policy/evaluate.ts";
import { explain } from "../../src/policy/explain.ts";
import type { Message } from "../../src/policy/messages.ts";
import type { PolicyOptions } from "../../src/policy/options.ts";
import { type Snapshot, SnapshotStore } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import type { Verdict } from "../../src/policy/verdict.ts";
import { type Request, request, toFlow } from "../support/generate-flow.ts";
import { change, messages, options } from "../support/generate-policy.ts";
import {
  EMPTY_STATE,
  foldMessages,
  type ReferenceState,
  type ReferenceVerdict,
  referenceEvaluate,
} from "../support/reference-evaluator.ts";
import { runs, seed } from "../support/runs.ts";

/** Requests put to one policy; building a policy costs more than judging by it. */
const REQUESTS_PER_POLICY = 8;

const requests = fc.array(request, { minLength: REQUESTS_PER_POLICY, maxLength: REQUESTS_PER_POLICY });

function build(given: readonly Message[], chosen: PolicyOptions): Snapshot {
  const builder = new SnapshotBuilder(chosen);
  builder.apply([...given, { kind: "in_sync" }]);
  return builder.build(7);
}

/** A verdict without its revision. */
function essence(verdict: Verdict | ReferenceVerdict): object {
  const { allowed, code, decider } = verdict;
  return verdict.allowed ? { allowed, code, decider } : { allowed, code, decider, reason: verdict.reason };
}

function judge(state: ReferenceState, chosen: PolicyOptions, each: Request): object {
  return essence(referenceEvaluate(state, chosen, toFlow(each)));
}

describe("evaluate()", () => {
  it("gives the oracle's verdict, reason and decider", () => {
    fc.assert(
      fc.property(messages, options, requests, (given, chosen, asked) => {
        const snapshot = build(given, chosen);
        const state = foldMessages(EMPTY_STATE, given);
        for (const each of asked) {
          const flow = toFlow(each);
          assert.deepEqual(essence(evaluateSnapshot(snapshot, flow)), judge(state, chosen, each));
        }
      }),
      { numRuns: runs(1 / REQUESTS_PER_POLICY), ...seed() },
    );
  });

  it("names the revision it judged by and leaves the flow as it was", () => {
    fc.assert(
      fc.property(messages, options, request, (given, chosen, each) => {
        const flow = toFlow(each);
        assert.equal(evaluateSnapshot(build(given, chosen), flow).revision, 7);
        assert.deepEqual(flow, toFlow(each));
      }),
      { numRuns: runs(1 / 40), ...seed() },
    );
  });

  it("agrees with the oracle after any sequence of changes", () => {
    const batches = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(messages, batches, options, requests, (first, later, chosen, asked) => {
        const builder = new SnapshotBuilder(chosen);
        let state = EMPTY_STATE;
        const inSync: Message = { kind: "in_sync" };
        for (const [index, batch] of [[...first, inSync], ...later].entries()) {
          builder.apply(batch);
          state = foldMessages(state, batch);
          const snapshot = builder.build(index);
          for (const each of asked) {
            assert.deepEqual(essence(evaluateSnapshot(snapshot, toFlow(each))), judge(state, chosen, each));
          }
        }
      }),
      { numRuns: runs(1 / 40), ...seed() },
    );
  });

  it("refuses what is not in sync or stale before it asks anything else", () => {
    fc.assert(
      fc.property(messages, options, request, (given, chosen, each) => {
        const store = new SnapshotStore();
        const flow = toFlow(each);
        const before = evaluate(store, flow);
        assert.ok(!before.allowed);
        assert.equal(before.reason, "not_in_sync");
        store.publish(build(given, chosen));
        store.setStale(true);
        const stale = evaluate(store, flow);
        assert.ok(!stale.allowed);
        assert.equal(stale.reason, "stale");
        store.setStale(false);
        assert.deepEqual(
          essence(evaluate(store, flow)),
          judge(foldMessages(EMPTY_STATE, given), chosen, each),
        );
      }),
      { numRuns: runs(1 / 40), ...seed() },
    );
  });
});

describe("explain()", () => {
  it("gives the verdict of evaluate()", () => {
    fc.assert(
      fc.property(messages, options, requests, (given, chosen, asked) => {
        const snapshot = build(given, chosen);
        for (const each of asked) {
          const flow = toFlow(each);
          assert.deepEqual(explain(snapshot, flow).verdict, evaluateSnapshot(snapshot, flow));
        }
      }),
      { numRuns: runs(1 / 80), ...seed() },
    );
  });
});

describe("a snapshot", () => {
  it("never changes, whatever is applied after it was built", () => {
    const batches = fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), {
      minLength: 2,
      maxLength: 5,
    });
    fc.assert(
      fc.property(messages, batches, options, requests, (first, later, chosen, asked) => {
        const builder = new SnapshotBuilder(chosen);
        builder.apply([...first, { kind: "in_sync" }]);
        const kept: { readonly snapshot: Snapshot; readonly verdicts: readonly object[] }[] = [];
        for (const [index, batch] of later.entries()) {
          const snapshot = builder.build(index);
          kept.push({ snapshot, verdicts: asked.map((each) => evaluateSnapshot(snapshot, toFlow(each))) });
          // Half a batch may be in the builder; the snapshots do not see it.
          for (const message of batch) {
            builder.apply([message]);
            for (const { snapshot: earlier, verdicts } of kept) {
              assert.deepEqual(
                asked.map((each) => evaluateSnapshot(earlier, toFlow(each))),
                verdicts,
              );
            }
          }
        }
      }),
      { numRuns: runs(1 / 80), ...seed() },
    );
  });
});
