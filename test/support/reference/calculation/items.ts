/** What selectors choose from: endpoints and network sets with their effective labels, addresses and ports. */
import type {
  HostEndpoint,
  NamedPort,
  NetworkSet,
  Pod,
  Resource,
  WorkloadEndpoint,
} from "../../../../src/datastore/resources.ts";
import type { Cidr, IpAddress } from "../../../../src/net/address.ts";
import type { EndpointId } from "../../../../src/policy/messages.ts";
import type { LabelMap } from "../selector-text.ts";

export type Item = {
  readonly labels: LabelMap;
  /** CIDR texts. */
  readonly nets: readonly string[];
  readonly addresses: readonly string[];
  readonly ports: readonly NamedPort[];
  /** Undefined for network sets. */
  readonly endpoint: EndpointItem | undefined;
};

export type EndpointItem = {
  readonly id: EndpointId;
  readonly node: string;
  readonly profiles: readonly string[];
  /** Namespace and pod name, or the host endpoint's name. */
  readonly namespace: string;
  readonly name: string;
  readonly kind: "workload" | "host";
};

const NAMESPACE = "projectcalico.org/namespace";
const ORCHESTRATOR = "projectcalico.org/orchestrator";
const SERVICE_ACCOUNT = "projectcalico.org/serviceaccount";

/** Labels that profiles hand down, by profile name. */
export function profileLabels(resources: readonly Resource[]): Map<string, LabelMap> {
  const found = new Map<string, LabelMap>();
  for (const resource of resources) {
    const { name, namespace, labels } = resource.metadata;
    if (resource.kind === "Profile") found.set(name, resource.labelsToApply ?? new Map());
    if (resource.kind === "Namespace") found.set(`kns.${name}`, prefixed("pcns.", labels, name));
    if (resource.kind === "ServiceAccount")
      found.set(`ksa.${namespace}.${name}`, prefixed("pcsa.", labels, name));
  }
  return found;
}

function prefixed(prefix: string, labels: LabelMap, name: string): LabelMap {
  const out = new Map([...labels].map(([key, value]) => [prefix + key, value]));
  out.set(`${prefix}projectcalico.org/name`, name);
  return out;
}

export function itemsOf(resources: readonly Resource[]): Item[] {
  const inherited = profileLabels(resources);
  const items: Item[] = [];
  for (const resource of resources) {
    if (resource.kind === "Pod" && isEndpoint(resource)) items.push(fromPod(resource, inherited));
    if (resource.kind === "WorkloadEndpoint" && resource.addresses.length > 0) {
      items.push(fromWorkload(resource, inherited));
    }
    if (resource.kind === "HostEndpoint") items.push(fromHost(resource, inherited));
    if (resource.kind === "NetworkSet" || resource.kind === "GlobalNetworkSet") {
      items.push(fromNetworkSet(resource, inherited));
    }
  }
  return items;
}

function isEndpoint(pod: Pod): boolean {
  return pod.nodeName !== "" && !pod.hostNetwork && !pod.finished && pod.addresses.length > 0;
}

function fromPod(pod: Pod, inherited: ReadonlyMap<string, LabelMap>): Item {
  const { name, namespace } = pod.metadata;
  const own = new Map([...pod.metadata.labels].filter(([key]) => !isInheritedKey(key)));
  own.set(NAMESPACE, namespace);
  own.set(ORCHESTRATOR, "k8s");
  own.set(SERVICE_ACCOUNT, pod.serviceAccountName);
  const profiles = [`kns.${namespace}`, `ksa.${namespace}.${pod.serviceAccountName}`];
  return {
    labels: inherit(own, profiles, inherited),
    nets: pod.addresses.map(hostNet),
    addresses: pod.addresses.map(addressText),
    ports: pod.ports,
    endpoint: {
      id: { orchestratorId: "k8s", workloadId: `${namespace}/${name}`, endpointId: "eth0" },
      node: pod.nodeName,
      profiles,
      namespace,
      name,
      kind: "workload",
    },
  };
}

