/** The package as its users get it: packed, and installed from the tarball into an empty folder. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export type Run = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

export type InstalledPackage = {
  /** A folder with nothing but the package installed in it. */
  readonly directory: string;
  /** What the tarball holds. */
  readonly packed: readonly string[];
  readonly remove: () => void;
};

/**
 * Packs a copy of the tree, so that building does not pull the ground from under a test that runs beside it, and
 * installs the tarball.
 */
export async function installPackage(): Promise<InstalledPackage> {
  const scratch = mkdtempSync(join(tmpdir(), "ephor-package-"));
  const tree = join(scratch, "tree");
  await copyTree(tree);
  const [report] = Object.values(JSON.parse(await runWell("npm", ["pack", "--json"], tree))) as {
    readonly filename: string;
    readonly files: readonly { readonly path: string }[];
  }[];
  assert.ok(report !== undefined, "npm pack reports what it packed");
  const directory = join(scratch, "installed");
  mkdirSync(directory);
  writeFileSync(join(directory, "package.json"), '{ "private": true }');
  await runWell("npm", ["install", "--omit=dev", join(tree, report.filename)], directory);
  return {
    directory,
    packed: report.files.map(({ path }) => path),
    remove: () => rmSync(scratch, { recursive: true }),
  };
}

export function run(command: string, args: readonly string[], cwd: string): Promise<Run> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, encoding: "utf8" }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({ exitCode: typeof code === "number" ? code : -1, stdout, stderr });
    });
  });
}

/** Runs to the end and gives what it printed; fails with all that it printed. */
export async function runWell(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command, args, cwd);
  assert.equal(exitCode, 0, `${command} ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

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
