/**
 * From a write to a real API server to the first verdict under it: a node agent that reads the cluster, a sidecar that it
 * feeds, checks one after the other; and beside it, for the same writes, when a plain watch is told of them.
 *
 * Usage: node bench/kubernetes-verdict.ts [PODS POLICIES NAMESPACES]. Needs `make control-plane`; takes minutes to fill the
 * cluster. Exits 1 over its budget.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../test/control-plane/control-plane.ts";
import { kubeconfig } from "../test/integration/kubernetes/agent-process.ts";
import { CALICO, nodeToken, pathOf, startCluster } from "../test/integration/kubernetes/cluster.ts";
import { median, percentile } from "./harness.ts";
import { fillCluster } from "./kubernetes-cluster.ts";
import { startAgent } from "./node-agent.ts";
import { encodeRequest } from "./requests.ts";
import { awaitVerdict, residentMb, startSyncedSidecar } from "./sidecar.ts";

const CHANGES = 200;
const BUDGET_MS = 150;
const DEADLINE_MS = 60_000;
/** Between two checks: often enough for milliseconds, seldom enough to leave the processors to those who are measured. */
const ASK_EVERY_MS = 1;
const POLICY = `${pathOf(CALICO, "NetworkPolicy", "ns-0")}/policy-0`;

const [pods = 10_000, policies = 1_000, namespaces = 500] = process.argv.slice(2).map(Number);
const plane = await startCluster();
const folder = mkdtempSync(join(tmpdir(), "ephor-bench-"));
try {
  await fillCluster(plane, pods, policies, namespaces);
  const config = join(folder, "kubeconfig");
  writeFileSync(config, kubeconfig(plane, await nodeToken(plane)));
  const agent = await startAgent({
    source: ["--datastore", "kubernetes", "--kubeconfig", config],
    nodeName: "node-0",
    namespaceOf: () => "ns-0",
    pods: ["pod-0"],
  });
  const sidecar = await startSyncedSidecar(agent.socket("pod-0"));
  const watch = await plainWatch(plane);
  await allowOnly("/first");
  const first = encodeRequest("http", { path: "/first" });
  await awaitVerdict(sidecar, first, "allow");
  const allowed = await sidecar.check(first);
  const verdicts: number[] = [];
  const told: number[] = [];
  const answered: number[] = [];
  for (let change = 0; change < CHANGES; change++) {
    const path = `/change-${change}`;
    const request = encodeRequest("http", { path });
    const beganMs = performance.now();
    const since = (): number => performance.now() - beganMs;
    const isTold = watch.tells(path).then(() => void told.push(since()));
    const isWritten = allowOnly(path).then(() => void answered.push(since()));
    while (!(await sidecar.check(request)).equals(allowed)) {
      if (since() > DEADLINE_MS) throw new Error("the change did not come into force");
      await sleep(ASK_EVERY_MS);
    }
    verdicts.push(since());
    await Promise.all([isTold, isWritten]);
  }
  print("the API server's answer to the write", answered);
  print("a plain watch told of it", told);
  print("the first verdict under it", verdicts);
  console.log(
    `node agent ${residentMb(agent.pid).toFixed(0)} MB, sidecar ${residentMb(sidecar.pid).toFixed(0)} MB`,
  );
  if (percentile(verdicts, 99) > BUDGET_MS) process.exitCode = 1;
  await sidecar.stop();
  await agent.stop();
} finally {
  await plane.stop();
  rmSync(folder, { recursive: true });
}

/** The policy that decides for `ns-0/pod-0`: this path, and no other. */
async function allowOnly(path: string): Promise<void> {
  const ingress = [{ action: "Allow", http: { paths: [{ exact: path }] } }];
  await plane.request("PATCH", POLICY, {
    spec: { order: 0, selector: "has(app)", types: ["Ingress"], ingress },
  });
}

/** Any client that watches the kind and does nothing with it. */
async function plainWatch({ port, ca }: ControlPlane): Promise<{ tells(text: string): Promise<void> }> {
  const { token = "" } = await plane.access().credentials(false);
  const headers = { authorization: `Bearer ${token}` };
  const { metadata } = (await plane.request("GET", POLICY)) as { metadata: { resourceVersion: string } };
  const query = `?watch=1&resourceVersion=${metadata.resourceVersion}`;
  const path = pathOf(CALICO, "NetworkPolicy") + query;
  const [answer] = await once(get({ host: "127.0.0.1", port, path, ca, headers, agent: false }), "response");
  let waiting = { text: "", resolve: (): void => {} };
  answer.setEncoding("utf8").on("data", (piece: string) => {
    if (waiting.text !== "" && piece.includes(`"${waiting.text}"`)) waiting.resolve();
  });
  return {
    tells: (text) =>
      new Promise((resolve) => {
        waiting = { text, resolve };
      }),
  };
}

function print(what: string, timesMs: readonly number[]): void {
  const at = (value: number): string => `${value.toFixed(1)} ms`;
  console.log(`from a write to ${what}: median ${at(median(timesMs))}, p99 ${at(percentile(timesMs, 99))}`);
}
