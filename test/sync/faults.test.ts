import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DEFAULT_POLICY_OPTIONS } from "../../src/policy/options.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import { allowedBy, createPick, followThroughFaults, Script } from "../support/fault-run.ts";

describe("a stream that is cut, torn to pieces and begun again", () => {
  it("converges after each of 150 cuts, and is never in a state that the agent was never in", async () => {
    await followThroughFaults(150);
  });

  it("would be noticed if a change were in force by half", () => {
    const builder = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS);
    const script = new Script(createPick(7));
    builder.apply(script.step());
    builder.build(1);
    let torn = 0;
    for (let revision = 2; revision < 100; revision++) {
      const before = [...script.allowed()].sort().join();
      const messages = script.step();
      const after = [...script.allowed()].sort().join();
      const half = new Set<string>();
      for (const message of messages) {
        builder.apply([message]);
        half.add([...allowedBy(builder.build(revision * 10 + half.size))].join());
      }
      if ([...half].some((seen) => seen !== before && seen !== after)) torn++;
    }
    assert.ok(torn > 50, `${torn} of 98 steps can be torn`);
  });
});
