/** The servers that are measured beside each other, all of them started before the first run, and how runs take turns. */
import { WANTED_PATH } from "./policies.ts";
import { encodeRequest } from "./requests.ts";
import { createRuleDirectory, RULES_WORKLOAD } from "./rule-directory.ts";
import { awaitVerdict, type ServerProcess, startConstantServer, startSidecar } from "./sidecar.ts";

/** The check that all of them are asked: a real Envoy's, 1 KB. */
export const CHECK: Buffer = encodeRequest("http", { path: `${WANTED_PATH}/42`, bytes: 1024 });

export type Compared = { readonly name: string; readonly server: ServerProcess };

export const GRPC_GO = "constant grpc-go";
export const NODE_HTTP2 = "constant node:http2";

export function ephorWith(ruleCount: number): string {
  return `Ephor, ${ruleCount.toLocaleString("en")} rules`;
}

/** The two constant servers, and a sidecar for each number of rules. */
export async function startCompared(ruleCounts: readonly number[]): Promise<readonly Compared[]> {
  const compared: Compared[] = [
    { name: GRPC_GO, server: await startConstantServer("grpc-go") },
    { name: NODE_HTTP2, server: await startConstantServer("node:http2") },
  ];
  for (const ruleCount of ruleCounts) {
    const policies = createRuleDirectory(ruleCount);
    const server = await startSidecar({ policies, workload: RULES_WORKLOAD }, "server core");
    await refuseOthers(server);
    compared.push({ name: ephorWith(ruleCount), server });
  }
  return compared;
}

/** Runs take turns, so that whatever else the machine does falls on all alike. */
export async function takeTurns<C extends { readonly name: string }, T>(
  compared: readonly C[],
  rounds: number,
  run: (each: C) => Promise<T>,
): Promise<ReadonlyMap<string, readonly T[]>> {
  const results = new Map<string, T[]>(compared.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const each of compared) results.get(each.name)?.push(await run(each));
  }
  return results;
}

/** A server that allows everything would be measured for nothing: it has to tell the wanted path from others. */
async function refuseOthers(server: ServerProcess): Promise<void> {
  await awaitVerdict(server, CHECK, "allow");
  await awaitVerdict(server, encodeRequest("http", { path: "/unwanted" }), "deny");
}
