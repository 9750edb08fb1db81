/**
 * The Kubernetes datastore on a real API server with 10,000 pods, 1,000 policies and 500 namespaces: time until it is in
 * sync, memory of a process that does nothing else, and from a write to the messages that follow from it.
 *
 * Usage: node bench/kubernetes.ts [PODS POLICIES NAMESPACES]. Needs `make control-plane`; takes minutes to fill the cluster.
 */
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { systemClock } from "../src/base/clock.ts";
import { CalcGraph } from "../src/calc/graph.ts";
import { KubernetesDatastore } from "../src/datastore/kubernetes/kubernetes-datastore.ts";
import { CALICO, nodeToken, pathOf, startCluster } from "../test/integration/kubernetes/cluster.ts";
import { createSpec, fillCluster } from "./kubernetes-cluster.ts";
import { reportFollowing } from "./report-following.ts";

const CHANGES = 200;

if (process.send === undefined) await measure();
else process.once("message", (options) => void follow(options as FollowOptions));

type FollowOptions = { readonly port: number; readonly ca: string; readonly token: string };

async function measure(): Promise<void> {
  const [pods = 10_000, policies = 1_000, namespaces = 500] = process.argv.slice(2).map(Number);
  const plane = await startCluster();
  try {
    const beganMs = performance.now();
    await fillCluster(plane, pods, policies, namespaces);
    console.log(
      `filled in ${seconds(performance.now() - beganMs)}: ${pods} pods, ${policies} policies, ${namespaces} namespaces`,
    );
    const { port, ca } = plane;
    const child = fork(import.meta.filename, { serialization: "advanced", execArgv: [] });
    const startedMs = performance.now();
    child.send({ port, ca, token: await nodeToken(plane) } satisfies FollowOptions);
    const [{ inSyncMs }] = await once(child, "message");
    console.log(
      `in sync after ${seconds(inSyncMs)} (${seconds(performance.now() - startedMs)} with the process's start)`,
    );
    console.log(`resident memory ${residentMb(child.pid ?? 0)} MB`);
    const latencies: number[] = [];
    for (let change = 0; change < CHANGES; change++) {
      const told = once(child, "message");
      const path = `${pathOf(CALICO, "NetworkPolicy", "ns-0")}/policy-0`;
      const writtenMs = performance.now();
      await plane.request("PATCH", path, { spec: createSpec(change + 1) });
      await told;
      latencies.push(performance.now() - writtenMs);
    }
    latencies.sort((left, right) => left - right);
    const at = (share: number): string => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1);
    console.log(`from a write to its messages: median ${at(0.5)} ms, p99 ${at(0.99)} ms, of ${CHANGES}`);
    child.kill();
  } finally {
    await plane.stop();
  }
}

/** The process that is measured. */
async function follow({ port, ca, token }: FollowOptions): Promise<void> {
  const credentials = { token, ca, certificate: undefined, privateKey: undefined };
  const graph = new CalcGraph({
    local: [{ kind: "pod", namespace: "ns-0", name: "pod-0" }],
    inventory: "complete",
  });
  const datastore = new KubernetesDatastore(systemClock, {
    access: {
      name: "bench",
      host: "127.0.0.1",
      port,
      basePath: "",
      serverName: undefined,
      isCertificateChecked: true,
      credentials: async () => credentials,
    },
    random: Math.random,
  });
  await reportFollowing(graph, datastore);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function residentMb(pid: number): number {
  return Math.round(
    Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1_024,
  );
}