function fromWorkload(workload: WorkloadEndpoint, inherited: ReadonlyMap<string, LabelMap>): Item {
  const { namespace } = workload.metadata;
  const own = new Map([...workload.metadata.labels].filter(([key]) => !isInheritedKey(key)));
  own.set(NAMESPACE, namespace);
  own.delete(ORCHESTRATOR);
  if (workload.orchestrator !== "") own.set(ORCHESTRATOR, workload.orchestrator);
  own.delete(SERVICE_ACCOUNT);
  if (workload.serviceAccountName !== "") own.set(SERVICE_ACCOUNT, workload.serviceAccountName);
  const name = workload.pod === "" ? workload.workload : workload.pod;
  return {
    labels: inherit(own, workload.profiles, inherited),
    nets: workload.addresses.map(hostNet),
    addresses: workload.addresses.map(addressText),
    ports: workload.ports,
    endpoint: {
      id: {
        orchestratorId: workload.orchestrator,
        workloadId: workload.orchestrator === "k8s" ? `${namespace}/${name}` : workload.workload,
        endpointId: workload.endpoint,
      },
      node: workload.node,
      profiles: workload.profiles,
      namespace,
      name,
      kind: "workload",
    },
  };
}

function fromHost(host: HostEndpoint, inherited: ReadonlyMap<string, LabelMap>): Item {
  const own = new Map([...host.metadata.labels].filter(([key]) => !isReservedKey(key)));
  return {
    labels: inherit(own, host.profiles, inherited),
    nets: host.expectedIps.map(hostNet),
    addresses: host.expectedIps.map(addressText),
    ports: host.ports,
    endpoint: {
      id: { orchestratorId: "host", workloadId: "", endpointId: host.metadata.name },
      node: host.node,
      profiles: host.profiles,
      namespace: "",
      name: host.metadata.name,
      kind: "host",
    },
  };
}

function fromNetworkSet(set: NetworkSet, inherited: ReadonlyMap<string, LabelMap>): Item {
  const own = new Map([...set.metadata.labels].filter(([key]) => !isReservedKey(key)));
  const { namespace } = set.metadata;
  if (namespace !== "") own.set(NAMESPACE, namespace);
  return {
    labels: inherit(own, namespace === "" ? [] : [`kns.${namespace}`], inherited),
    nets: set.nets.flatMap(netTexts),
    addresses: [],
    ports: [],
    endpoint: undefined,
  };
}

/** Own labels win; then the first profile that has the key. */
function inherit(
  own: LabelMap,
  profiles: readonly string[],
  inherited: ReadonlyMap<string, LabelMap>,
): LabelMap {
  const out = new Map<string, string>();
  for (const profile of profiles.toReversed()) {
    for (const [key, value] of inherited.get(profile) ?? []) out.set(key, value);
  }
  for (const [key, value] of own) out.set(key, value);
  return out;
}

function isInheritedKey(key: string): boolean {
  return key.startsWith("pcns.") || key.startsWith("pcsa.");
}

/** Keys that would let a network set or host endpoint pose as somebody's workload. */
function isReservedKey(key: string): boolean {
  return isInheritedKey(key) || key === NAMESPACE || key === ORCHESTRATOR || key === SERVICE_ACCOUNT;
}

/** A net of length zero is sent as its two halves. */
function netTexts(net: Cidr): string[] {
  if (net.length > 0) return [`${addressText(net.address)}/${net.length}`];
  return net.address.family === 4 ? ["0.0.0.0/1", "128.0.0.0/1"] : ["::/1", "8000::/1"];
}

function hostNet(address: IpAddress): string {
  return `${addressText(address)}/${address.family === 4 ? 32 : 128}`;
}

/** Uncompressed: readable by the reference alone, compared by value. */
export function addressText(address: IpAddress): string {
  const { w0, w1, w2, w3 } = address;
  if (address.family === 4) return [w0 >>> 24, (w0 >>> 16) & 255, (w0 >>> 8) & 255, w0 & 255].join(".");
  return [w0, w1, w2, w3]
    .flatMap((word) => [(word >>> 16).toString(16), (word & 0xffff).toString(16)])
    .join(":");
}
