import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { assertGolden, runCli } from "./run-cli.ts";

const BROKEN = `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  selector: app == 'api'
  ingres:
    - action: Allow
  ingress:
    - action: Alow
      source: { nets: [10.0.0.1/8], selector: "app = 'x'" }
`;

describe("ephor validate", () => {
  const directory = mkdtempSync(join(tmpdir(), "ephor-validate-"));
  after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "web.yaml"), BROKEN);

  it("lists everything that is wrong, each with file, line and column, and ends with 1", async () => {
    const { exitCode, stdout, stderr } = await runCli(["validate", directory]);
    assertGolden("validate-broken.txt", stdout.replaceAll(directory, "DIR"));
    assert.deepEqual([exitCode, stderr], [1, ""]);
  });

  it("shows a person a table", async () => {
    const { stdout } = await runCli(["validate", directory], { isTTY: true, env: { NO_COLOR: "1" } });
    assertGolden("validate-broken-table.txt", stdout.replaceAll(directory, "DIR").replace(/ {2,}/g, "  "));
  });

  it("tells a machine the same", async () => {
    const { exitCode, stdout } = await runCli(["validate", directory, "--output", "json"]);
    const report = JSON.parse(stdout);
    assert.equal(report.valid, false);
    assert.ok(report.issues.some((issue: { code: string }) => issue.code === "unknown_key"));
    assert.equal(exitCode, 1);
  });

  it("ends with 0 where all is well", async () => {
    const { exitCode, stdout } = await runCli(["validate", "examples/shop"]);
    assert.match(stdout, /^examples\/shop: valid: \d+ objects, no issues\n$/);
    assert.equal(exitCode, 0);
  });

  it("ends with 2 where there is no such directory", async () => {
    const { exitCode, stdout } = await runCli(["validate", join(directory, "none")]);
    assert.match(stdout, /unreadable/);
    assert.equal(exitCode, 2);
  });
});
