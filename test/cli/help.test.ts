import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertGolden, runCli } from "./run-cli.ts";

describe("help", () => {
  for (const command of [
    "",
    "sidecar",
    "node",
    "check",
    "validate",
    "get",
    "apply",
    "delete",
    "status",
    "demo",
    "completion",
  ]) {
    it(`of ${command === "" ? "the program" : command} is what its golden file holds`, async () => {
      const { exitCode, stdout } = await runCli([...(command === "" ? [] : [command]), "--help"]);
      assertGolden(`help${command === "" ? "" : `-${command}`}.txt`, stdout);
      assert.equal(exitCode, 0);
    });
  }

  it("of the program is what no command at all gets, on standard error, with exit code 2", async () => {
    const { exitCode, stdout, stderr } = await runCli([]);
    assert.match(stderr, /^Usage: ephor/);
    assert.deepEqual([exitCode, stdout], [2, ""]);
  });

  it("is not what an unknown command gets", async () => {
    const { exitCode, stdout, stderr } = await runCli(["chekc"]);
    assert.match(stderr, /unknown command 'chekc'/);
    assert.deepEqual([exitCode, stdout], [2, ""]);
  });

  it("leaves version alone", async () => {
    const { exitCode, stdout } = await runCli(["--version"]);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
    assert.equal(exitCode, 0);
  });
});
