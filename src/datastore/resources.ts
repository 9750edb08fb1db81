/**
 * The resources that a datastore yields: parsed, validated, trimmed to what is used.
 *
 * This is the seam between the datastores and `calc`: past it nobody sees YAML nodes, raw JSON or selector text
 * that might not parse. Every datastore (files, Kubernetes, etcd) yields exactly these.
 */
import type { Cidr, IpAddress } from "../net/address.ts";
import type {
  HttpMatch,
  IcmpMatch,
  IdentityMatch,
  IpVersion,
  Labels,
  PortRange,
  Protocol,
} from "../policy/messages.ts";
import type { Selector } from "../selector/selector.ts";

export type Metadata = {
  /** The storage name: what identifies the object and breaks ties in ordering. */
  readonly name: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  /** Empty where the source has none. */
  readonly uid: string;
  readonly labels: Labels;
  readonly annotations: ReadonlyMap<string, string>;
};

/** A port of a rule: a number or range, or the name of a port of the peer. */
export type RulePort = PortRange | { readonly name: string };

/** Selectors are the author's own, alone; `calc` combines them as trees. `undefined` where absent or empty. */
export type EntityRule = {
  readonly nets: readonly Cidr[];
  readonly notNets: readonly Cidr[];
  readonly selector: Selector | undefined;
  readonly notSelector: Selector | undefined;
  readonly namespaceSelector: Selector | undefined;
  readonly ports: readonly RulePort[];
  readonly notPorts: readonly RulePort[];
  readonly serviceAccounts:
    | { readonly names: readonly string[]; readonly selector: Selector | undefined }
    | undefined;
  /** SPIFFE IDs; of the source of ingress rules, and only in our own API group. */
  readonly identities?: IdentityMatch | undefined;
  /** `namespace` empty: the policy's own. */
  readonly services: { readonly name: string; readonly namespace: string } | undefined;
};

export type PolicyAction = "Allow" | "Deny" | "Log" | "Pass";

export type PolicyRule = {
  readonly action: PolicyAction;
  readonly ipVersion: IpVersion | undefined;
  /** Names lower-cased. */
  readonly protocol: Protocol | undefined;
  readonly notProtocol: Protocol | undefined;
  readonly icmp: IcmpMatch | undefined;
  readonly notIcmp: IcmpMatch | undefined;
  readonly source: EntityRule;
  readonly destination: EntityRule;
  readonly http: HttpMatch | undefined;
  readonly annotations: ReadonlyMap<string, string>;
};

export type StagedAction = "Set" | "Delete" | "Learn" | "Ignore";

/**
 * What is known of an object that can't be used and has no good earlier version (docs/semantics.md, "Objects that
 * can't be used"). Fields of the resource that could be read are as read; the rest take the widest scope:
 * an unreadable selector selects everything in the object's namespace, or everywhere if it is cluster-scoped.
 * Rules that could not be read are one `Deny`.
 */
export type Unusable = { readonly why: string };

/** The tier of a placeholder that may belong in any; no Tier can have this name. It comes before all others, and its end denies. */
export const UNKNOWN_TIER = "(unknown)";

export type PolicySpec = {
  /** Never empty; `default` where absent. */
  readonly tier: string;
  /** `undefined` is last. */
  readonly order: number | undefined;
  readonly selector: Selector | undefined;
  readonly namespaceSelector: Selector | undefined;
  readonly serviceAccountSelector: Selector | undefined;
  readonly appliesToIngress: boolean;
  readonly appliesToEgress: boolean;
  readonly ingress: readonly PolicyRule[];
  readonly egress: readonly PolicyRule[];
  readonly doNotTrack: boolean;
  readonly preDnat: boolean;
  readonly performanceHints: readonly string[];
  readonly stagedAction: StagedAction;
};

export type CalicoPolicy = {
  readonly kind:
    | "NetworkPolicy"
    | "GlobalNetworkPolicy"
    | "StagedNetworkPolicy"
    | "StagedGlobalNetworkPolicy";
  readonly metadata: Metadata;
  readonly spec: PolicySpec;
  readonly unusable: Unusable | undefined;
};

export type Tier = {
  readonly kind: "Tier";
  readonly metadata: Metadata;
  /** `undefined` is last. */
  readonly order: number | undefined;
  readonly defaultAction: "Deny" | "Pass";
};

/** NetworkSet and GlobalNetworkSet. Nets are masked; a bare address is a /32 or /128. */
export type NetworkSet = {
  readonly kind: "NetworkSet" | "GlobalNetworkSet";
  readonly metadata: Metadata;
  readonly nets: readonly Cidr[];
};

export type Profile = {
  readonly kind: "Profile";
  readonly metadata: Metadata;
  readonly ingress: readonly PolicyRule[];
  readonly egress: readonly PolicyRule[];
  /** Undefined: of a placeholder whose labels can't be read. */
  readonly labelsToApply: Labels | undefined;
  readonly unusable: Unusable | undefined;
};

export type NamedPort = {
  readonly name: string;
  /** As written, any case; a number in text, or empty where unset. */
  readonly protocol: string;
  readonly port: number;
};

export type WorkloadEndpoint = {
  readonly kind: "WorkloadEndpoint";
  readonly metadata: Metadata;
  readonly orchestrator: string;
  readonly node: string;
  readonly workload: string;
  readonly pod: string;
  readonly endpoint: string;
  readonly serviceAccountName: string;
  /** Prefix lengths dropped: a workload is its addresses. */
  readonly addresses: readonly IpAddress[];
  readonly interfaceName: string;
  readonly profiles: readonly string[];
  readonly ports: readonly NamedPort[];
};

