/**
 * The datastores that need no cluster, a real etcd and a directory of files, with 10,000 workloads, 1,000 policies and 500
 * namespaces: time until it is in sync, memory of a process that does nothing else, and from a write to the messages that
 * follow from it. What `bench/kubernetes.ts` measures on an API server.
 *
 * Usage: node bench/etcd.ts [etcd|files] [WORKLOADS POLICIES NAMESPACES]. Needs an etcd 3.4 or later in the PATH (`make etcd`).
 */
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { CalcGraph } from "../src/calc/graph.ts";
import { calicoKindOf } from "../src/datastore/calico-kinds.ts";
import type { Datastore } from "../src/datastore/datastore.ts";
import { etcdAccess, parseEtcdEndpoint } from "../src/datastore/etcd/etcd-access.ts";
import { CLUSTER_INFORMATION_KEY, ETCD_RESOURCES_PREFIX } from "../src/datastore/etcd/etcd-keys.ts";
import { asCalicoStores, CALICO_V3, type HistoryObject } from "../test/support/scripted-history.ts";
import { parseDocument } from "./cluster.ts";
import { reportFollowing } from "./report-following.ts";

const CHANGES = 200;
/** Of one transaction; etcd's own limit is 128 operations. */
const WRITES_AT_ONCE = 100;
const LOCAL = { kind: "pod", namespace: "ns-0", name: "pod-0" } as const;

type Where = { readonly url: string } | { readonly directory: string };

type Store = {
  readonly where: Where;
  fill(objects: readonly HistoryObject[]): Promise<void>;
  write(object: HistoryObject): Promise<void>;
  close(): Promise<void>;
};

if (process.send === undefined) await measure();
else process.on("message", (where) => void follow(where as Where)); // and stays while somebody may send

async function measure(): Promise<void> {
  const [kind = "etcd", ...counts] = process.argv.slice(2);
  const [workloads = 10_000, policies = 1_000, namespaces = 500] = counts.map(Number);
  const store = kind === "files" ? await fileStore() : await etcdStore();
  try {
    await store.fill(createObjects(workloads, policies, namespaces));
    console.log(`${kind}: ${workloads} workloads, ${policies} policies, ${namespaces} namespaces`);
    const child = fork(import.meta.filename, { serialization: "advanced", execArgv: [] });
    const startedMs = performance.now();
    child.send(store.where);
    const [{ inSyncMs }] = await once(child, "message");
    const allMs = performance.now() - startedMs;
    console.log(`in sync after ${seconds(inSyncMs)} (${seconds(allMs)} with the process's start)`);
    console.log(`resident memory ${residentMb(child.pid ?? 0)} MB`);
    const latencies: number[] = [];
    for (let change = 0; change < CHANGES; change++) {
      const told = once(child, "message");
      const writtenMs = performance.now();
      await store.write(createPolicy(0, change + 1, namespaces));
      await told;
      latencies.push(performance.now() - writtenMs);
    }
    latencies.sort((left, right) => left - right);
    const at = (share: number): string => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1);
    console.log(`from a write to its messages: median ${at(0.5)} ms, p99 ${at(0.99)} ms, of ${CHANGES}`);
    child.kill();
  } finally {
    await store.close();
  }
}

