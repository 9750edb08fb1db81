/** Every policy kind in one shape: scope as one selector, tier, order, directions, rules. */
import type {
  CalicoPolicy,
  ClusterNetworkPolicy,
  ClusterPeer,
  ClusterPort,
  ClusterRule,
  EntityRule,
  KubernetesNetworkPolicy,
  KubernetesPeer,
  KubernetesRule,
  PolicyRule,
  Resource,
  RulePort,
} from "../../../../src/datastore/resources.ts";
import type { PolicyId, Protocol } from "../../../../src/policy/messages.ts";
import type { Selector } from "../../../../src/selector/selector.ts";
import { allOf, EVERYTHING, mapLeaves, withPrefix } from "./selector-trees.ts";

export type ScopedPolicy = {
  readonly id: PolicyId;
  readonly scope: Selector;
  readonly tier: string;
  readonly order: number;
  readonly ingress: boolean;
  readonly egress: boolean;
  readonly inbound: readonly PolicyRule[];
  readonly outbound: readonly PolicyRule[];
  readonly unusable: string;
  /** To be at hand even where it selects nothing. */
  readonly everywhere: boolean;
};

const HAS_NAMESPACE: Selector = { op: "has", label: "projectcalico.org/namespace" };
const HAS_ACCOUNT: Selector = { op: "has", label: "projectcalico.org/serviceaccount" };
const IS_POD: Selector = { op: "eq", label: "projectcalico.org/orchestrator", value: "k8s" };

/** Pods only: no host endpoints, no network sets. */
function pods(selector: Selector | undefined): Selector {
  return selector === undefined || selector.op === "all"
    ? IS_POD
    : { op: "and", operands: [IS_POD, selector] };
}

export function policiesOf(resources: readonly Resource[]): ScopedPolicy[] {
  const policies: ScopedPolicy[] = [];
  for (const resource of resources) {
    switch (resource.kind) {
      case "NetworkPolicy":
      case "GlobalNetworkPolicy":
      case "StagedNetworkPolicy":
      case "StagedGlobalNetworkPolicy":
        if (resource.spec.stagedAction === "Delete" || resource.spec.doNotTrack || resource.spec.preDnat)
          break;
        policies.push(fromCalico(resource));
        break;
      case "KubernetesNetworkPolicy":
      case "StagedKubernetesNetworkPolicy":
        if (resource.stagedAction !== "Delete") policies.push(fromKubernetes(resource));
        break;
      case "KubernetesClusterNetworkPolicy":
        policies.push(fromCluster(resource));
        break;
    }
  }
  return policies;
}

function idOf(resource: Resource): PolicyId {
  return { name: resource.metadata.name, namespace: resource.metadata.namespace, kind: resource.kind };
}

function inNamespace(namespace: string): Selector {
  return { op: "eq", label: "projectcalico.org/namespace", value: namespace };
}

/** `all()` in a namespace selector means everything that has a namespace; `global()` everything that has none. */
export function namespaceScope(selector: Selector): Selector {
  return mapLeaves(withPrefix(selector, "pcns."), (leaf) => {
    if (leaf.op === "all") return HAS_NAMESPACE;
    return leaf.op === "global" ? { op: "not", operand: HAS_NAMESPACE } : leaf;
  });
}

/** A namespaced policy chooses from its namespace; `all()` in it stays everything. */
function namespacedScope({ spec, metadata }: CalicoPolicy): Selector {
  const account = spec.serviceAccountSelector && withPrefix(spec.serviceAccountSelector, "pcsa.");
  return allOf([spec.selector, inNamespace(metadata.namespace), account])!;
}

/**
 * A cluster-wide policy chooses from everything. Where it names namespaces, every `all()` so far means what has one;
 * where it names service accounts, every one that is left means what has one of those.
 */
function globalScope(
  selector: Selector | undefined,
  namespaces: Selector | undefined,
  accounts: Selector | undefined,
): Selector {
  const toPresence = (tree: Selector | undefined, presence: Selector): Selector =>
    mapLeaves(tree ?? EVERYTHING, (leaf) => (leaf.op === "all" ? presence : leaf));
  let scope = selector;
  if (namespaces !== undefined)
    scope = toPresence(allOf([scope, withPrefix(namespaces, "pcns.")]), HAS_NAMESPACE);
  if (accounts !== undefined) scope = toPresence(allOf([scope, withPrefix(accounts, "pcsa.")]), HAS_ACCOUNT);
  return scope ?? EVERYTHING;
}

function fromCalico(policy: CalicoPolicy): ScopedPolicy {
  const { spec, metadata } = policy;
  const namespaced = metadata.namespace !== "";
  return {
    id: idOf(policy),
    scope: namespaced
      ? namespacedScope(policy)
      : globalScope(spec.selector, spec.namespaceSelector, spec.serviceAccountSelector),
    tier: spec.tier,
    order: spec.order ?? Number.POSITIVE_INFINITY,
    ingress: spec.appliesToIngress,
    egress: spec.appliesToEgress,
    inbound: spec.ingress,
    outbound: spec.egress,
    unusable: policy.unusable?.why ?? "",
    everywhere: spec.performanceHints.includes("AssumeNeededOnEveryNode"),
  };
}

// ---- Kubernetes NetworkPolicy

