import { readFileSync } from "node:fs";
import type { LocalEndpoint } from "../calc/local-test.ts";
import type { WorkloadEndpoint } from "../datastore/resources.ts";
import type { Labels } from "../policy/messages.ts";
import { UsageError } from "./io.ts";
import type { PolicyFlags } from "./policy-flags.ts";

/** Whom policy guards, by name, and its description where flags give one. */
export type GuardedWorkload = {
  readonly endpoint: LocalEndpoint;
  /** `shop/api`, or a host endpoint's name; for messages. */
  readonly text: string;
  /** What flags say of the workload; takes the place of what documents say of it. */
  readonly described: WorkloadEndpoint | undefined;
};

/** Larger than any set of labels that the API accepts (256 KiB of annotations is its largest bound). */
const LABELS_FILE_MAX_BYTES = 262_144;

export function guardedWorkload(flags: PolicyFlags): GuardedWorkload {
  const { workload, hostEndpoint } = flags;
  if (workload !== undefined && hostEndpoint !== undefined) {
    throw new UsageError("--workload and --host-endpoint exclude each other");
  }
  const described = describedBy(flags);
  if (hostEndpoint !== undefined) {
    if (described.length > 0)
      throw new UsageError(`${described[0]} describes a workload, not a host endpoint`);
    return {
      endpoint: { kind: "host-endpoint", name: hostEndpoint },
      text: hostEndpoint,
      described: undefined,
    };
  }
  if (workload === undefined)
    throw new UsageError("--workload NAMESPACE/NAME or --host-endpoint NAME is required");
  const { namespace, name } = workload;
  return {
    endpoint: { kind: "pod", namespace, name },
    text: `${namespace}/${name}`,
    described: described.length === 0 ? undefined : describedWorkload(flags, namespace, name),
  };
}

function describedBy(flags: PolicyFlags): readonly string[] {
  return [
    ...(flags.labelsFile === undefined ? [] : ["--labels-file"]),
    ...(flags.serviceAccount === undefined ? [] : ["--service-account"]),
    ...(flags.address === undefined ? [] : ["--address"]),
    ...(flags.namedPort === undefined ? [] : ["--named-port"]),
  ];
}

function describedWorkload(flags: PolicyFlags, namespace: string, name: string): WorkloadEndpoint {
  const addresses = flags.address ?? [];
  if (addresses.length === 0) {
    throw new UsageError(`a workload described by ${describedBy(flags).join(" and ")} needs --address too`);
  }
  const serviceAccountName = flags.serviceAccount ?? "default";
  return {
    kind: "WorkloadEndpoint",
    metadata: {
      // No document can have this name, and none can take the object's place.
      name: `${name}@flags`,
      namespace,
      uid: "",
      labels: flags.labelsFile === undefined ? new Map() : readLabelsFile(flags.labelsFile),
      annotations: new Map(),
    },
    orchestrator: "k8s",
    node: "",
    workload: name,
    pod: name,
    endpoint: "eth0",
    serviceAccountName,
    addresses,
    interfaceName: "",
    profiles: [`kns.${namespace}`, `ksa.${namespace}.${serviceAccountName}`],
    ports: (flags.namedPort ?? []).map((port) => ({ ...port })),
  };
}

function readLabelsFile(path: string): Labels {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`--labels-file: ${error instanceof Error ? error.message : error}`);
  }
  if (text.length > LABELS_FILE_MAX_BYTES)
    throw new UsageError(`--labels-file: \`${path}\` is larger than 256 KiB`);
  return parseLabels(text, path);
}

/** Lines of `key="value"`, as the Downward API writes `metadata.labels`. Label values hold nothing that needs escaping. */
export function parseLabels(text: string, path: string): Labels {
  const labels = new Map<string, string>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const match = /^([A-Za-z0-9._/-]+)="([A-Za-z0-9._-]*)"\r?$/.exec(line);
    const [key, value] = [match?.[1], match?.[2]];
    if (key === undefined || value === undefined) {
      throw new UsageError(`${path}:${index + 1}: not a label as the Downward API writes it, key="value"`);
    }
    if (labels.has(key)) throw new UsageError(`${path}:${index + 1}: label \`${key}\` twice`);
    labels.set(key, value);
  }
  return labels;
}
