/** Short ways to write resources, and to hand them to a graph, for the tests of the calculation. */
import assert from "node:assert/strict";
import { CalcGraph, type CalcOptions } from "../../src/calc/graph.ts";
import { ANY_ENTITY, plainRule } from "../../src/calc/plain-rule.ts";
import type {
  CalicoPolicy,
  ClusterNetworkPolicy,
  EndpointSlice,
  EntityRule,
  HostEndpoint,
  KubernetesNetworkPolicy,
  Metadata,
  NamedPort,
  Namespace,
  NetworkSet,
  Pod,
  PolicyAction,
  PolicyRule,
  PolicySpec,
  Profile,
  Resource,
  ResourceUpdate,
  ServiceAccount,
  Tier,
  WorkloadEndpoint,
} from "../../src/datastore/resources.ts";
import { resourceKey } from "../../src/datastore/resources.ts";
import { type Cidr, type IpAddress, parseAddress, parseCidrMasked } from "../../src/net/address.ts";
import type { Message } from "../../src/policy/messages.ts";
import { parseSelector } from "../../src/selector/parse-selector.ts";
import type { Selector } from "../../src/selector/selector.ts";

export type LabelTexts = Readonly<Record<string, string>>;

export function selector(text: string): Selector {
  const parsed = parseSelector(text);
  assert.ok(parsed.ok, `selector ${text}`);
  return parsed.value;
}

export function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  assert.ok(parsed, `address ${text}`);
  return parsed;
}

export function cidr(text: string): Cidr {
  const parsed = parseCidrMasked(text);
  assert.ok(parsed.ok, `cidr ${text}`);
  return parsed.value;
}

export function metadata(path: string, labels: LabelTexts = {}): Metadata {
  const slash = path.indexOf("/");
  return {
    namespace: slash === -1 ? "" : path.slice(0, slash),
    name: path.slice(slash + 1),
    uid: "",
    labels: new Map(Object.entries(labels)),
    annotations: new Map(),
  };
}

export function namespace(name: string, labels: LabelTexts = {}): Namespace {
  return { kind: "Namespace", metadata: metadata(name, labels) };
}

export function serviceAccount(path: string, labels: LabelTexts = {}): ServiceAccount {
  return { kind: "ServiceAccount", metadata: metadata(path, labels) };
}

export function pod(path: string, labels: LabelTexts, ips: string[], more: Partial<Pod> = {}): Pod {
  return {
    kind: "Pod",
    metadata: metadata(path, labels),
    nodeName: "node-1",
    hostNetwork: false,
    serviceAccountName: "default",
    addresses: ips.map(address),
    finished: false,
    ports: [],
    ...more,
  };
}

export function namedPort(name: string, port: number, protocol = "TCP"): NamedPort {
  return { name, protocol, port };
}

export function workload(
  path: string,
  labels: LabelTexts,
  ips: string[],
  more: Partial<WorkloadEndpoint> = {},
): WorkloadEndpoint {
  return {
    kind: "WorkloadEndpoint",
    metadata: metadata(path, labels),
    orchestrator: "k8s",
    node: "node-1",
    workload: "",
    pod: path.slice(path.indexOf("/") + 1),
    endpoint: "eth0",
    serviceAccountName: "",
    addresses: ips.map(address),
    interfaceName: "cali0",
    profiles: [],
    ports: [],
    ...more,
  };
}

export function hostEndpoint(
  name: string,
  labels: LabelTexts,
  ips: string[],
  more: Partial<HostEndpoint> = {},
): HostEndpoint {
  return {
    kind: "HostEndpoint",
    metadata: metadata(name, labels),
    node: "node-1",
    interfaceName: "eth0",
    expectedIps: ips.map(address),
    profiles: [],
    ports: [],
    ...more,
  };
}

/** A name with a slash makes a NetworkSet, one without a GlobalNetworkSet. */
export function networkSet(path: string, labels: LabelTexts, nets: string[]): NetworkSet {
  return {
    kind: path.includes("/") ? "NetworkSet" : "GlobalNetworkSet",
    metadata: metadata(path, labels),
    nets: nets.map(cidr),
  };
}

export function tier(name: string, order: number | undefined, defaultAction: "Deny" | "Pass" = "Deny"): Tier {
  return { kind: "Tier", metadata: metadata(name), order, defaultAction };
}

type EntityTexts = {
  nets?: string[];
  notNets?: string[];
  selector?: string;
  notSelector?: string;
  namespaceSelector?: string;
  ports?: EntityRule["ports"];
  notPorts?: EntityRule["ports"];
  serviceAccounts?: { names?: string[]; selector?: string };
  services?: { name: string; namespace?: string };
};

