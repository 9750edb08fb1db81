import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type InstalledPackage, installPackage, run, runWell } from "../support/installed-package.ts";

const CHECK = [
  ...["check", "--policies", "node_modules/ephor/examples/shop", "--workload", "shop/api"],
  ...["--from", "spiffe://cluster.local/ns/shop/sa/web", "--path", "/v1/items"],
];

describe("the installed package", () => {
  let installed: InstalledPackage;
  before(async () => {
    installed = await installPackage();
  });
  after(() => installed.remove());

  it("holds what it needs at run time and nothing else", () => {
    const { packed } = installed;
    for (const path of ["dist/cli/main.js", "LICENSE", "README.md", "CHANGELOG.md", "schemas/policy.json"]) {
      assert.ok(packed.includes(path), path);
    }
    const allowed =
      /^(dist|docs|deploy|examples|schemas)\/|^node_modules\/envoy-ext-authz-proto\/(dist|protos|package\.json|README\.md)|^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/;
    assert.deepEqual(
      packed.filter((path) => !allowed.test(path)),
      [],
    );
    for (const part of ["dist/", "protos/"]) {
      assert.ok(
        packed.some((path) => path.startsWith(`node_modules/envoy-ext-authz-proto/${part}`)),
        part,
      );
    }
  });

  it("allows with exit code 0, naming the rule", async () => {
    const { exitCode, stdout } = await run(
      "npx",
      ["ephor", ...CHECK, "--method", "GET"],
      installed.directory,
    );
    assert.match(stdout, /^allow {2}by NetworkPolicy shop\/read-catalogue rule 0/);
    assert.equal(exitCode, 0);
  });

  it("denies with exit code 1, naming the reason and the nearest change", async () => {
    const { exitCode, stdout } = await run(
      "npx",
      ["ephor", ...CHECK, "--method", "DELETE"],
      installed.directory,
    );
    assert.match(stdout, /^deny {2}tier_default/);
    assert.match(stdout, /^nearest change that would allow: .*read-catalogue/m);
    assert.equal(exitCode, 1);
  });

  it("knows its version", async () => {
    assert.match(await runWell("npx", ["ephor", "--version"], installed.directory), /^\d+\.\d+\.\d+\n$/);
  });
});
