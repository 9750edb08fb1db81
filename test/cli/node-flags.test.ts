import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runCli } from "./run-cli.ts";

describe("ephor node refuses flags that don't go together", () => {
  const cases: readonly (readonly [what: string, args: readonly string[], message: RegExp])[] = [
    ["no source", [], /--policies DIR is required/],
    [
      "a directory and a cluster",
      ["--datastore", "kubernetes", "--policies", "x"],
      /goes with --datastore files/,
    ],
    ["a kubeconfig for files", ["--policies", "x", "--kubeconfig", "y"], /go with --datastore kubernetes/],
    [
      "reports of status where there is no place for them",
      ["--policies", "x", "--report-status"],
      /--report-status goes with --datastore kubernetes/,
    ],
    [
      "a kubeconfig that isn't there",
      ["--datastore", "kubernetes", "--kubeconfig", "/none"],
      /no way to the API server/,
    ],
  ];
  for (const [what, args, message] of cases) {
    it(what, async () => {
      const { exitCode, stdout, stderr } = await runCli(["node", ...args]);
      assert.deepEqual([exitCode, stdout], [2, ""]);
      assert.match(stderr, message);
    });
  }
});
