/** The comparison of the short test, on other connections every time; a failure prints what was sent. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareConnections, DIFFERENCES } from "./compare-connection.ts";

const CONNECTIONS = 20_000;

describe("a connection, at length", () => {
  it("says to each frame what nghttp2 says, and every difference that is listed is seen", async () => {
    const tally = await compareConnections({ numRuns: CONNECTIONS });
    assert.deepEqual(Object.keys(tally.meant).sort(), DIFFERENCES.map(({ why }) => why).sort());
  });
});
