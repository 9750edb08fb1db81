/** A node agent as an operator runs it, and clients that do nothing but read its streams. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import { ephor, spawnForBench } from "./sidecar.ts";

const SYNC_PATH = "/felix.PolicySync/Sync";
const START_DEADLINE_MS = 60_000;

export type AgentProcess = {
  readonly pid: number;
  /** The socket of a pod of the node. */
  readonly socket: (pod: string) => string;
  readonly stop: () => Promise<void>;
};

/** @param pods names of the node's pods, all in one namespace. */
export async function startAgent(options: {
  /** Flags: where it reads policy. */
  readonly source: readonly string[];
  readonly nodeName: string;
  readonly namespaceOf: (pod: string) => string;
  readonly pods: readonly string[];
}): Promise<AgentProcess> {
  const prefix = mkdtempSync(join(tmpdir(), "ephor-agent-"));
  mkdirSync(join(prefix, "creds"));
  const socket = (pod: string): string => join(prefix, "mount", pod, "socket");
  for (const pod of options.pods) {
    mkdirSync(join(prefix, "mount", pod), { recursive: true });
    const fields = { UID: pod, Workload: pod, Namespace: options.namespaceOf(pod), ServiceAccount: "x" };
    writeFileSync(join(prefix, "creds", `${pod}.json`), JSON.stringify(fields));
  }
  const flags = [...options.source, "--node-name", options.nodeName, "--prefix", prefix];
  const child = spawnForBench([...ephor("node"), ...flags, "--log-level", "error"]);
  const deadlineMs = performance.now() + START_DEADLINE_MS;
  const last = options.pods.at(-1) ?? "";
  while (!existsSync(socket(last))) {
    if (performance.now() > deadlineMs) throw new Error("the node agent did not start in time");
    await sleep(10);
  }
  return {
    pid: child.pid ?? 0,
    socket,
    stop: async () => {
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
      rmSync(prefix, { recursive: true });
    },
  };
}

/** A stream that counts what it reads. Rejects if it ends before InSync. */
export async function openStream(socket: string): Promise<{
  readonly pause: () => void;
  readonly close: () => void;
}> {
  const asIs = (bytes: Buffer): Buffer => bytes;
  const client = new grpc.Client(`unix:${socket}`, grpc.credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  const metadata = new grpc.Metadata();
  metadata.set("x-ephor-sync-features", "unusable,incomplete,identities");
  const call = client.makeServerStreamRequest(SYNC_PATH, asIs, asIs, Buffer.alloc(0), metadata);
  await new Promise<void>((resolve, reject) => {
    call.on("error", reject);
    call.on("data", (bytes: Buffer) => {
      // InSync is field 1, an empty message.
      if (bytes[0] === 0x0a && bytes[1] === 0) resolve();
    });
  });
  call.removeAllListeners("error");
  call.on("error", () => {}); // being cut off is what a paused stream is for
  return { pause: () => call.pause(), close: () => client.close() };
}
