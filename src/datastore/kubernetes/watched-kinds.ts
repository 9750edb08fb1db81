/** What is read of a cluster, and where it is. */
import type { ResourceKind } from "../resources.ts";

export type WatchedKind = {
  /** As in the object's own `kind`. */
  readonly kind: string;
  /** The kind inside. */
  readonly resourceKind: ResourceKind;
  /** `calico`: of whichever of Calico's two groups the cluster has. */
  readonly group: "calico" | "core" | "discovery.k8s.io" | "networking.k8s.io" | "policy.networking.k8s.io";
  /** Of groups other than `calico`. */
  readonly version: string;
  readonly plural: string;
  /** Metadata is all that is read. */
  readonly isMetadataEnough: boolean;
  /** Whether annotations say anything of objects of this kind that is read. */
  readonly annotations: readonly string[];
};

const CNI_ANNOTATIONS: readonly string[] = [
  "cni.projectcalico.org/podIP",
  "cni.projectcalico.org/podIPs",
  "vpc.amazonaws.com/pod-ips",
];
/** Holds the metadata of objects in the v1 encoding. */
const PACKED: readonly string[] = ["projectcalico.org/metadata"];

function calico(kind: ResourceKind, plural: string): WatchedKind {
  const rest = { version: "", isMetadataEnough: false, annotations: PACKED };
  return { kind, resourceKind: kind, group: "calico", plural, ...rest };
}

/** Whether there is policy to be read at all: `ClusterInformation default`. It is watched, but is no resource. */
export const CLUSTER_INFORMATION = {
  kind: "ClusterInformation",
  group: "calico",
  version: "",
  plural: "clusterinformations",
  isMetadataEnough: false,
} as const;

export const WATCHED_KINDS: readonly WatchedKind[] = [
  calico("Tier", "tiers"),
  calico("NetworkPolicy", "networkpolicies"),
  calico("GlobalNetworkPolicy", "globalnetworkpolicies"),
  calico("StagedNetworkPolicy", "stagednetworkpolicies"),
  calico("StagedGlobalNetworkPolicy", "stagedglobalnetworkpolicies"),
  calico("StagedKubernetesNetworkPolicy", "stagedkubernetesnetworkpolicies"),
  calico("NetworkSet", "networksets"),
  calico("GlobalNetworkSet", "globalnetworksets"),
  calico("HostEndpoint", "hostendpoints"),
  {
    kind: "NetworkPolicy",
    resourceKind: "KubernetesNetworkPolicy",
    group: "networking.k8s.io",
    version: "v1",
    plural: "networkpolicies",
    isMetadataEnough: false,
    annotations: [],
  },
  {
    kind: "ClusterNetworkPolicy",
    resourceKind: "KubernetesClusterNetworkPolicy",
    group: "policy.networking.k8s.io",
    version: "v1alpha2",
    plural: "clusternetworkpolicies",
    isMetadataEnough: false,
    annotations: [],
  },
  {
    kind: "EndpointSlice",
    resourceKind: "EndpointSlice",
    group: "discovery.k8s.io",
    version: "v1",
    plural: "endpointslices",
    isMetadataEnough: false,
    annotations: [],
  },
  {
    kind: "Pod",
    resourceKind: "Pod",
    group: "core",
    version: "v1",
    plural: "pods",
    isMetadataEnough: false,
    annotations: CNI_ANNOTATIONS,
  },
  {
    kind: "Namespace",
    resourceKind: "Namespace",
    group: "core",
    version: "v1",
    plural: "namespaces",
    isMetadataEnough: true,
    annotations: [],
  },
  {
    kind: "ServiceAccount",
    resourceKind: "ServiceAccount",
    group: "core",
    version: "v1",
    plural: "serviceaccounts",
    isMetadataEnough: true,
    annotations: [],
  },
];

/** What it takes to find a kind on a server. */
export type KindPlace = Pick<WatchedKind, "kind" | "group" | "version" | "plural" | "isMetadataEnough">;
