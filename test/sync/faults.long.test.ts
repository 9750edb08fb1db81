import { it } from "node:test";
import { followThroughFaults } from "../support/fault-run.ts";

it("a stream converges after each of 10,000 cuts, and is never in a state that the agent was never in", async () => {
  await followThroughFaults(10_000);
});
