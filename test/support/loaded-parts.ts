/** What a process of the built package loads, from its bundle and of Node. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

export type Loaded = {
  /** Packages whose code is in some part of the bundle that was read. */
  readonly packages: readonly string[];
  /** Modules of Node's, as in `tls`. */
  readonly builtIns: readonly string[];
  /** Parts that were compiled although there are caches: there is none of theirs, or it was refused. */
  readonly compiled: readonly string[];
};

const LISTEN_DEADLINE_MS = 30_000;

/** Notes what is read and, at the end, what Node has loaded; before anything else runs. */
const RECORDER = `
const fs = require("node:fs");
const { readFileSync } = fs;
const vm = require("node:vm");
const { Script } = vm;
const read = [];
const compiled = [];
vm.Script = class extends Script {
  constructor(code, options) {
    super(code, options);
    if (options.cachedData === undefined || this.cachedDataRejected) compiled.push(options.filename);
  }
};
fs.readFileSync = (path, ...more) => {
  read.push(String(path));
  return readFileSync(path, ...more);
};
process.once("exit", () => {
  const builtIns = process.moduleLoadList.filter((name) => name.startsWith("NativeModule "));
  fs.writeFileSync(process.env.LOADED, JSON.stringify({ read, compiled, builtIns }));
});
`;

/** Runs a service until it listens at `socket`, or a command to its end, and tells what was loaded by then. */
export async function loadedBy(
  cli: string,
  args: readonly string[],
  socket: string | undefined,
): Promise<Loaded> {
  const scratch = mkdtempSync(join(tmpdir(), "ephor-loaded-"));
  try {
    const recorder = join(scratch, "recorder.cjs");
    const report = join(scratch, "report.json");
    writeFileSync(recorder, RECORDER);
    const child = spawn(process.execPath, ["--require", recorder, join(cli, "main.js"), ...args], {
      env: { ...process.env, LOADED: report },
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    if (socket !== undefined) {
      await until(() => existsSync(socket) || child.exitCode !== null, LISTEN_DEADLINE_MS);
      child.kill("SIGTERM");
    }
    await ended;
    const { read, compiled, builtIns } = JSON.parse(readFileSync(report, "utf8"));
    const parts = JSON.parse(readFileSync(join(cli, "parts.json"), "utf8"));
    const packages = (read as string[]).flatMap((path) => parts[path.replace(`${cli}/`, "")] ?? []);
    return {
      packages: [...new Set(packages as string[])].sort(),
      compiled: compiled.map((path: string) => path.replace(`${cli}/`, "")),
      builtIns: builtIns.map((name: string) => name.replace("NativeModule ", "")),
    };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
