/** The compiled program against a walk rule by rule, where rules are many: several words, several segments. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { evaluateSnapshot } from "../../src/policy/evaluate.ts";
import { explain } from "../../src/policy/explain.ts";
import type { Message, Rule } from "../../src/policy/messages.ts";
import { request, toFlow } from "../support/generate-flow.ts";
import { messages, options } from "../support/generate-policy.ts";
import { runSettings } from "../support/runs.ts";
import { build } from "./make.ts";

/** Every policy's rules replaced by a share of the given ones. */
function withRules(given: readonly Message[], rules: readonly Rule[]): readonly Message[] {
  let first = 0;
  return given.map((message) => {
    if (message.kind !== "active_policy_update") return message;
    const inboundRules = rules.slice(first, first + 60);
    first += 60;
    return { ...message, policy: { ...message.policy, inboundRules } };
  });
}

function narrow(rule: Rule): Rule {
  return { ...rule, source: { ...rule.source, nets: ["10.0.0.0/30", "fd00::/64"] } };
}

describe("evaluate()", () => {
  it("agrees with a walk rule by rule over hundreds of rules", () => {
    const rules = fc.array(messages, { minLength: 8, maxLength: 16 }).map((several) =>
      several.flat().flatMap((message) => {
        if (message.kind !== "active_policy_update") return [];
        // Rules that allow or deny everything would end most walks at once.
        return message.policy.inboundRules.map(narrow);
      }),
    );
    const requests = fc.array(request, { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(messages, options, rules, requests, (given, chosen, many, asked) => {
        const snapshot = build(withRules(given, many), chosen);
        for (const each of asked) {
          const flow = toFlow(each);
          const { verdict } = explain(snapshot, flow);
          assert.deepEqual(evaluateSnapshot(snapshot, flow), verdict);
          // A second time, now from what was remembered.
          assert.deepEqual(evaluateSnapshot(snapshot, flow), verdict);
        }
      }),
      runSettings(1 / 200),
    );
  });
});
