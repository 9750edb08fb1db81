/** The calculation graph with 10,000 pods and 1,000 policies: from scratch, and one pod's label. */
import { CalcGraph } from "../../src/calc/graph.ts";
import { createNamespaces, createPod, createPolicy, LOCAL_POD, toUpdates } from "../cluster.ts";
import { baselineNs, liveBytes, median, report, threadNs } from "../harness.ts";

const PODS = 10_000;
const POLICIES = 1000;
const BUILDS = 5;
const CHANGES = 4000;

const updates = toUpdates([
  ...createNamespaces(PODS),
  ...Array.from({ length: PODS }, (_, index) => createPod(index, PODS)),
  ...Array.from({ length: POLICIES }, (_, index) => createPolicy(index, POLICIES)),
]);
const hashNs = baselineNs();

let before = liveBytes();
let graph = createGraph();
const buildsMs = Array.from({ length: BUILDS }, () => {
  graph = createGraph(); // the old one is garbage before the clock starts
  before = liveBytes();
  const startNs = threadNs();
  graph.apply(updates);
  graph.setInSync();
  if (graph.flush().length === 0) throw new Error("nothing was calculated");
  return (threadNs() - startNs) / 1e6;
});
const buildMs = median(buildsMs);
const size = `${PODS.toLocaleString("en")} pods × ${POLICIES.toLocaleString("en")} policies`;
report({
  name: `calculate ${size} from scratch`,
  value: buildMs,
  unit: "ms",
  ratio: (buildMs * 1e6) / hashNs,
});
report({ name: `memory of the calculation, ${size}`, value: (liveBytes() - before) / 2 ** 20, unit: "MB" });

const changes = Array.from({ length: CHANGES }, (_, index) =>
  toUpdates([createPod((index * 37) % PODS, PODS, index % 2 === 0 ? "v0" : "v9")]),
);
let messageCount = 0;
const startNs = threadNs();
for (const change of changes) {
  graph.apply(change);
  messageCount += graph.flush().length;
}
const changeUs = (threadNs() - startNs) / CHANGES / 1000;
if (messageCount === 0) throw new Error("no change showed");
report({ name: "… one pod's label changes", value: changeUs, unit: "µs", ratio: (changeUs * 1000) / hashNs });

function createGraph(): CalcGraph {
  return new CalcGraph({ local: [LOCAL_POD], inventory: "complete" });
}
