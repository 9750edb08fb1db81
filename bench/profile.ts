/** Where a check's time goes: `node bench/profile.ts` prints each part's share of a sidecar's CPU time under load, from V8's profiler. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { pinned, SERVER_CORE } from "./cores.ts";
import { SHOP, temporaryDirectory } from "./directories.ts";
import { runLoad } from "./load.ts";
import { encodeRequest } from "./requests.ts";

const SECONDS = 4;
const INTERVAL_US = 200;
/** What is measured of a profile: after warming up, before the end. */
const FROM = 0.5;
const TO = 0.9;

/** Files by the part they are of, in order; the first that fits counts. */
const PARTS: readonly (readonly [part: string, pattern: RegExp])[] = [
  ["transport: frames, header blocks, answers", /\/http2\//],
  ["decode", /\/authz\/(decode|check-fields)|\/base\/wire-reader|\/net\/read-address/],
  ["encode", /\/authz\/(encode|decision-id)/],
  ["decide", /\/(policy|identity|net)\//],
  ["count and log", /\/observe\//],
  ["the rest of a check", /\/(authz|base)\//],
  ["Node's sockets and streams", /^node:/],
];

type Profile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

const directory = temporaryDirectory();
const socket = join(directory, "s");
const message = encodeRequest("http", { path: "/items/1?page=2" });

const program = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const profiling = ["--cpu-prof", `--cpu-prof-interval=${INTERVAL_US}`, `--cpu-prof-dir=${directory}`];
const flags = [
  "--policies",
  SHOP,
  "--workload",
  "shop/api",
  "--log-level",
  "error",
  "--listen",
  `unix:${socket}`,
];
const [command = "", ...argv] = pinned(SERVER_CORE, [
  process.execPath,
  ...profiling,
  program,
  "sidecar",
  ...flags,
]);
const sidecar = spawn(command, argv, { stdio: "inherit" });
while (!existsSync(socket)) await sleep(50);
await runLoad({
  address: socket,
  ask: message,
  connections: 8,
  shape: { streams: 10 },
  seconds: SECONDS,
  warmUpSeconds: 0,
  pids: [],
  expect: "deny",
});
sidecar.kill("SIGTERM");
await once(sidecar, "exit");

const file = readdirSync(directory).find((name) => name.endsWith(".cpuprofile"));
if (file === undefined) throw new Error("the sidecar left no profile");
print(JSON.parse(readFileSync(join(directory, file), "utf8")));

function print(profile: Profile): void {
  const parts = new Map(profile.nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]));
  const times = new Map<string, number>();
  let total = 0;
  const last = Math.floor(profile.samples.length * TO);
  for (let i = Math.floor(profile.samples.length * FROM); i < last; i++) {
    const part = parts.get(profile.samples[i] ?? 0);
    const time = profile.timeDeltas[i] ?? 0;
    if (part === undefined) continue;
    times.set(part, (times.get(part) ?? 0) + time);
    total += time;
  }
  for (const [part, time] of [...times].sort(([, a], [, b]) => b - a)) {
    console.log(`${((100 * time) / total).toFixed(1).padStart(5)} %  ${part}`);
  }
}

/** @returns undefined for time in which nothing was done. */
function partOf({ functionName, url }: Profile["nodes"][number]["callFrame"]): string | undefined {
  switch (functionName) {
    case "(idle)":
      return undefined;
    case "(garbage collector)":
      return "collecting garbage";
    case "(program)":
      return "in the run-time: reading from sockets, polling";
    case "writeBuffer":
      return "writing to sockets";
    case "latin1Slice":
    case "utf8Slice":
      return "decode";
    default:
      return PARTS.find(([, pattern]) => pattern.test(url))?.[0] ?? "other";
  }
}
