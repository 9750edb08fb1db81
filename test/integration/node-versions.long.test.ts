import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type InstalledPackage, installPackage, run, runWell } from "../support/installed-package.ts";

const MAIN = "node_modules/ephor/dist/cli/main.js";
const CHECK = [
  ...[MAIN, "check", "--policies", "node_modules/ephor/examples/shop", "--workload", "shop/api"],
  ...["--from", "spiffe://cluster.local/ns/shop/sa/web", "--path", "/v1/items"],
];

describe("the installed package on the Node versions that it supports", () => {
  let installed: InstalledPackage;
  before(async () => {
    installed = await installPackage();
  });
  after(() => installed.remove());

  for (const version of ["22", "24"]) {
    it(`answers on Node ${version}`, async () => {
      const node = ["--yes", "--package", `node@${version}`, "--", "node"];
      const told = await runWell("npx", [...node, "--version"], installed.directory);
      assert.match(told, new RegExp(`^v${version}\\.`));
      const allowed = await run("npx", [...node, ...CHECK, "--method", "GET"], installed.directory);
      assert.match(allowed.stdout, /^allow/, allowed.stderr);
      assert.equal(allowed.exitCode, 0);
      const denied = await run("npx", [...node, ...CHECK, "--method", "DELETE"], installed.directory);
      assert.match(denied.stdout, /^deny/, denied.stderr);
      assert.equal(denied.exitCode, 1);
    });
  }
});
