/**
 * The package as its users get it: packed, installed from the tarball into an empty folder, run there.
 *
 * Works on a copy of the tree, so that building does not pull the ground from under a test that runs beside it.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CHECK = [
  ...["check", "--policies", "node_modules/ephor/examples/shop", "--workload", "shop/api"],
  ...["--from", "spiffe://cluster.local/ns/shop/sa/web", "--path", "/v1/items"],
];

type Run = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

function run(command: string, args: readonly string[], cwd: string): Promise<Run> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, encoding: "utf8" }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({ exitCode: typeof code === "number" ? code : -1, stdout, stderr });
    });
  });
}

async function runWell(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command, args, cwd);
  assert.equal(exitCode, 0, `${command} ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

describe("the package", () => {
  let scratch = "";
  let installed = "";
  let packed: readonly string[] = [];

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), "ephor-package-"));
    const tree = join(scratch, "tree");
    await copyTree(tree);
    const [report] = Object.values(JSON.parse(await runWell("npm", ["pack", "--json"], tree))) as {
      readonly filename: string;
      readonly files: readonly { readonly path: string }[];
    }[];
    assert.ok(report !== undefined);
    packed = report.files.map(({ path }) => path);
    installed = join(scratch, "installed");
    mkdirSync(installed);
    writeFileSync(join(installed, "package.json"), '{ "private": true }');
    await runWell("npm", ["install", "--omit=dev", join(tree, report.filename)], installed);
  });

  after(() => rmSync(scratch, { recursive: true }));

  it("holds what it needs at run time and nothing else", () => {
    for (const path of [
      "dist/cli/main.js",
      "LICENSE",
      "README.md",
      "CHANGELOG.md",
      "examples/shop/catalogue.yaml",
    ]) {
      assert.ok(packed.includes(path), path);
    }
    const allowed =
      /^(dist|docs|deploy|examples|schemas)\/|^node_modules\/envoy-ext-authz-proto\/(dist|protos|package\.json|README\.md)|^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/;
    assert.deepEqual(
      packed.filter((path) => !allowed.test(path)),
      [],
    );
    assert.ok(packed.some((path) => path.startsWith("node_modules/envoy-ext-authz-proto/dist/")));
    assert.ok(packed.some((path) => path.startsWith("node_modules/envoy-ext-authz-proto/protos/")));
  });

  it("allows with exit code 0, naming the rule", async () => {
    const { exitCode, stdout } = await run("npx", ["ephor", ...CHECK, "--method", "GET"], installed);
    assert.match(stdout, /^allow\b/);
    assert.match(stdout, /NetworkPolicy shop\/read-catalogue/);
    assert.equal(exitCode, 0);
  });

  it("denies with exit code 1, naming the reason", async () => {
    const { exitCode, stdout } = await run("npx", ["ephor", ...CHECK, "--method", "DELETE"], installed);
    assert.match(stdout, /^deny\b/);
    assert.match(stdout, /tier_default/);
    assert.equal(exitCode, 1);
  });

  it("knows its version", async () => {
    assert.match(await runWell("npx", ["ephor", "--version"], installed), /^\d+\.\d+\.\d+\n$/);
  });
});

/** What git knows, with dependencies linked in place of installed. */
async function copyTree(tree: string): Promise<void> {
  const list = await runWell("git", ["ls-files", "--cached", "--others", "--exclude-standard"], ROOT);
  for (const path of list.split("\n").filter((line) => line !== "" && !line.startsWith("test/"))) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    cpSync(join(ROOT, path), join(tree, path));
  }
  const modules = join(tree, "node_modules");
  mkdirSync(modules);
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    const target = name === "envoy-ext-authz-proto" ? "../proto" : join(ROOT, "node_modules", name);
    symlinkSync(target, join(modules, name));
  }
}
