/**
 * How far one API server carries: what the watches of many node agents cost it, in memory and CPU time, while nothing
 * happens and for each event that goes out to them.
 *
 * Agents are stood in for by what an API server sees of them: a TLS connection for each of fifteen kinds (this server has no
 * ClusterNetworkPolicies), with one watch. Usage: node bench/kubernetes-capacity.ts [AGENTS]. Needs `make control-plane` and Linux; takes three minutes.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { get } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { WATCHED_KINDS } from "../src/datastore/kubernetes/watched-kinds.ts";
import {
  CALICO,
  create,
  createPod,
  nodeToken,
  pathOf,
  startCluster,
} from "../test/integration/kubernetes/cluster.ts";
import { residentMb } from "./sidecar.ts";

const AGENTS_PER_PROCESS = 50;
/** Longer than the minute between two bookmarks. */
const IDLE_MS = 70_000;
const EVENTS = 300;
/** Connections that one process opens at once. */
const OPENERS = 8;

type Options = {
  readonly port: number;
  readonly ca: string;
  readonly token: string;
  readonly agents: number;
};

if (process.send === undefined) await measure(Number(process.argv[2] ?? 150));
else process.once("message", (options) => void beAgents(options as Options));

async function measure(agents: number): Promise<void> {
  const plane = await startCluster();
  try {
    await create(plane, "v1", "Namespace", { name: "shop" });
    await createPod(plane, { name: "pod", namespace: "shop" }, "10.0.0.1");
    const token = await nodeToken(plane);
    const pid = plane.serverPid;
    const write = async (event: number): Promise<void> => {
      const body = { metadata: { labels: { version: `v${event}` } } };
      await plane.request("PATCH", `${pathOf("v1", "Pod", "shop")}/pod`, body);
    };
    const alone = await costOfEvents(pid, write);
    await sleep(5_000);
    const residentBefore = residentMb(pid);
    const idleBefore = await idleCpuMs(pid);
    const connectBefore = cpuMs(pid);
    const children = [];
    for (let opened = 0; opened < agents; opened += AGENTS_PER_PROCESS) {
      const child = fork(import.meta.filename, { serialization: "advanced", execArgv: [] });
      const options = { port: plane.port, ca: plane.ca, token };
      child.send({ ...options, agents: Math.min(AGENTS_PER_PROCESS, agents - opened) } satisfies Options);
      await once(child, "message");
      children.push(child);
    }
    const watches = agents * WATCHED_KINDS.length; // the gate's too, and none of ClusterNetworkPolicies
    const connectMs = cpuMs(pid) - connectBefore;
    const idle = await idleCpuMs(pid);
    const residentAfter = residentMb(pid);
    const busy = await costOfEvents(pid, write);
    for (const child of children) child.kill();
    console.log(`${agents} agents, ${watches} watches, each on a TLS connection of its own`);
    console.log(`memory a watch: ${(((residentAfter - residentBefore) * 1_024) / watches).toFixed(0)} KB`);
    console.log(
      `  (the server: ${residentBefore.toFixed(0)} MB before, ${residentAfter.toFixed(0)} MB with them)`,
    );
    console.log(`CPU to connect a watch: ${(connectMs / watches).toFixed(2)} ms`);
    console.log(
      `CPU of 1,000 idle watches: ${(((idle - idleBefore) / watches) * 1_000).toFixed(2)} ms a second`,
    );
    console.log(`  (the server: ${idleBefore.toFixed(1)} ms a second before, ${idle.toFixed(1)} with them)`);
    console.log(
      `CPU of an event: ${alone.toFixed(2)} ms without watches, ${busy.toFixed(2)} with ${agents} of its kind`,
    );
    console.log(`  ${(((busy - alone) / agents) * 1_000).toFixed(1)} µs a watch that it goes out to`);
  } finally {
    await plane.stop();
  }
}

/** Milliseconds of CPU an event, the write included. */
async function costOfEvents(pid: number, write: (event: number) => Promise<void>): Promise<number> {
  for (let event = 0; event < 20; event++) await write(event);
  const before = cpuMs(pid);
  for (let event = 0; event < EVENTS; event++) await write(event);
  await sleep(500); // what is still on its way out
  return (cpuMs(pid) - before) / EVENTS;
}

/** Milliseconds of CPU a second. */
async function idleCpuMs(pid: number): Promise<number> {
  await sleep(2_000);
  const before = cpuMs(pid);
  await sleep(IDLE_MS);
  return ((cpuMs(pid) - before) / IDLE_MS) * 1_000;
}

/** The process of some agents. */
async function beAgents({ port, ca, token, agents }: Options): Promise<void> {
  const kinds = [...WATCHED_KINDS, { group: "calico", version: "", plural: "clusterinformations" }];
  // What isn't served has no watch.
  const paths = kinds.filter(({ group }) => group !== "policy.networking.k8s.io").map(placeOf);
  const waiting = Array.from({ length: agents }, () => paths).flat();
  const open = async (): Promise<void> => {
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const query = "?watch=1&allowWatchBookmarks=true&resourceVersion=0&timeoutSeconds=600";
      const headers = { authorization: `Bearer ${token}` };
      const sent = get({ host: "127.0.0.1", port, path: path + query, ca, headers, agent: false });
      const [answer] = await once(sent, "response");
      answer.resume();
      if (answer.statusCode === 200) continue;
      if (answer.statusCode !== 429) throw new Error(`${path}: ${answer.statusCode}`);
      waiting.push(path); // the server limits how many begin at once
      await sleep(1_000);
    }
  };
  await Promise.all(Array.from({ length: OPENERS }, open));
  process.send?.({});
}

function placeOf({ group, version, plural }: { group: string; version: string; plural: string }): string {
  if (group === "core") return `/api/v1/${plural}`;
  return `/apis/${group === "calico" ? CALICO : `${group}/${version}`}/${plural}`;
}

/** CPU time that a process has used so far, of all its threads. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10; // clock ticks of 10 ms
}