export type HostEndpoint = {
  readonly kind: "HostEndpoint";
  readonly metadata: Metadata;
  readonly node: string;
  readonly interfaceName: string;
  readonly expectedIps: readonly IpAddress[];
  readonly profiles: readonly string[];
  readonly ports: readonly NamedPort[];
};

export type Pod = {
  readonly kind: "Pod";
  readonly metadata: Metadata;
  readonly nodeName: string;
  readonly hostNetwork: boolean;
  /** `default` where the pod names none. */
  readonly serviceAccountName: string;
  /** From status, else from the annotations that CNI plugins write; an unparsable one makes the pod unusable. */
  readonly addresses: readonly IpAddress[];
  /** Failed or Succeeded, or being deleted with its address taken away. */
  readonly finished: boolean;
  /** Containers' then init containers' named ports. */
  readonly ports: readonly NamedPort[];
};

export type Namespace = { readonly kind: "Namespace"; readonly metadata: Metadata };

export type ServiceAccount = { readonly kind: "ServiceAccount"; readonly metadata: Metadata };

/** A Kubernetes label selector, already converted to the selector language (policy-model: matchLabels and matchExpressions). */
export type KubernetesPort = {
  /** TCP where absent. */
  readonly protocol: "TCP" | "UDP" | "SCTP";
  /** `undefined`: every port of the protocol. */
  readonly port: RulePort | undefined;
};

export type KubernetesPeer =
  | {
      readonly kind: "selectors";
      /** `undefined` where absent; an empty selector is all(). Without the orchestrator term, which `calc` adds. */
      readonly podSelector: Selector | undefined;
      readonly namespaceSelector: Selector | undefined;
    }
  | { readonly kind: "block"; readonly cidr: Cidr; readonly except: readonly Cidr[] };

export type KubernetesRule = {
  /** Empty: any port. */
  readonly ports: readonly KubernetesPort[];
  /** Empty: any peer. */
  readonly peers: readonly KubernetesPeer[];
};

export type KubernetesNetworkPolicy = {
  readonly kind: "KubernetesNetworkPolicy" | "StagedKubernetesNetworkPolicy";
  readonly metadata: Metadata;
  readonly podSelector: Selector;
  readonly appliesToIngress: boolean;
  readonly appliesToEgress: boolean;
  readonly ingress: readonly KubernetesRule[];
  readonly egress: readonly KubernetesRule[];
  readonly stagedAction: StagedAction;
  readonly unusable: Unusable | undefined;
};

export type ClusterPort =
  | { readonly protocol: "TCP" | "UDP" | "SCTP"; readonly port: PortRange | undefined }
  | { readonly name: string };

export type ClusterPeer =
  | { readonly kind: "namespaces"; readonly namespaceSelector: Selector }
  | { readonly kind: "pods"; readonly namespaceSelector: Selector; readonly podSelector: Selector }
  | { readonly kind: "networks"; readonly nets: readonly Cidr[] };

export type ClusterRule = {
  readonly name: string;
  readonly action: "Accept" | "Deny" | "Pass";
  readonly peers: readonly ClusterPeer[];
  /** Empty: any protocol and port. */
  readonly protocols: readonly ClusterPort[];
};

export type ClusterNetworkPolicy = {
  readonly kind: "KubernetesClusterNetworkPolicy";
  readonly metadata: Metadata;
  readonly tier: "Admin" | "Baseline";
  readonly priority: number;
  readonly subject:
    | { readonly kind: "namespaces"; readonly namespaceSelector: Selector }
    | { readonly kind: "pods"; readonly namespaceSelector: Selector; readonly podSelector: Selector };
  readonly ingress: readonly ClusterRule[];
  readonly egress: readonly ClusterRule[];
  readonly unusable: Unusable | undefined;
};

export type EndpointSlice = {
  readonly kind: "EndpointSlice";
  readonly metadata: Metadata;
  /** From the label `kubernetes.io/service-name`; empty where it has none. */
  readonly serviceName: string;
  /** Those that are IP addresses. */
  readonly addresses: readonly IpAddress[];
  /** Ports without a number are left out. */
  readonly ports: readonly { readonly protocol: "TCP" | "UDP" | "SCTP"; readonly port: number }[];
};

export type Resource =
  | Tier
  | CalicoPolicy
  | KubernetesNetworkPolicy
  | ClusterNetworkPolicy
  | NetworkSet
  | Profile
  | WorkloadEndpoint
  | HostEndpoint
  | Pod
  | Namespace
  | ServiceAccount
  | EndpointSlice;

export type ResourceKind = Resource["kind"];

export type ResourceKey = {
  readonly kind: ResourceKind;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
};

/** What a datastore tells `calc`. Updates that belong together (one save of a file) come in one batch. */
export type ResourceUpdate =
  | { readonly kind: "put"; readonly key: ResourceKey; readonly resource: Resource }
  | { readonly kind: "delete"; readonly key: ResourceKey }
  /**
   * The object exists, but nothing of it can be used, there is no good earlier version, and its kind has no
   * placeholder: all that is known is that there is one. Kinds with rules come as `put` of a placeholder instead.
   */
  | { readonly kind: "unusable"; readonly key: ResourceKey; readonly why: string };

/** One text for one object, for map keys and messages: `NetworkPolicy shop/api`, `Tier default`. */
export function resourceKeyText(key: ResourceKey): string {
  return key.namespace === "" ? `${key.kind} ${key.name}` : `${key.kind} ${key.namespace}/${key.name}`;
}

export function resourceKey(resource: Resource): ResourceKey {
  return {
    kind: resource.kind,
    namespace: resource.metadata.namespace,
    name: resource.metadata.name,
  };
}
