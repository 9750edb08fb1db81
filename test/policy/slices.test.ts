/** Snapshots made in steps, with requests between them, against snapshots made at once. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { finishSteps } from "../../src/base/steps.ts";
import { evaluate, evaluateSnapshot } from "../../src/policy/evaluate.ts";
import type { Message } from "../../src/policy/messages.ts";
import { DEFAULT_POLICY_OPTIONS } from "../../src/policy/options.ts";
import { SnapshotStore } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import { request, toFlow } from "../support/generate-flow.ts";
import { messages, options } from "../support/generate-policy.ts";
import { runSettings } from "../support/runs.ts";
import { endpointUpdate, policyUpdate, setUpdate } from "./make.ts";

describe("SnapshotBuilder in steps", () => {
  it("gives the snapshots that it gives at once, and requests meanwhile see the one before, whole", () => {
    const histories = fc.array(messages, { minLength: 1, maxLength: 3 });
    const requests = fc.array(request, { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(histories, options, requests, (history, chosen, asked) => {
        const flows = asked.map(toFlow);
        const atOnce = new SnapshotBuilder(chosen);
        const inSteps = new SnapshotBuilder(chosen);
        const store = new SnapshotStore();
        let before = flows.map((flow) => evaluate(store, flow));
        for (const [index, batch] of history.entries()) {
          const issues = atOnce.apply(batch);
          const want = atOnce.build(index + 1);
          const work = (function* () {
            assert.deepEqual(yield* inSteps.applySteps(batch), issues);
            return yield* inSteps.buildSteps(index + 1);
          })();
          for (let step = work.next(); ; step = work.next()) {
            assert.deepEqual(
              flows.map((flow) => evaluate(store, flow)),
              before,
            );
            if (step.done === true) {
              store.publish(step.value);
              break;
            }
          }
          before = flows.map((flow) => evaluateSnapshot(want, flow));
          assert.deepEqual(
            flows.map((flow) => evaluate(store, flow)),
            before,
          );
          assert.deepEqual(store.current?.counts, want.counts);
        }
      }),
      runSettings(1 / 50),
    );
  });

  it("refuses to take messages while a build is not done", () => {
    const builder = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS);
    builder.apply([policyUpdate("api", [{ action: "deny" }]), endpointUpdate(), { kind: "in_sync" }]);
    const build = builder.buildSteps(1);
    build.next();
    assert.throws(() => builder.apply([policyUpdate("api", [{ action: "allow" }])]), /one thing at a time/);
    assert.equal(finishSteps(build).counts.rules, 1);
  });

  it("takes many steps for many rules and many members, and few for few", () => {
    const rules = Array.from({ length: 1000 }, (_, index) => ({
      action: "allow",
      src_ip_set_ids: ["s:many"],
      http_match: { methods: ["GET"], paths: [{ exact: `/${index}` }] },
    }));
    const members = Array.from({ length: 20_000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
    const many = [setUpdate("s:many", "IP", members), policyUpdate("api", rules)];
    assert.ok(countSteps(many) > 80);
    assert.ok(countSteps([policyUpdate("api", [{ action: "allow" }])]) < 30);
  });
});

function countSteps(given: readonly Message[]): number {
  const builder = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS);
  let count = 0;
  for (const _ of builder.applySteps([...given, endpointUpdate(), { kind: "in_sync" }])) count++;
  for (const _ of builder.buildSteps(1)) count++;
  return count;
}
