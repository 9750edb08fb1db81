/** The demo's second part: the same shop with three replicas, each with its sidecar behind one node agent. */

import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Credentials } from "./callers.ts";
import { awaitCondition } from "./child-process.ts";
import { Cleanup } from "./cleanup.ts";
import { startAgent } from "./node-agent.ts";
import { applyEdit, EDITS, fileTarget } from "./policy-edits.ts";
import type { DemoOptions } from "./run-demo.ts";
import { differences, writeLine, writeScene, writeTitle } from "./scene-table.ts";
import { type Scene, TOPICS } from "./scenes.ts";
import { EXAMPLE_FOLDER, Stage, temporaryFolder } from "./stage.ts";

/** The guarded pod of the example, and two more like it that only this part has. */
const REPLICAS = [
  { name: "api", ipv4: "10.65.0.21", ipv6: "fd00:65::21" },
  { name: "api-b", ipv4: "10.65.0.22", ipv6: "fd00:65::22" },
  { name: "api-c", ipv4: "10.65.0.23", ipv6: "fd00:65::23" },
] as const;

/** How many times each question is asked here. */
export const REPLICA_COUNT: number = REPLICAS.length;

const EFFECT_TIMEOUT_MS = 10_000;

/** @returns how many questions were asked, and how many answers were not as expected. */
export async function askBehindAgent(
  clock: Clock,
  envoyBinary: string,
  credentials: Credentials,
  { printer, signal }: DemoOptions,
): Promise<{ readonly questions: number; readonly wrong: number }> {
  writeTitle(
    printer,
    "The same behind a node agent: three replicas, each with an Envoy and a sidecar, fed over PolicySync",
  );
  const cleanup = new Cleanup();
  try {
    const { policies, sockets } = await openShop(cleanup);
    const stages: Stage[] = [];
    for (const { name, ipv4, ipv6 } of REPLICAS) {
      signal.throwIfAborted();
      const policySync = sockets.get(name) ?? "";
      const stage = await Stage.open(clock, envoyBinary, {
        policySync,
        policies,
        addresses: { ipv4, ipv6 },
        credentials,
      });
      cleanup.add(() => stage.close());
      stages.push(stage);
    }
    let questions = 0;
    let wrong = 0;
    for (const scene of TOPICS.flatMap(({ scenes }) => scenes)) {
      signal.throwIfAborted();
      questions += stages.length;
      wrong += await askAll(stages, scene, printer);
    }
    writeLine(
      printer,
      `    ${questions} questions to ${stages.length} replicas, ${questions - wrong} answered as above`,
    );
    const [first, ...others] = stages;
    const [edit] = EDITS;
    if (first === undefined || edit === undefined) return { questions, wrong };
    const { afterMs, seen } = await applyEdit(first, edit, fileTarget(first));
    questions += stages.length;
    writeLine(printer, `    ${edit.title}: in force after ${afterMs.toFixed(0)} ms, at all three replicas`);
    if (!writeScene(printer, edit.effect, seen)) wrong++;
    for (const stage of others) wrong += await awaitEffect(stage, edit.effect, printer);
    return { questions, wrong };
  } finally {
    await cleanup.run();
  }
}

/** Each sidecar takes the change when it gets to it: asks until the answer is there, and counts 1 if it does not come. */
async function awaitEffect(stage: Stage, effect: Scene, printer: DemoOptions["printer"]): Promise<number> {
  const isThere = async (): Promise<boolean> =>
    differences(effect.expect, await stage.ask(effect)).length === 0;
  const options = { timeoutMs: EFFECT_TIMEOUT_MS, process: stage.sidecar.process };
  return await awaitCondition("the edit takes effect", isThere, options).then(
    () => 0,
    async () => await askAll([stage], effect, printer),
  );
}

/** Prints only what is not as expected, and counts it. */
async function askAll(
  stages: readonly Stage[],
  scene: Scene,
  printer: DemoOptions["printer"],
): Promise<number> {
  let wrong = 0;
  for (const stage of stages) {
    const seen = await stage.ask(scene);
    if (differences(scene.expect, seen).length === 0) continue;
    wrong++;
    writeScene(printer, scene, seen);
  }
  return wrong;
}

/** A real `ephor node` over a copy of the example with all replicas, and each replica's socket. */
async function openShop(
  cleanup: Cleanup,
): Promise<{ readonly policies: string; readonly sockets: ReadonlyMap<string, string> }> {
  const folder = await temporaryFolder(cleanup);
  const policies = join(folder, "policies");
  await cp(EXAMPLE_FOLDER, policies, { recursive: true });
  await writeFile(join(policies, "replicas.yaml"), REPLICAS.slice(1).map(replicaDocument).join("---\n"));
  const names = REPLICAS.map(({ name }) => name);
  const { sockets } = await startAgent(cleanup, folder, names, ["--policies", policies]);
  return { policies, sockets };
}

function replicaDocument({ name, ipv4, ipv6 }: (typeof REPLICAS)[number]): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: api } }
spec:
  nodeName: node-1
  serviceAccountName: api
  containers:
    - name: api
      ports:
        - { name: https, containerPort: 8443 }
        - { name: events, containerPort: 7443 }
        - { name: metrics, containerPort: 9090 }
status:
  podIPs: [{ ip: ${ipv4} }, { ip: "${ipv6}" }]
`;
}
