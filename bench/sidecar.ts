/** A sidecar as an operator runs it, and servers to compare it with, each in a process of its own, and a client that asks them. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import { CHECK_PATH_V3 } from "envoy-ext-authz-proto";
import { pinned, SERVER_CORE } from "./cores.ts";
import { temporaryDirectory } from "./directories.ts";
import { buildLoad } from "./load.ts";

const COMPILED = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const SOURCE = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const START_DEADLINE_MS = 30_000;
const CONNECT_RETRY_MS = 2;

const IS_BUILT = existsSync(COMPILED);
/** What is started: the bundle after `npm run build`, else the sources, which take longer to load. */
const PROGRAM: readonly string[] = IS_BUILT ? builtProgram() : [process.execPath, SOURCE];
export const PROGRAM_NAME: string = IS_BUILT ? "built" : "from TypeScript";

export type ServerProcess = {
  readonly pid: number;
  readonly socket: string;
  /** A CheckRequest's bytes to a CheckResponse's. */
  readonly check: (request: Buffer) => Promise<Buffer>;
  readonly stop: () => Promise<void>;
};

/** Where a server runs: on any core, or on the one that servers are measured on. */
export type Placement = "anywhere" | "server core";

export function startSidecar(
  options: { readonly policies: string; readonly workload: string },
  placement: Placement = "anywhere",
): Promise<ServerProcess> {
  const flags = ["--policies", options.policies, "--workload", options.workload, "--log-level", "error"];
  return startServer(placement, (socket) => [...ephor("sidecar"), ...flags, "--listen", `unix:${socket}`]);
}

/** One that follows a node agent's socket; resolves when it listens, which is before it is in sync. */
export function startSyncedSidecar(
  policySync: string,
  placement: Placement = "anywhere",
): Promise<ServerProcess> {
  const flags = ["--policy-sync", `unix:${policySync}`, "--log-level", "error"];
  return startServer(placement, (socket) => [...ephor("sidecar"), ...flags, "--listen", `unix:${socket}`]);
}

/** Servers that answer every check with the same bytes and look at nothing: what the transport alone costs. */
export async function startConstantServer(transport: "grpc-go" | "node:http2"): Promise<ServerProcess> {
  if (transport === "grpc-go") {
    const load = await buildLoad();
    return await startServer("server core", (socket) => [load, "serve", socket]);
  }
  const script = fileURLToPath(new URL("constant-server.ts", import.meta.url));
  return await startServer("server core", (socket) => [process.execPath, script, socket]);
}

/** As its first line has it, `#!/usr/bin/env -S VARIABLE=… node --flag…`, but with this Node. */
function builtProgram(): readonly string[] {
  const [line = ""] = readFileSync(COMPILED, "utf8").split("\n");
  const words = line.replace("#!/usr/bin/env -S ", "").split(" ");
  return ["env", ...words.map((word) => (word === "node" ? process.execPath : word)), COMPILED];
}

/**
 * Waits until a check is allowed, or denied: an allow is always answered with the same bytes, while each denial carries an
 * id of its own.
 */
export async function awaitVerdict(
  { check }: Pick<ServerProcess, "check">,
  request: Buffer,
  verdict: "allow" | "deny",
): Promise<void> {
  const deadlineMs = performance.now() + START_DEADLINE_MS;
  for (;;) {
    const [one, two] = [await check(request), await check(request)];
    if (one.equals(two) === (verdict === "allow")) return;
    if (performance.now() > deadlineMs) throw new Error(`a check was not answered with ${verdict} in time`);
  }
}

/** `RssAnon` is what is in no file: the process's own. */
export function residentMb(pid: number, of: "VmRSS" | "RssAnon" = "VmRSS"): number {
  const line = readFileSync(`/proc/${pid}/status`, "utf8")
    .split("\n")
    .find((each) => each.startsWith(of));
  return Number(line?.replace(/\D/g, "")) / 1024;
}

/** A process that does not outlive the bench, however that ends. */
export function spawnForBench(argv: readonly string[]): ChildProcess {
  const [command = "", ...args] = argv;
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  const kill = (): boolean => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  return child;
}

/** The command line of `ephor COMMAND`. */
export function ephor(command: string): string[] {
  return [...PROGRAM, command];
}

async function startServer(
  placement: Placement,
  argvFor: (socket: string) => readonly string[],
): Promise<ServerProcess> {
  const socket = join(temporaryDirectory(), "s");
  const argv = argvFor(socket);
  const child = spawnForBench(placement === "anywhere" ? argv : pinned(SERVER_CORE, argv));
  await waitForSocket(socket, child);
  const client = new grpc.Client(`unix:${socket}`, grpc.credentials.createInsecure());
  return {
    pid: child.pid ?? 0,
    socket,
    check: (request) => check(client, request),
    stop: async () => {
      client.close();
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
    },
  };
}

/** Looks every CONNECT_RETRY_MS whether somebody listens. */
async function waitForSocket(socket: string, child: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + START_DEADLINE_MS;
  while (!(await canConnect(socket))) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    if (performance.now() > deadlineMs) throw new Error("the server did not start in time");
    await sleep(CONNECT_RETRY_MS);
  }
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function check(client: grpc.Client, request: Buffer): Promise<Buffer> {
  const asIs = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(CHECK_PATH_V3, asIs, asIs, request, (error, response) => {
      if (error !== null) reject(error);
      else resolve(response ?? Buffer.alloc(0));
    });
  });
}
