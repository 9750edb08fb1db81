/**
 * Writes V8's code cache of the bundle's parts, each as it is after a run: with the functions that had to be compiled by then.
 *
 * `node scripts/code-cache.ts` runs itself once for each way of starting, since a cache is made by the process that ran the code.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BundleLoader, CACHE_FOLDER } from "../src/cli/bundle-loader.ts";

const ROOT = join(import.meta.dirname, "..");
const CLI = join(ROOT, "dist/cli");
const CACHE = join(CLI, CACHE_FOLDER);
const SHOP = ["--policies", join(ROOT, "examples/shop"), "--workload", "shop/api"];
const LISTEN_DEADLINE_MS = 30_000;
const LISTEN_POLL_MS = 20;
/** Long enough for a first attempt at a node agent that is not there. */
const RUN_MS = 500;

const [way, ...args] = process.argv.slice(2);
if (way === "run") runBundle(args);
else await makeCache();

async function makeCache(): Promise<void> {
  rmSync(CACHE, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), "ephor-cache-"));
  try {
    const socket = join(scratch, "s");
    const listen = ["--listen", `unix:${socket}`, "--log-level", "error"];
    // The order matters: a part that several load is taken as the first of them left it.
    await runService(["sidecar", ...SHOP, "--admin", `unix:${join(scratch, "a")}`, ...listen], socket);
    await runService(["sidecar", "--policy-sync", `unix:${join(scratch, "agent")}`, ...listen], socket);
    const check = ["check", ...SHOP, "--no-identity", "--method", "GET", "--path", "/"];
    spawnSync(process.execPath, [import.meta.filename, "run", ...check], { stdio: "ignore" });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Until it listens, and then a moment. */
async function runService(command: readonly string[], socket: string): Promise<void> {
  const child = spawn(process.execPath, [import.meta.filename, "run", ...command], { stdio: "inherit" });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const deadlineMs = performance.now() + LISTEN_DEADLINE_MS;
  while (!(await canConnect(socket))) {
    if (child.exitCode !== null || performance.now() > deadlineMs) {
      child.kill("SIGKILL");
      throw new Error(`did not listen: ephor ${command.join(" ")}`);
    }
    await sleep(LISTEN_POLL_MS);
  }
  await sleep(RUN_MS);
  child.kill("SIGTERM");
  const exitCode = await ended;
  if (exitCode !== 0) throw new Error(`ended with ${exitCode}: ephor ${command.join(" ")}`);
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    }).on("error", () => resolve(false));
  });
}

/** The bundle in this process, as the launcher would run it; leaves the caches of its parts behind. */
function runBundle(command: readonly string[]): void {
  const main = join(CLI, "main.js");
  process.argv = [process.execPath, main, ...command];
  const loader = new BundleLoader(CLI);
  process.once("exit", () => {
    for (const [name, script] of loader.scripts) {
      const path = join(CACHE, `${name}.bin`);
      if (!existsSync(path)) writeFileSync(path, script.createCachedData());
    }
  });
  loader.load("program.js");
}
