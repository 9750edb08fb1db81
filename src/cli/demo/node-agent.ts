/** A running `ephor node` of this very installation, with pods that it serves. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { awaitCondition, BackgroundProcess } from "./child-process.ts";
import type { Cleanup } from "./cleanup.ts";
import { get } from "./envoy-process.ts";
import { ephorCommand } from "./ephor-process.ts";

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;

export type RunningAgent = {
  /** Of each pod, by its name: where its sidecar gets policy. */
  readonly sockets: ReadonlyMap<string, string>;
  /** Lines that it has logged so far, oldest first. Do not mutate. */
  readonly log: readonly string[];
};

/**
 * Starts one for `node-1` and waits until it is ready.
 *
 * @param folder of its own; holds what its pods would mount.
 * @param pods names of pods of namespace and service account `shop/api`.
 * @param sourceFlags where it reads policy.
 */
export async function startAgent(
  cleanup: Cleanup,
  folder: string,
  pods: readonly string[],
  sourceFlags: readonly string[],
): Promise<RunningAgent> {
  const sockets = new Map<string, string>();
  await mkdir(join(folder, "creds"));
  for (const name of pods) {
    const mount = join(folder, "mount", name);
    await mkdir(mount, { recursive: true });
    sockets.set(name, join(mount, "socket"));
    const fields = { UID: `uid-${name}`, Workload: name, Namespace: "shop", ServiceAccount: "api" };
    await writeFile(join(folder, "creds", `${name}.json`), JSON.stringify(fields));
  }
  const admin = join(folder, "node.sock");
  const { command, args } = ephorCommand();
  const own = ["--node-name", "node-1", "--prefix", folder, "--admin", `unix:${admin}`];
  const log: string[] = [];
  const agent = new BackgroundProcess(
    command,
    [...args, "node", ...sourceFlags, ...own, "--log-level", "warn"],
    { name: "ephor node", onLine: (line) => log.push(line) },
  );
  cleanup.add(() => agent.stop(STOP_TIMEOUT_MS));
  const ready = async (): Promise<boolean> => (await get(admin, "/readyz")) !== undefined;
  await awaitCondition("the node agent is ready", ready, { timeoutMs: START_TIMEOUT_MS, process: agent });
  return { sockets, log };
}
