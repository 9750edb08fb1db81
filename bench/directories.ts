/** Policy directories on disk. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createNamespaces, createPod, createPolicy, type Document, LOCAL_POD } from "./cluster.ts";

export const SHOP: string = fileURLToPath(new URL("../examples/shop", import.meta.url));

const PODS = 200;
export const WORKLOAD = `${LOCAL_POD.namespace}/${LOCAL_POD.name}`;

/** The policy that decides every check of `http.json`: it comes first and says this to everybody. */
export function decidingPolicy(action: "Allow" | "Deny"): Document {
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "NetworkPolicy",
    metadata: { name: "decide", namespace: LOCAL_POD.namespace },
    spec: { order: -1, selector: "all()", types: ["Ingress"], ingress: [{ action }] },
  };
}

/** A directory with `policyCount` policies, one a file, or all in one file; and a way to turn the deciding one around. */
export function createDirectory(
  policyCount: number,
  layout: "files" | "one-file",
): {
  readonly path: string;
  readonly decide: (action: "Allow" | "Deny") => void;
} {
  const path = temporaryDirectory();
  mkdirSync(join(path, "policies"));
  const cluster = [
    ...createNamespaces(PODS),
    ...Array.from({ length: PODS }, (_, index) => createPod(index, PODS)),
  ];
  save(join(path, "cluster.yaml"), cluster);
  const policies = Array.from({ length: policyCount - 1 }, (_, index) => createPolicy(index, policyCount));
  const deciding = join(path, "policies", layout === "files" ? "decide.yaml" : "all.yaml");
  if (layout === "files") {
    for (const policy of policies) save(join(path, "policies", `${policy.metadata.name}.yaml`), [policy]);
  }
  const rest = layout === "files" ? [] : policies;
  const decide = (action: "Allow" | "Deny"): void => save(deciding, [...rest, decidingPolicy(action)]);
  decide("Allow");
  return { path, decide };
}

/** An empty directory that is gone when the process ends. */
export function temporaryDirectory(): string {
  if (temporary.length === 0) process.once("exit", removeTemporary);
  const path = mkdtempSync(join(tmpdir(), "ephor-bench-"));
  temporary.push(path);
  return path;
}

const temporary: string[] = [];

function removeTemporary(): void {
  for (const path of temporary) rmSync(path, { recursive: true, force: true });
}

/** As editors and ConfigMaps do: written beside, then renamed over. JSON is YAML. */
export function save(path: string, documents: readonly Document[]): void {
  const text = documents.map((document) => JSON.stringify(document, undefined, 2)).join("\n---\n");
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}
