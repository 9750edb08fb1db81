/**
 * Writes `dist/`, what the package runs: the program and the packages it uses, bundled into parts that are loaded when a command needs
 * them, and V8's code cache of those that a sidecar needs.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROTO_DIRECTORY } from "envoy-ext-authz-proto";
import { type Plugin, rolldown } from "rolldown";

const ROOT = join(import.meta.dirname, "..");
const DIST = join(ROOT, "dist");
const CLI = join(DIST, "cli");

/** Optional and large: required from where it is installed. */
const NOT_BUNDLED = /^@kubernetes\//;

/**
 * What our use of a package never reaches, though the package loads it at once: commander starts other programs as commands, pino
 * writes logs from another thread. Each would bring modules of Node's into every process, some MB of them.
 */
const NEVER_REACHED: readonly { readonly from: RegExp; readonly id: string }[] = [
  { from: /\/node_modules\/commander\//, id: "node:child_process" },
  { from: /\/node_modules\/pino\//, id: "thread-stream" },
];
const UNREACHABLE = "\0unreachable";

const withoutTheUnreached: Plugin = {
  name: "without-the-unreached",
  resolveId(id, importer = "") {
    const isUnreached = NEVER_REACHED.some((each) => each.id === id && each.from.test(importer));
    return isUnreached ? UNREACHABLE : undefined;
  },
  load(id) {
    // Fails at the place of use, not somewhere after it.
    const code = `module.exports = new Proxy({}, { get(_, key) { throw new Error("not bundled: " + String(key)); } });`;
    return id === UNREACHABLE ? { code, moduleType: "js" } : undefined;
  },
};

rmSync(DIST, { recursive: true, force: true });
const parts = await bundle({ program: "src/cli/main.ts" });
await bundle({ main: "src/cli/launcher.ts" });
writeFileSync(join(CLI, "parts.json"), `${JSON.stringify(parts, undefined, 2)}\n`);
chmodSync(join(CLI, "main.js"), 0o755);
mkdirSync(DIST, { recursive: true });
// The package's own sources are ES modules. A bundle is required, part by part, which takes less time and memory.
writeFileSync(join(DIST, "package.json"), '{ "type": "commonjs" }\n');
// Where the bundled reader looks for them: `../protos/` as seen from a file of the bundle.
cpSync(PROTO_DIRECTORY, join(DIST, "protos"), { recursive: true });

const cached = spawnSync(process.execPath, [join(ROOT, "scripts/code-cache.ts")], { stdio: "inherit" });
process.exitCode = cached.status ?? 1;

/** Bundles, and tells of each part which packages are in it. */
async function bundle(input: Record<string, string>): Promise<Record<string, readonly string[]>> {
  const build = await rolldown({
    cwd: ROOT,
    input,
    platform: "node",
    external: NOT_BUNDLED,
    plugins: [withoutTheUnreached],
    onLog(level, log, report) {
      if (level === "warn") throw new Error(log.message);
      report(level, log);
    },
  });
  const { output } = await build.write({
    dir: CLI,
    format: "cjs",
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    // Names and lines stay: a stack trace is for people.
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await build.close();
  const chunks = output.filter((file) => file.type === "chunk");
  return Object.fromEntries(chunks.map(({ fileName, moduleIds }) => [fileName, packagesOf(moduleIds)]));
}

function packagesOf(files: readonly string[]): readonly string[] {
  const names = files.flatMap((file) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  return [...new Set(names)].sort();
}
