import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runSettings } from "../support/runs.ts";
import { compareConnections } from "./compare-connection.ts";

describe("a connection", () => {
  it("says to each frame what nghttp2 says, but for what is listed", async () => {
    const runs = runSettings(1 / 8);
    const tally = await compareConnections(runs);
    const seen = JSON.stringify(tally);
    assert.ok(tally.steps > 2 * runs.numRuns, seen);
    assert.ok(tally.answered > runs.numRuns / 4, seen);
    assert.ok(tally.reset > runs.numRuns / 4, seen);
    assert.ok(tally.wentAway > runs.numRuns / 8, seen);
  });
});