export function entity(texts: EntityTexts): EntityRule {
  return {
    ...ANY_ENTITY,
    nets: (texts.nets ?? []).map(cidr),
    notNets: (texts.notNets ?? []).map(cidr),
    selector: texts.selector === undefined ? undefined : selector(texts.selector),
    notSelector: texts.notSelector === undefined ? undefined : selector(texts.notSelector),
    namespaceSelector: texts.namespaceSelector === undefined ? undefined : selector(texts.namespaceSelector),
    ports: texts.ports ?? [],
    notPorts: texts.notPorts ?? [],
    serviceAccounts: texts.serviceAccounts && {
      names: texts.serviceAccounts.names ?? [],
      selector:
        texts.serviceAccounts.selector === undefined ? undefined : selector(texts.serviceAccounts.selector),
    },
    services: texts.services && { name: texts.services.name, namespace: texts.services.namespace ?? "" },
  };
}

export function rule(
  action: PolicyAction,
  sides: { source?: EntityTexts; destination?: EntityTexts } = {},
  more: Partial<PolicyRule> = {},
): PolicyRule {
  return {
    ...plainRule(action),
    source: entity(sides.source ?? {}),
    destination: entity(sides.destination ?? {}),
    ...more,
  };
}

type SpecTexts = Partial<Omit<PolicySpec, "selector" | "namespaceSelector" | "serviceAccountSelector">> & {
  selector?: string;
  namespaceSelector?: string;
  serviceAccountSelector?: string;
};

/** A name with a slash makes a NetworkPolicy, one without a GlobalNetworkPolicy; tier `default`, ingress only. */
export function policy(path: string, texts: SpecTexts = {}, more: Partial<CalicoPolicy> = {}): CalicoPolicy {
  const { selector: chosen, namespaceSelector, serviceAccountSelector, ...spec } = texts;
  return {
    kind: path.includes("/") ? "NetworkPolicy" : "GlobalNetworkPolicy",
    metadata: metadata(path),
    spec: {
      tier: "default",
      order: undefined,
      selector: chosen === undefined ? undefined : selector(chosen),
      namespaceSelector: namespaceSelector === undefined ? undefined : selector(namespaceSelector),
      serviceAccountSelector:
        serviceAccountSelector === undefined ? undefined : selector(serviceAccountSelector),
      appliesToIngress: true,
      appliesToEgress: false,
      ingress: [],
      egress: [],
      doNotTrack: false,
      preDnat: false,
      performanceHints: [],
      stagedAction: "Set",
      ...spec,
    },
    unusable: undefined,
    ...more,
  };
}

export function kubernetesPolicy(
  path: string,
  more: Partial<KubernetesNetworkPolicy> = {},
): KubernetesNetworkPolicy {
  return {
    kind: "KubernetesNetworkPolicy",
    metadata: metadata(path),
    podSelector: selector(""),
    appliesToIngress: true,
    appliesToEgress: false,
    ingress: [],
    egress: [],
    stagedAction: "Set",
    unusable: undefined,
    ...more,
  };
}

export function clusterPolicy(name: string, more: Partial<ClusterNetworkPolicy> = {}): ClusterNetworkPolicy {
  return {
    kind: "KubernetesClusterNetworkPolicy",
    metadata: metadata(name),
    tier: "Admin",
    priority: 10,
    subject: { kind: "namespaces", namespaceSelector: selector("") },
    ingress: [],
    egress: [],
    unusable: undefined,
    ...more,
  };
}

export function profile(name: string, more: Partial<Profile> = {}): Profile {
  return {
    kind: "Profile",
    metadata: metadata(name),
    ingress: [],
    egress: [],
    labelsToApply: new Map(),
    unusable: undefined,
    ...more,
  };
}

export function slice(
  path: string,
  serviceName: string,
  ips: string[],
  ports: EndpointSlice["ports"],
): EndpointSlice {
  return { kind: "EndpointSlice", metadata: metadata(path), serviceName, addresses: ips.map(address), ports };
}

export function put(...resources: Resource[]): ResourceUpdate[] {
  return resources.map((resource) => ({ kind: "put", key: resourceKey(resource), resource }));
}

export function remove(...resources: Resource[]): ResourceUpdate[] {
  return resources.map((resource) => ({ kind: "delete", key: resourceKey(resource) }));
}

/** `NAMESPACE/NAME` of the pod that policy is calculated for. */
export function graphFor(podPath: string, more: Partial<CalcOptions> = {}): CalcGraph {
  const { namespace: space, name } = metadata(podPath);
  return new CalcGraph({
    local: [{ kind: "pod", namespace: space, name }],
    inventory: "complete",
    ...more,
  });
}

/** A graph that has seen these resources and is in sync, and what it said. */
export function synced(graph: CalcGraph, ...resources: Resource[]): readonly Message[] {
  graph.apply(put(...resources));
  graph.setInSync();
  return graph.flush();
}

/** Apply and flush. */
export function step(graph: CalcGraph, updates: readonly ResourceUpdate[]): readonly Message[] {
  graph.apply(updates);
  return graph.flush();
}
