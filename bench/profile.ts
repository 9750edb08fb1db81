/** Where a check's time goes: `node bench/profile.ts` prints each part's share of a sidecar's CPU time under load, from V8's profiler. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CHECK_PATH_V3 } from "envoy-ext-authz-proto";
import { LOAD_CORE, pinned, SERVER_CORE } from "./cores.ts";
import { SHOP, temporaryDirectory } from "./directories.ts";
import { encodeRequest } from "./requests.ts";

const CHECKS = 200_000;
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
const body = join(directory, "body");
const message = encodeRequest("http", { path: "/items/1?page=2" });
const prefix = Buffer.alloc(5);
prefix.writeUInt32BE(message.length, 1);
writeFileSync(body, Buffer.concat([prefix, message]));

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
const headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"];
const target = ["-B", `unix:${socket}`, `http://localhost${CHECK_PATH_V3}`];
const asked = ["-n", String(CHECKS), "-c", "8", "-m", "10", "-d", body, ...headers, ...target];
const [loadCommand = "", ...loadArgv] = pinned(LOAD_CORE, ["h2load", ...asked]);
const load = spawnSync(loadCommand, loadArgv);
sidecar.kill("SIGTERM");
await once(sidecar, "exit");
if (load.status !== 0)
  throw new Error("h2load failed, or is missing: it is in Debian's package nghttp2-client");

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
