/**
 * The engine against the oracle, and the three laws of docs/semantics.md, on random policies and requests.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { evaluate, evaluateSnapshot } from "../../src/policy/evaluate.ts";
import { explain } from "../../src/policy/explain.ts";
import { Flow } from "../../src/policy/flow.ts";
import { ANY_ENTITY, type Message, type Rule } from "../../src/policy/messages.ts";
import { DEFAULT_POLICY_OPTIONS } from "../../src/policy/options.ts";
import { type Snapshot, SnapshotStore } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import { evaluatorCase, judgeCase, REQUESTS_PER_CASE } from "../support/generate-case.ts";
import { type Request, request, toFlow } from "../support/generate-flow.ts";
import { change, messages, options } from "../support/generate-policy.ts";
import { ALLOW_ALL } from "../support/generate-rule.ts";
import { build, essence, judge } from "../support/judged.ts";
import { EMPTY_STATE, foldMessages } from "../support/reference-evaluator.ts";
import { runSettings } from "../support/runs.ts";

const requests = fc.array(request, { minLength: REQUESTS_PER_CASE, maxLength: REQUESTS_PER_CASE });

/** Rules that match nobody before each rule, so that one policy fills more than one piece of the program. */
function padPolicy(message: Message, count: number): Message {
  if (message.kind !== "active_policy_update") return message;
  const filler: Rule = { ...ALLOW_ALL, action: "deny", source: { ...ANY_ENTITY, nets: ["203.0.113.0/24"] } };
  const inboundRules = message.policy.inboundRules.flatMap((rule) => [
    ...new Array<Rule>(count).fill(filler),
    rule,
  ]);
  return { ...message, policy: { ...message.policy, inboundRules } };
}

describe("evaluate()", () => {
  it("gives the oracle's verdict, reason and decider", () => {
    fc.assert(
      fc.property(evaluatorCase, (given) => {
        const builder = new SnapshotBuilder(given.options);
        builder.apply(given.messages);
        if (given.sync !== "waiting") builder.apply([{ kind: "in_sync" }]);
        const store = new SnapshotStore();
        store.publish(builder.build(7));
        store.setStale(given.sync === "stale");
        const expected = judgeCase(given);
        for (const [index, each] of given.requests.entries()) {
          assert.deepEqual(essence(evaluate(store, toFlow(each))), essence(expected[index]!));
        }
      }),
      runSettings(1 / REQUESTS_PER_CASE),
    );
  });

  it("names the revision it judged by and leaves the flow as it was", () => {
    fc.assert(
      fc.property(messages, options, request, (given, chosen, each) => {
        const flow = toFlow(each);
        assert.equal(evaluateSnapshot(build(given, chosen), flow).revision, 7);
        assert.deepEqual(flow, toFlow(each));
      }),
      runSettings(1 / 40),
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
      runSettings(1 / 16),
    );
  });

  it("tells methods apart that nobody has heard of", () => {
    const rule: Rule = { ...ALLOW_ALL, http: { methods: ["PURGE"], paths: [] } };
    const given: readonly Message[] = [
      {
        kind: "active_profile_update",
        name: "p",
        profile: { inboundRules: [rule], outboundRules: [], unusable: "" },
      },
      {
        kind: "workload_endpoint_update",
        id: { orchestratorId: "k8s", workloadId: "shop/api", endpointId: "eth0" },
        endpoint: { state: "", name: "", profileIds: ["p"], ipv4Nets: [], ipv6Nets: [], tiers: [] },
      },
    ];
    const snapshot = build(given, DEFAULT_POLICY_OPTIONS);
    const flow = Object.assign(new Flow(), { hasHttp: true, path: "/" });
    const allows = ["PURGE", "BREW", "PURGE", "GET", "BREW"].map(
      (method) => evaluateSnapshot(snapshot, Object.assign(flow, { method })).allowed,
    );
    assert.deepEqual(allows, [true, false, true, false, false]);
  });

  it("remembers of one address nothing for another", () => {
    // Far more addresses than answers are remembered, in an order in which each comes again after others.
    const hosts = fc.array(fc.integer({ min: 0, max: 1023 }), { minLength: 1500, maxLength: 1500 });
    fc.assert(
      fc.property(messages, options, request, hosts, (given, chosen, each, addresses) => {
        const snapshot = build(given, chosen);
        const state = foldMessages(EMPTY_STATE, given);
        const expected = new Map<number, object>();
        for (const host of addresses) {
          const asked: Request = { ...each, sourceAddress: `10.0.${host >> 8}.${host & 255}` };
          const want = expected.get(host) ?? judge(state, chosen, asked);
          expected.set(host, want);
          assert.deepEqual(essence(evaluateSnapshot(snapshot, toFlow(asked))), want);
        }
      }),
      runSettings(1 / 400),
    );
  });

  it("agrees with the oracle about policies of thousands of rules", () => {
    fc.assert(
      fc.property(evaluatorCase, fc.integer({ min: 500, max: 1500 }), (given, fillers) => {
        const messages = given.messages.map((message) => padPolicy(message, fillers));
        const snapshot = build(messages, given.options);
        const state = foldMessages(EMPTY_STATE, messages);
        for (const each of given.requests.slice(0, 4)) {
          const verdict = evaluateSnapshot(snapshot, toFlow(each));
          assert.deepEqual(essence(verdict), judge(state, given.options, each));
        }
      }),
      runSettings(1 / 1000),
    );
  });

  it("refuses everything before the first snapshot", () => {
    fc.assert(
      fc.property(request, (each) => {
        const verdict = evaluate(new SnapshotStore(), toFlow(each));
        assert.ok(!verdict.allowed);
        assert.equal(verdict.reason, "not_in_sync");
      }),
      runSettings(1 / 80),
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
      runSettings(1 / 80),
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
      runSettings(1 / 80),
    );
  });
});
