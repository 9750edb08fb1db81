import type { HostEndpoint, NetworkSet, Pod, WorkloadEndpoint } from "../datastore/resources.ts";
import { type Cidr, formatCidr, hostCidr, type IpAddress } from "../net/address.ts";
import type { EndpointId } from "../policy/messages.ts";
import type { ItemFacts, LocalFacts } from "./item.ts";
import { KUBERNETES_ORCHESTRATOR } from "./labels.ts";
import type { LocalTest } from "./local-test.ts";
import { namespaceProfile, serviceAccountProfile } from "./profile-definition.ts";

export type ItemResource = Pod | WorkloadEndpoint | HostEndpoint | NetworkSet;

/** What the calculation keeps of an object with labels, or `undefined` where the object counts as absent. */
export function itemFacts(resource: ItemResource, isLocal: LocalTest): ItemFacts | undefined {
  if (absence(resource) !== undefined) return undefined;
  switch (resource.kind) {
    case "Pod":
      return podFacts(resource, isLocal);
    case "WorkloadEndpoint":
      return workloadFacts(resource, isLocal);
    case "HostEndpoint":
      return hostFacts(resource, isLocal);
    case "NetworkSet":
    case "GlobalNetworkSet":
      return networkSetFacts(resource);
  }
}

/** Why an object is no endpoint, for a person; `undefined` if it is one (README.md, "Labels"). */
export function absence(resource: ItemResource): string | undefined {
  if (resource.kind === "Pod") {
    if (resource.nodeName === "") return "has no `spec.nodeName`";
    if (resource.hostNetwork) return "is on its host's network";
    if (resource.finished) return "is finished";
  }
  const isWorkload = resource.kind === "Pod" || resource.kind === "WorkloadEndpoint";
  return isWorkload && resource.addresses.length === 0 ? "has no address" : undefined;
}

function podFacts(pod: Pod, isLocal: LocalTest): ItemFacts {
  const { namespace, name, labels } = pod.metadata;
  return {
    stored: labels,
    namespaceLabel: namespace,
    orchestratorLabel: KUBERNETES_ORCHESTRATOR,
    serviceAccountLabel: presentText(pod.serviceAccountName),
    profiles: [namespaceProfile(namespace), serviceAccountProfile(namespace, pod.serviceAccountName)],
    nets: pod.addresses.map(addressNet),
    ports: pod.ports,
    local: localFacts(isLocal(pod), "", {
      orchestratorId: KUBERNETES_ORCHESTRATOR,
      workloadId: `${namespace}/${name}`,
      endpointId: "eth0",
    }),
  };
}

function workloadFacts(endpoint: WorkloadEndpoint, isLocal: LocalTest): ItemFacts {
  const { namespace, labels } = endpoint.metadata;
  const { orchestrator, workload, pod } = endpoint;
  const isKubernetes = orchestrator === KUBERNETES_ORCHESTRATOR;
  return {
    stored: labels,
    namespaceLabel: presentText(namespace),
    orchestratorLabel: presentText(orchestrator),
    serviceAccountLabel: presentText(endpoint.serviceAccountName),
    profiles: endpoint.profiles,
    nets: endpoint.addresses.map(addressNet),
    ports: endpoint.ports,
    local: localFacts(isLocal(endpoint), endpoint.interfaceName, {
      orchestratorId: orchestrator,
      workloadId: isKubernetes ? `${namespace}/${pod === "" ? workload : pod}` : workload,
      endpointId: endpoint.endpoint,
    }),
  };
}

function hostFacts(host: HostEndpoint, isLocal: LocalTest): ItemFacts {
  return {
    stored: host.metadata.labels,
    namespaceLabel: undefined,
    orchestratorLabel: undefined,
    serviceAccountLabel: undefined,
    profiles: host.profiles,
    nets: host.expectedIps.map(addressNet),
    ports: host.ports,
    local: localFacts(isLocal(host), host.interfaceName, {
      orchestratorId: "host",
      workloadId: "",
      endpointId: host.metadata.name,
    }),
  };
}

function networkSetFacts(set: NetworkSet): ItemFacts {
  const isNamespaced = set.kind === "NetworkSet";
  const { labels, namespace } = set.metadata;
  return {
    stored: labels,
    namespaceLabel: isNamespaced ? namespace : undefined,
    orchestratorLabel: undefined,
    serviceAccountLabel: undefined,
    profiles: isNamespaced ? [namespaceProfile(namespace)] : [],
    nets: set.nets.flatMap(netTexts),
    ports: [],
    local: undefined,
  };
}

function localFacts(
  requested: string | undefined,
  interfaceName: string,
  id: EndpointId,
): LocalFacts | undefined {
  return requested === undefined ? undefined : { requested, interfaceName, id };
}

function presentText(text: string): string | undefined {
  return text === "" ? undefined : text;
}

/** The member text of one address: `10.0.0.7/32`. */
export function addressNet(address: IpAddress): string {
  return formatCidr(hostCidr(address));
}

/** The member texts of one net. Consumers that program a kernel can't hold a `/0`, so it becomes its two halves. */
function netTexts(net: Cidr): string | string[] {
  if (net.length !== 0) return formatCidr(net);
  return net.address.family === 4 ? ["0.0.0.0/1", "128.0.0.0/1"] : ["::/1", "8000::/1"];
}

/** The address text within the member text of an address. */
export function addressOfNet(net: string): string {
  return net.slice(0, net.lastIndexOf("/"));
}
