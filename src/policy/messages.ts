/**
 * The policy messages: the waist of the hourglass.
 *
 * One message says one change of what an endpoint needs to judge requests. Everything that reads a
 * datastore produces them (`calc`, or a node agent over PolicySync), everything that answers requests
 * consumes them, so a recorded list of messages is a complete test fixture.
 *
 * The shapes are those of `felix.PolicySync`'s ToDataplane payloads (Calico 3.32 and later), in camel
 * case with every field present. These fields are ours: `Policy.unusable`, `Profile.unusable`, `IpSetUpdate.incomplete` and
 * `EntityMatch.identityMatch`.
 */

export type PolicyKind =
  | "NetworkPolicy"
  | "GlobalNetworkPolicy"
  | "StagedNetworkPolicy"
  | "StagedGlobalNetworkPolicy"
  | "StagedKubernetesNetworkPolicy"
  | "KubernetesNetworkPolicy"
  | "KubernetesClusterNetworkPolicy";

export type PolicyId = {
  /** The storage name. */
  readonly name: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  /** One of PolicyKind when our own calc wrote it; any text from a peer. Staged kinds are never enforced. */
  readonly kind: string;
};

export type PortRange = {
  /** Inclusive on both ends. */
  readonly first: number;
  readonly last: number;
};

/** `undefined` on a rule means "any"; both fields absent means a Protocol message that was present but empty. */
export type Protocol = { readonly number: number } | { readonly name: string };

export type ServiceAccountMatch = {
  /** Selector text on the service account's labels; empty is all(). */
  readonly selector: string;
  readonly names: readonly string[];
};

/** SPIFFE IDs, any of these ways; ours. With nothing in it, or with a text that is none, the clause is not understood. */
export type IdentityMatch = {
  /** Whole IDs. */
  readonly ids: readonly string[];
  /** IDs that stand for themselves and for all whose paths go on from theirs at a `/`. */
  readonly prefixes: readonly string[];
  /** All IDs of these. */
  readonly trustDomains: readonly string[];
};

export type HttpPathMatch = { readonly exact: string } | { readonly prefix: string };

export type HttpMatch = {
  readonly methods: readonly string[];
  readonly paths: readonly HttpPathMatch[];
};

export type IcmpMatch = { readonly type: number } | { readonly type: number; readonly code: number };

/** What a rule asks of one side of the connection. */
export type EntityMatch = {
  /** CIDR texts, any of which contains the address. */
  readonly nets: readonly string[];
  readonly notNets: readonly string[];
  readonly ports: readonly PortRange[];
  readonly notPorts: readonly PortRange[];
  /** Ids of sets, all of which contain the address. */
  readonly ipSetIds: readonly string[];
  /** Ids of sets, none of which contains the address. */
  readonly notIpSetIds: readonly string[];
  /** Ids of IP_AND_PORT sets, OR-ed with `ports`. */
  readonly namedPortIpSetIds: readonly string[];
  readonly notNamedPortIpSetIds: readonly string[];
  /** Ids of IP_AND_PORT sets of services, all of which contain `address,protocol:port`. Destination only. */
  readonly ipPortSetIds: readonly string[];
  /** Selectors as their author wrote them; used to judge identities and to explain. */
  readonly originalSelector: string;
  readonly originalNamespaceSelector: string;
  readonly originalNotSelector: string;
  readonly serviceAccountMatch: ServiceAccountMatch | undefined;
  /** Ours, of the source only; absent: any. */
  readonly identityMatch?: IdentityMatch | undefined;
  readonly originalService: string;
  readonly originalServiceNamespace: string;
};

/** Asks nothing: what a rule says of a side that it leaves open. */
export const ANY_ENTITY: EntityMatch = {
  nets: [],
  notNets: [],
  ports: [],
  notPorts: [],
  ipSetIds: [],
  notIpSetIds: [],
  namedPortIpSetIds: [],
  notNamedPortIpSetIds: [],
  ipPortSetIds: [],
  originalSelector: "",
  originalNamespaceSelector: "",
  originalNotSelector: "",
  serviceAccountMatch: undefined,
  originalService: "",
  originalServiceNamespace: "",
};

export type IpVersion = 4 | 6;

