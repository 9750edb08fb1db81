/** One node agent, 250 pods, 10,000 pods in the cluster, 1,000 policies: memory, and from a change to a verdict. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNamespaces, createPod, createPolicy, type Document, LOCAL_POD } from "../cluster.ts";
import { save } from "../directories.ts";
import { median, percentile, report } from "../harness.ts";
import { openStream, startAgent } from "../node-agent.ts";
import { encodeRequest } from "../requests.ts";
import { awaitVerdict, residentMb, startSyncedSidecar } from "../sidecar.ts";

const PODS = 10_000;
const LOCAL_PODS = 250;
const POLICIES = 1_000;
const SIDECARS = 3;
const CHANGES = 60;
const PODS_PER_FILE = 100;
const NODE = "bench-node";
const BUDGET_MS = 100;
const DEADLINE_MS = 120_000;
/** Of the requests that Envoy recorded: both ends were on one machine. */
const CALLER_ADDRESS = "127.0.0.1";

const directory = mkdtempSync(join(tmpdir(), "ephor-bench-"));
const policies = join(directory, "policies");
mkdirSync(policies);
const pods = Array.from({ length: PODS }, (_, index) => ({ ...createPod(index, PODS) }));
const local = pods.filter((pod) => pod.metadata["namespace"] === LOCAL_POD.namespace).slice(0, LOCAL_PODS);
const others = pods.filter((pod) => !local.includes(pod)).slice(0, LOCAL_PODS - local.length);
const served = [...local, ...others];
for (const pod of served) Object.assign(pod["spec"] as object, { nodeName: NODE });
save(join(policies, "namespaces.yaml"), createNamespaces(PODS));
for (let at = 0; at < PODS; at += PODS_PER_FILE) {
  save(join(policies, `pods-${at}.yaml`), pods.slice(at, at + PODS_PER_FILE));
}
for (let index = 0; index < POLICIES; index++) {
  const policy = createPolicy(index, POLICIES);
  save(join(policies, `${policy.metadata.name}.yaml`), [policy]);
}
save(join(policies, "decide.yaml"), [decidingPolicy()]);
relabel("stranger");

const names = served.map((pod) => pod.metadata.name);
const namespaces = new Map(served.map((pod) => [pod.metadata.name, String(pod.metadata["namespace"])]));
const agent = await startAgent({
  source: ["--policies", policies],
  nodeName: NODE,
  namespaceOf: (pod) => namespaces.get(pod) ?? "",
  pods: names,
});
const sidecars = await Promise.all(
  names.slice(0, SIDECARS).map((pod) => startSyncedSidecar(agent.socket(pod))),
);
const [first] = sidecars;
if (first === undefined) throw new Error("no sidecar was started");
// A policy's own namespace is asked of a peer that its selector chooses, and of the identity it proves too.
const principal = `spiffe://cluster.local/ns/${LOCAL_POD.namespace}/sa/caller`;
const request = encodeRequest("http", { principal });
await measureChanges("one sidecar");

const streams = [];
for (const pod of names.slice(SIDECARS)) streams.push(await openStream(agent.socket(pod)));
await measureChanges(`${SIDECARS} sidecars and ${streams.length} streams`, BUDGET_MS);
report({ name: "node agent, resident memory", value: residentMb(agent.pid), unit: "MB" });
report({ name: "sidecar behind it, resident memory", value: residentMb(first.pid), unit: "MB" });

streams[0]?.pause();
await measureChanges("the same, one client stalled", BUDGET_MS);

for (const stream of streams) stream.close();
for (const sidecar of sidecars) await sidecar.stop();
await agent.stop();
rmSync(directory, { recursive: true });

/** Allows whom a label makes a friend, for the pod of the first sidecar and its neighbours. */
function decidingPolicy(): Document {
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "NetworkPolicy",
    metadata: { name: "decide", namespace: LOCAL_POD.namespace },
    spec: {
      order: -1,
      selector: "all()",
      types: ["Ingress"],
      ingress: [{ action: "Allow", source: { selector: "role == 'friend'" } }, { action: "Deny" }],
    },
  };
}

/** The one pod whose label changes. */
function relabel(role: "friend" | "stranger"): void {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "caller", namespace: LOCAL_POD.namespace, labels: { app: "caller", role } },
    spec: { nodeName: "elsewhere", serviceAccountName: "caller", containers: [] },
    status: { phase: "Running", podIPs: [{ ip: CALLER_ADDRESS }] },
  };
  save(join(policies, "caller.yaml"), [pod]);
}

async function measureChanges(what: string, budget?: number): Promise<void> {
  const timesMs: number[] = [];
  relabel("friend");
  await awaitVerdict(first!, request, "allow");
  const allow = await first!.check(request);
  for (let change = 0; change < CHANGES; change++) {
    const role = change % 2 === 0 ? "stranger" : "friend";
    relabel(role);
    const startMs = performance.now();
    while ((await first!.check(request)).equals(allow) !== (role === "friend")) {
      if (performance.now() - startMs > DEADLINE_MS) throw new Error("the label did not come into force");
    }
    timesMs.push(performance.now() - startMs);
  }
  const name = `saved pod label to new verdict, ${what}`;
  report({ name: `${name}: median`, value: median(timesMs), unit: "ms" });
  report({
    name: `${name}: p99`,
    value: percentile(timesMs, 99),
    unit: "ms",
    ...(budget === undefined ? {} : { budget }),
  });
}
