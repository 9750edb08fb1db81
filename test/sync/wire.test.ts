import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { messageBytes, readMessage, readMessageSteps } from "../../src/sync/wire.ts";
import { policyUpdate } from "../policy/make.ts";

describe("readMessageSteps()", () => {
  it("reads a policy of 1,000 rules in many steps, and as readMessage() does", () => {
    const rules = Array.from({ length: 1000 }, (_, index) => ({ action: "allow", rule_id: `r${index}` }));
    const message = policyUpdate("api", rules);
    const bytes = messageBytes(message);
    const steps = readMessageSteps(bytes);
    let stops = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) stops++;
    assert.ok(stops > 1000 / 64, `${stops}`);
    assert.deepEqual(step.value, readMessage(bytes));
    assert.ok(step.value.ok);
    assert.deepEqual(step.value.value.message, message);
  });

  it("refuses bytes that are no message in the first step", () => {
    const step = readMessageSteps(Buffer.from("no message")).next();
    assert.equal(step.done, true);
    assert.ok(step.done && !step.value.ok);
    assert.equal(step.value.error.code, "bad_message");
  });
});
