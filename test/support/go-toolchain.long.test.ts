import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runToEnd } from "../../src/cli/demo/child-process.ts";
import { findGo } from "./go-toolchain.ts";

const TIMEOUT_MS = 240_000;

describe("Go for a machine that has none", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ephor-go-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("is fetched once, and builds programs", async () => {
    const env = { ...process.env, PATH: "/nowhere", CGO_ENABLED: "0" };
    const go = await findGo(env, () => {});
    assert.notEqual(go, "go");
    assert.equal(await findGo(env, () => assert.fail("a second download")), go);
    await writeFile(join(folder, "go.mod"), "module hello\n\ngo 1.26\n");
    await writeFile(join(folder, "main.go"), 'package main\n\nfunc main() { println("hello") }\n');
    const binary = join(folder, "hello");
    const built = await runToEnd(go, ["-C", folder, "build", "-o", binary, "."], {
      env,
      timeoutMs: TIMEOUT_MS,
    });
    assert.equal(built.exitCode, 0, built.stderr);
    const said = await runToEnd(binary, [], { env, timeoutMs: TIMEOUT_MS });
    assert.equal(said.stderr, "hello\n");
  });

  it("is not fetched where there is one", async () => {
    const bin = join(folder, "go");
    await writeFile(bin, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}:/bin:/usr/bin` };
    assert.equal(await findGo(env, () => assert.fail("a download")), "go");
  });
});