function fromKubernetes(policy: KubernetesNetworkPolicy): ScopedPolicy {
  return {
    id: idOf(policy),
    scope: allOf([pods(policy.podSelector), inNamespace(policy.metadata.namespace)])!,
    tier: "default",
    order: 1000,
    ingress: policy.appliesToIngress,
    egress: policy.appliesToEgress,
    inbound: policy.ingress.flatMap((rule) => kubernetesRules(rule, "source")),
    outbound: policy.egress.flatMap((rule) => kubernetesRules(rule, "destination")),
    unusable: policy.unusable?.why ?? "",
    everywhere: false,
  };
}

function kubernetesRules(rule: KubernetesRule, peerSide: "source" | "destination"): PolicyRule[] {
  const peers: (KubernetesPeer | undefined)[] = rule.peers.length === 0 ? [undefined] : [...rule.peers];
  const groups: { protocol: Protocol | undefined; ports: RulePort[] }[] =
    rule.ports.length === 0
      ? [{ protocol: undefined, ports: [] }]
      : ["sctp", "tcp", "udp"].flatMap((name) => {
          const own = rule.ports.filter((port) => port.protocol.toLowerCase() === name);
          if (own.length === 0) return [];
          const whole = own.some((port) => port.port === undefined);
          return [{ protocol: { name }, ports: whole ? [] : own.map((port) => port.port!) }];
        });
  return groups.flatMap(({ protocol, ports }) =>
    peers.map((peer) => makeRule("Allow", protocol, peerSide, kubernetesPeer(peer), ports)),
  );
}

function kubernetesPeer(peer: KubernetesPeer | undefined): Partial<EntityRule> {
  if (peer === undefined) return {};
  if (peer.kind === "block") return { nets: [peer.cidr], notNets: peer.except };
  return {
    selector: pods(peer.podSelector),
    namespaceSelector: peer.namespaceSelector,
  };
}

// ---- ClusterNetworkPolicy

function fromCluster(policy: ClusterNetworkPolicy): ScopedPolicy {
  const { subject } = policy;
  const chosen = subject.kind === "pods" ? subject.podSelector : undefined;
  return {
    id: idOf(policy),
    scope: globalScope(pods(chosen), subject.namespaceSelector, undefined),
    tier: policy.tier === "Admin" ? "kube-admin" : "kube-baseline",
    order: policy.priority,
    ingress: policy.ingress.length > 0,
    egress: policy.egress.length > 0,
    inbound: policy.ingress.flatMap((rule) => clusterRules(rule, "source")),
    outbound: policy.egress.flatMap((rule) => clusterRules(rule, "destination")),
    unusable: policy.unusable?.why ?? "",
    everywhere: false,
  };
}

function clusterRules(rule: ClusterRule, peerSide: "source" | "destination"): PolicyRule[] {
  const action = rule.action === "Accept" ? "Allow" : rule.action;
  const annotations = new Map(rule.name === "" ? [] : [["name", rule.name]]);
  if (rule.peers.length === 0) {
    return action === "Allow" ? [] : [{ ...makeRule("Deny", undefined, peerSide, {}, []), annotations }];
  }
  const groups = [undefined, "SCTP", "TCP", "UDP"].flatMap((protocol) => {
    const own = rule.protocols.filter((port) => protocolOf(port) === protocol);
    if (own.length === 0)
      return protocol === undefined && rule.protocols.length === 0 ? [{ protocol, ports: [] }] : [];
    const ports = own.map(portOf);
    return [{ protocol, ports: ports.includes(undefined) ? [] : (ports as RulePort[]) }];
  });
  return groups.flatMap(({ protocol, ports }) =>
    rule.peers.map((peer) => ({
      ...makeRule(
        action,
        protocol === undefined ? undefined : { name: protocol.toLowerCase() },
        peerSide,
        clusterPeer(peer),
        ports,
      ),
      annotations,
    })),
  );
}

function protocolOf(port: ClusterPort): string | undefined {
  return "name" in port ? undefined : port.protocol;
}

function portOf(port: ClusterPort): RulePort | undefined {
  return "name" in port ? { name: port.name } : port.port;
}

function clusterPeer(peer: ClusterPeer): Partial<EntityRule> {
  switch (peer.kind) {
    case "namespaces":
      return { namespaceSelector: peer.namespaceSelector };
    case "pods":
      return { namespaceSelector: peer.namespaceSelector, selector: pods(peer.podSelector) };
    case "networks":
      return { nets: peer.nets };
  }
}

const ANYBODY: EntityRule = {
  nets: [],
  notNets: [],
  selector: undefined,
  notSelector: undefined,
  namespaceSelector: undefined,
  ports: [],
  notPorts: [],
  serviceAccounts: undefined,
  services: undefined,
};

/** Ports always belong to the destination. */
function makeRule(
  action: PolicyRule["action"],
  protocol: Protocol | undefined,
  peerSide: "source" | "destination",
  peer: Partial<EntityRule>,
  ports: readonly RulePort[],
): PolicyRule {
  const source = peerSide === "source" ? { ...ANYBODY, ...peer } : ANYBODY;
  const destination = peerSide === "destination" ? { ...ANYBODY, ...peer } : ANYBODY;
  return {
    action,
    ipVersion: undefined,
    protocol,
    notProtocol: undefined,
    icmp: undefined,
    notIcmp: undefined,
    source,
    destination: { ...destination, ports },
    http: undefined,
    annotations: new Map(),
  };
}
