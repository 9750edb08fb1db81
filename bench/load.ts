/** The load generator and the constant grpc-go server of `load/`, as processes. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { buildGoProgram } from "../test/support/go-program.ts";
import { LOAD_CORE, pinned } from "./cores.ts";

/** Above this share of its core the generator may be what holds up the others, and a closed loop measures nothing. */
export const BUSY_GENERATOR = 0.95;

export type Load = {
  readonly address: string;
  /** A check, or the path of an HTTP request. */
  readonly ask: Buffer | { readonly path: string; readonly headers: Readonly<Record<string, string>> };
  readonly connections: number;
  /** Closed loop: requests under way on each connection. Open loop: requests a second in all. */
  readonly shape: { readonly streams: number } | { readonly rate: number };
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Whose CPU time is told. */
  readonly pids: readonly number[];
  readonly expect?: "allow" | "deny";
};

/** What `load run` prints; times in microseconds, CPU time a request by process. */
export type LoadResult = {
  readonly answers: number;
  /** Answers with another verdict than the expected one; an open loop counts them as if they had never come. */
  readonly refused: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  /** Open loop: how long after it was due a request was handed to its connection. */
  readonly lateP99Us: number;
  readonly lateMaxUs: number;
  readonly cpuUs: Readonly<Record<string, number>>;
  /** Of its core, used by the generator. */
  readonly ownCpuShare: number;
};

/** The program's path; built first where it isn't there. */
export function buildLoad(): Promise<string> {
  building ??= buildGoProgram(
    {
      name: "bench-load",
      folder: fileURLToPath(new URL("load", import.meta.url)),
      effort: "half a minute, 10 MB to download",
    },
    (line) => process.stderr.write(`${line}\n`),
  );
  return building;
}

let building: Promise<string> | undefined;

/** Rejects with the generator's own words if a single answer is not the expected one. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const argv = pinned(LOAD_CORE, [await buildLoad(), "run", ...flagsOf(load)]);
  const child = spawn(argv[0]!, argv.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve, reject) => child.once("error", reject).once("exit", resolve)),
  ]);
  if (code !== 0) throw new Error(`the load generator ended with ${String(code)}: ${stderr.trim()}`);
  const result = JSON.parse(stdout) as LoadResult;
  if ("streams" in load.shape && load.shape.streams > 1 && result.ownCpuShare > BUSY_GENERATOR) {
    process.stderr.write(`the load generator used ${(result.ownCpuShare * 100).toFixed(0)} % of its core\n`);
  }
  return result;
}

function flagsOf(load: Load): string[] {
  const { ask, shape } = load;
  const flags = {
    address: load.address,
    connections: load.connections,
    "warm-up": `${load.warmUpSeconds}s`,
    duration: `${load.seconds}s`,
    pids: load.pids.join(","),
    expect: load.expect ?? "allow",
    ...shape,
    ...(Buffer.isBuffer(ask)
      ? { check: `base64:${ask.toString("base64")}` }
      : { get: ask.path, headers: JSON.stringify(ask.headers) }),
  };
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}