export type Rule = {
  /** `allow`, `deny`, `log`, `next-tier` (or `pass`), in any case; other text is "not understood". */
  readonly action: string;
  /** `undefined` is any; 0 never occurs. Another number is "not understood". */
  readonly ipVersion: number | undefined;
  readonly protocol: Protocol | "empty" | undefined;
  readonly notProtocol: Protocol | "empty" | undefined;
  readonly icmp: IcmpMatch | undefined;
  readonly notIcmp: IcmpMatch | undefined;
  readonly source: EntityMatch;
  readonly destination: EntityMatch;
  readonly http: HttpMatch | undefined;
  readonly annotations: ReadonlyMap<string, string>;
  readonly ruleId: string;
};

export type Policy = {
  readonly namespace: string;
  readonly tier: string;
  readonly inboundRules: readonly Rule[];
  readonly outboundRules: readonly Rule[];
  readonly untracked: boolean;
  readonly preDnat: boolean;
  /** Canonical text of the combined selector. */
  readonly originalSelector: string;
  readonly perfHints: readonly string[];
  /**
   * Ours. Not empty: the object behind this policy can't be used (this says why), and it is a placeholder:
   * every clause of every rule is unknown, with reason `policy_broken`. The rules carry the actions that could be read.
   */
  readonly unusable: string;
};

export type Profile = {
  readonly inboundRules: readonly Rule[];
  readonly outboundRules: readonly Rule[];
  /** Ours; as in Policy. */
  readonly unusable: string;
};

export type EndpointId = {
  /** `k8s` for pods, `host` for host endpoints. */
  readonly orchestratorId: string;
  /** `NAMESPACE/NAME` for pods. */
  readonly workloadId: string;
  readonly endpointId: string;
};

export type TierInfo = {
  readonly name: string;
  readonly ingressPolicies: readonly PolicyId[];
  readonly egressPolicies: readonly PolicyId[];
  /** Exactly `Pass` goes on; all else denies. */
  readonly defaultAction: string;
};

export type Endpoint = {
  readonly state: string;
  readonly name: string;
  readonly profileIds: readonly string[];
  readonly ipv4Nets: readonly string[];
  readonly ipv6Nets: readonly string[];
  readonly tiers: readonly TierInfo[];
};

export type IpSetType = "IP" | "IP_AND_PORT" | "NET";

export type Labels = ReadonlyMap<string, string>;

export type Message =
  | { readonly kind: "in_sync" }
  | IpSetUpdate
  | {
      readonly kind: "ipset_delta_update";
      readonly id: string;
      readonly addedMembers: readonly string[];
      readonly removedMembers: readonly string[];
    }
  | { readonly kind: "ipset_remove"; readonly id: string }
  | { readonly kind: "active_policy_update"; readonly id: PolicyId; readonly policy: Policy }
  | { readonly kind: "active_policy_remove"; readonly id: PolicyId }
  | { readonly kind: "active_profile_update"; readonly name: string; readonly profile: Profile }
  | { readonly kind: "active_profile_remove"; readonly name: string }
  | {
      readonly kind: "workload_endpoint_update";
      readonly id: EndpointId;
      readonly endpoint: Endpoint;
    }
  | { readonly kind: "workload_endpoint_remove"; readonly id: EndpointId }
  | {
      readonly kind: "service_account_update";
      readonly namespace: string;
      readonly name: string;
      /** Unprefixed; includes `projectcalico.org/name`. */
      readonly labels: Labels;
    }
  | { readonly kind: "service_account_remove"; readonly namespace: string; readonly name: string }
  | { readonly kind: "namespace_update"; readonly name: string; readonly labels: Labels }
  | { readonly kind: "namespace_remove"; readonly name: string };

export type IpSetUpdate = {
  readonly kind: "ipset_update";
  readonly id: string;
  /** Another text than these is a type we don't know: the set then counts as missing. */
  readonly type: IpSetType | "unknown";
  /** `10.0.0.7`, `10.0.0.0/24` or `10.0.0.7,tcp:8080`, by type. */
  readonly members: readonly string[];
  /**
   * Ours. True where the datastore does not list the workloads that selectors choose from: an address in the set
   * is a member under every reading of what is missing, one outside may or may not be (unknown).
   */
  readonly incomplete: boolean;
};