/** The same cluster as on an API server. */
function createObjects(workloads: number, policies: number, namespaces: number): readonly HistoryObject[] {
  const space = (index: number): string => `ns-${index % namespaces}`;
  const spaces = Array.from({ length: namespaces }, (_, index) => [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: space(index), labels: { team: `t${index % 20}` } },
    },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "app", namespace: space(index) } },
  ]);
  const pods = Array.from({ length: workloads }, (_, index) => {
    const labels = {
      app: `a${index % 40}`,
      version: `v${index % 3}`,
      "pod-template-hash": `h${index % 997}`,
    };
    const podIP = `10.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `pod-${index}`, namespace: space(index), labels },
      spec: { nodeName: "node-1", serviceAccountName: "app", containers: [] },
      status: { phase: "Running", podIP, podIPs: [{ ip: podIP }] },
    };
  });
  const rules = Array.from({ length: policies }, (_, index) => createPolicy(index, index, namespaces));
  return [...spaces.flat(), ...rules, ...pods];
}

/** Every version of it says something else, so that each gives messages. */
function createPolicy(index: number, version: number, namespaces: number): HistoryObject {
  const source = { selector: `app == 'a${version % 40}'` };
  const spec = { order: 0, selector: "has(app)", types: ["Ingress"], ingress: [{ action: "Allow", source }] };
  const metadata = { name: `policy-${index}`, namespace: `ns-${index % namespaces}` };
  return { apiVersion: CALICO_V3, kind: "NetworkPolicy", metadata, spec };
}

async function etcdStore(): Promise<Store> {
  const { EtcdServer } = await import("../test/support/etcd-server.ts");
  const etcd = await EtcdServer.start();
  const client = etcd.client();
  const put = async (writes: readonly { readonly key: string; readonly value: string }[]): Promise<void> => {
    const written = await client.txn({ compare: [], writes });
    if (!written.ok) throw new Error(written.error.message);
  };
  return {
    where: { url: etcd.url },
    async fill(objects) {
      const writes = objects.map((object) => toWrite(asCalicoStores(object)));
      for (let at = 0; at < writes.length; at += WRITES_AT_ONCE)
        await put(writes.slice(at, at + WRITES_AT_ONCE));
      await etcd.put(CLUSTER_INFORMATION_KEY, { spec: { datastoreReady: true } });
    },
    write: (object) => put([toWrite(object)]),
    async close() {
      client.close();
      await etcd.stop();
    },
  };
}

function toWrite(object: HistoryObject): { readonly key: string; readonly value: string } {
  const { kind, metadata } = parseDocument(object);
  const space = metadata.namespace === "" ? "" : `${metadata.namespace}/`;
  const key = `${ETCD_RESOURCES_PREFIX}${calicoKindOf(kind)?.plural}/${space}${metadata.name}`;
  return { key, value: JSON.stringify(object) };
}

/** A file for each policy, and one for all else of a namespace. */
async function fileStore(): Promise<Store> {
  const directory = await mkdtemp(join(tmpdir(), "ephor-bench-"));
  const write = async (name: string, objects: readonly HistoryObject[]): Promise<void> => {
    const text = objects.map((object) => JSON.stringify(object)).join("\n---\n");
    await writeFile(join(directory, `.${name}`), text);
    await rename(join(directory, `.${name}`), join(directory, name));
  };
  const fileOf = ({ kind, metadata }: HistoryObject): string =>
    kind === "NetworkPolicy" ? `${metadata.name}.yaml` : `${metadata.namespace ?? metadata.name}.yaml`;
  return {
    where: { directory },
    async fill(objects) {
      const files = new Map<string, HistoryObject[]>();
      for (const object of objects) files.set(fileOf(object), [...(files.get(fileOf(object)) ?? []), object]);
      for (const [name, all] of files) await write(name, all);
    },
    write: (object) => write(fileOf(object), [object]),
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

/** The process that is measured. */
async function follow(where: Where): Promise<void> {
  const graph = new CalcGraph({ local: [LOCAL], inventory: "complete" });
  const datastore = await openDatastore(where);
  await reportFollowing(graph, datastore);
}

async function openDatastore(where: Where): Promise<Datastore> {
  if ("directory" in where) {
    const { FileDatastore } = await import("../src/datastore/files/file-datastore.ts");
    return new FileDatastore(systemClock, where);
  }
  const endpoint = parseEtcdEndpoint(where.url);
  if (!endpoint.ok) throw new Error(endpoint.error);
  const { EtcdDatastore } = await import("../src/datastore/etcd/etcd-datastore.ts");
  return new EtcdDatastore(systemClock, { access: etcdAccess([endpoint.value], {}), random: Math.random });
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function residentMb(pid: number): number {
  const kilobytes = execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" });
  return Math.round(Number(kilobytes) / 1_024);
}
