/** The table of all kinds that are read, and the words for those that are not. */
import { quote } from "../locate.ts";
import { nearMiss } from "../near-miss.ts";
import {
  GLOBAL_NETWORK_POLICY,
  NETWORK_POLICY,
  STAGED_GLOBAL_NETWORK_POLICY,
  STAGED_NETWORK_POLICY,
} from "./calico-policy.ts";
import { CLUSTER_NETWORK_POLICY } from "./cluster-policy.ts";
import { ENDPOINT_SLICE, NAMESPACE, SERVICE_ACCOUNT } from "./core-kinds.ts";
import { HOST_ENDPOINT, WORKLOAD_ENDPOINT } from "./endpoints.ts";
import type { Kind } from "./kind.ts";
import { KUBERNETES_NETWORK_POLICY, STAGED_KUBERNETES_NETWORK_POLICY } from "./kubernetes-policy.ts";
import { GLOBAL_NETWORK_SET, NETWORK_SET } from "./network-set.ts";
import { POD } from "./pod.ts";
import { PROFILE } from "./profile.ts";
import { TIER } from "./tier.ts";

export const KINDS: readonly Kind[] = [
  TIER,
  NETWORK_POLICY,
  GLOBAL_NETWORK_POLICY,
  STAGED_NETWORK_POLICY,
  STAGED_GLOBAL_NETWORK_POLICY,
  STAGED_KUBERNETES_NETWORK_POLICY,
  NETWORK_SET,
  GLOBAL_NETWORK_SET,
  PROFILE,
  HOST_ENDPOINT,
  WORKLOAD_ENDPOINT,
  KUBERNETES_NETWORK_POLICY,
  CLUSTER_NETWORK_POLICY,
  POD,
  NAMESPACE,
  SERVICE_ACCOUNT,
  ENDPOINT_SLICE,
];

const BY_NAME: ReadonlyMap<string, Kind> = new Map(
  KINDS.flatMap((kind) => kind.apiVersions.map((version) => [`${version} ${kind.kind}`, kind] as const)),
);

export function findKind(apiVersion: string, kind: string): Kind | undefined {
  return BY_NAME.get(`${apiVersion} ${kind}`);
}

/** Kinds of the groups we read that have no bearing on a verdict; a dump of a cluster holds them. */
const WITHOUT_BEARING: ReadonlySet<string> = new Set([
  "BGPConfiguration",
  "BGPFilter",
  "BGPPeer",
  "BlockAffinity",
  "CalicoNodeStatus",
  "ClusterInformation",
  "FelixConfiguration",
  "IPAMBlock",
  "IPAMConfig",
  "IPAMConfiguration",
  "IPAMHandle",
  "IPPool",
  "IPReservation",
  "Ingress",
  "IngressClass",
  "KubeControllersConfiguration",
  "LiveMigration",
  "Node",
]);

/** Groups of which an unknown kind may be a policy that we would miss. */
const POLICY_GROUPS: readonly string[] = [
  "ephor.dev",
  "projectcalico.org",
  "crd.projectcalico.org",
  "networking.k8s.io",
  "policy.networking.k8s.io",
  "discovery.k8s.io",
];

/**
 * What to say of an object that is of no kind we read. It is an error where the object may be a policy, misspelt or
 * of another version; what has no bearing on a verdict is passed over with a warning.
 */
export function unknownKind(
  apiVersion: string,
  kind: string,
): {
  readonly severity: "error" | "warning";
  readonly message: string;
} {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  const versions = KINDS.filter((known) => known.kind === kind).flatMap((known) => known.apiVersions);
  if (versions.length > 0) {
    return {
      severity: "error",
      message: `kind ${kind} of ${quote(apiVersion)} is not read; of ${[...new Set(versions)].join(" or ")} it is`,
    };
  }
  // A list whose kind is misspelt would take all its objects with it.
  const near = nearMiss(kind, [...new Set([...KINDS.map((known) => known.kind), "List"])]);
  const mayBePolicy = POLICY_GROUPS.includes(group) && !WITHOUT_BEARING.has(kind);
  if (near !== undefined && !WITHOUT_BEARING.has(kind)) {
    return { severity: "error", message: `kind ${quote(kind)} is unknown; did you mean ${near}?` };
  }
  if (mayBePolicy)
    return { severity: "error", message: `kind ${quote(kind)} of ${quote(apiVersion)} is not read` };
  return {
    severity: "warning",
    message: `kind ${quote(kind)} of ${quote(apiVersion)} is passed over: it has no part in policy`,
  };
}
