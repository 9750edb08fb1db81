import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { EDITS } from "../../../src/cli/demo/policy-edits.ts";
import { EXAMPLE_FOLDER } from "../../../src/cli/demo/stage.ts";
import { runProgram } from "../../../src/cli/program.ts";

describe("examples/shop", () => {
  it("is valid, without a warning", async () => {
    let printed = "";
    const output = { write: (text: string): unknown => (printed += text) };
    const stdin = (async function* (): AsyncGenerator<Uint8Array> {})();
    const io = { stdout: output, stderr: output, stdin, env: {} };
    assert.equal(await runProgram(["validate", EXAMPLE_FOLDER], io), 0, printed);
    assert.match(printed, /: valid: \d+ objects, no issues\n$/);
  });

  it("has a README that mentions every file, and no other", async () => {
    const readme = await readFile(join(EXAMPLE_FOLDER, "README.md"), "utf8");
    const files = (await readdir(EXAMPLE_FOLDER)).filter((file) => file !== "README.md");
    const mentioned = new Set(readme.match(/[a-z-]+\.yaml/g));
    assert.deepEqual([...mentioned].sort(), files.sort());
  });

  it("holds what the demo edits", async () => {
    const [first] = EDITS;
    assert.ok(first);
    const text = await readFile(join(EXAMPLE_FOLDER, first.file), "utf8");
    assert.equal(text.split(first.from).length, 2);
  });
});
