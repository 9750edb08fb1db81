/** What a snapshot remembers of callers, and the few rules that a path leads to, against the oracle and against no memory at all. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { evaluateSnapshot } from "../../src/policy/evaluate.ts";
import { KNOWN_PEERS, type Request, request, toFlow } from "../support/generate-flow.ts";
import { options } from "../support/generate-policy.ts";
import { nearRequests, twinMessages } from "../support/generate-twins.ts";
import { build, essence, judge } from "../support/judged.ts";
import { EMPTY_STATE, foldMessages } from "../support/reference-evaluator.ts";
import { runSettings } from "../support/runs.ts";
import { ADDRESSES, METHODS, PORTS } from "../support/small-world.ts";

describe("a snapshot that remembers callers", () => {
  it("gives each of many requests that differ in one thing the oracle's verdict, in any order", () => {
    const orders = fc.array(fc.nat({ max: 1_000_000 }), { minLength: 80, maxLength: 80 });
    fc.assert(
      fc.property(twinMessages, options, nearRequests, orders, (given, chosen, asked, order) => {
        const state = foldMessages(EMPTY_STATE, given);
        const expected = asked.map((each) => judge(state, chosen, each));
        const places = [...asked.keys()];
        const random = order.map((each) => each % asked.length);
        for (const sequence of [places, places.toReversed()]) {
          const snapshot = build(given, chosen);
          for (const place of [...sequence, ...random]) {
            const verdict = evaluateSnapshot(snapshot, toFlow(asked[place]!));
            assert.deepEqual(essence(verdict), expected[place]);
          }
        }
      }),
      runSettings(1 / 60),
    );
  });

  it("gives the verdicts of one that was asked nothing before", () => {
    fc.assert(
      fc.property(twinMessages, options, nearRequests, (given, chosen, asked) => {
        const snapshot = build(given, chosen);
        for (const each of [...asked, ...asked.toReversed()]) {
          const verdict = evaluateSnapshot(snapshot, toFlow(each));
          assert.deepEqual(verdict, evaluateSnapshot(build(given, chosen), toFlow(each)));
        }
      }),
      runSettings(1 / 1000),
    );
  });

  it("gives the oracle's verdict while callers push each other out of the table", () => {
    // A table begins with 32 slots and grows: of so many callers some push others out again and again.
    const callers = fc.array(fc.nat({ max: 159 }), { minLength: 700, maxLength: 700 });
    fc.assert(
      fc.property(twinMessages, options, request, callers, (given, chosen, base, sequence) => {
        const snapshot = build(given, chosen);
        const state = foldMessages(EMPTY_STATE, given);
        const expected = new Map<number, object>();
        for (const caller of sequence) {
          const asked = callerAt(base, caller);
          const want = expected.get(caller) ?? judge(state, chosen, asked);
          expected.set(caller, want);
          assert.deepEqual(essence(evaluateSnapshot(snapshot, toFlow(asked))), want);
        }
      }),
      runSettings(1 / 1000),
    );
  });
});

/** The same caller for the same number; neighbours differ in several things. */
function callerAt(base: Request, caller: number): Request {
  const take = <T>(values: readonly T[], salt: number): T =>
    values[Math.floor(caller / salt + caller) % values.length]!;
  return {
    ...base,
    sourceAddress: take(ADDRESSES, 3),
    sourcePort: take([...PORTS, 40_000], 5),
    destinationAddress: take(ADDRESSES, 7),
    destinationPort: take([...PORTS, 81], 11),
    protocol: take([6, 6, 17], 13),
    peer: take([...KNOWN_PEERS, base.peer], 17),
    destinationPeer: take([base.destinationPeer, ...KNOWN_PEERS], 19),
    http: { method: take([...METHODS, "PURGE"], 23), path: take(["/a", "/a/b", "/b"], 29) },
  };
}
