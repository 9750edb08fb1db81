/** From a resource back to an object that says it, of the kinds that `apply` takes; the inverse of reading. */
import type {
  CalicoPolicy,
  EntityRule,
  NamedPort,
  PolicyRule,
  Resource,
  RulePort,
} from "../../src/datastore/resources.ts";
import { formatAddress, formatCidr } from "../../src/net/address.ts";
import type { Protocol } from "../../src/policy/messages.ts";
import { formatSelector } from "../../src/selector/format-selector.ts";
import type { Selector } from "../../src/selector/selector.ts";

type Plain = Record<string, unknown>;

/** Undefined for kinds that are not kept by `apply`, and for what stands in for a broken object. It may be one that `apply` refuses. */
export function writeObject(resource: Resource): Plain | undefined {
  if ("unusable" in resource && resource.unusable !== undefined) return undefined;
  const spec = specOf(resource);
  if (spec === undefined) return undefined;
  const { name, namespace, labels, annotations } = resource.metadata;
  return {
    apiVersion: "projectcalico.org/v3",
    kind: resource.kind,
    metadata: present({
      name,
      namespace: namespace === "" ? undefined : namespace,
      labels: mapping(labels),
      annotations: mapping(annotations),
    }),
    spec,
  };
}

function specOf(resource: Resource): Plain | undefined {
  switch (resource.kind) {
    case "Tier":
      return present({ order: resource.order, defaultAction: resource.defaultAction });
    case "NetworkPolicy":
    case "GlobalNetworkPolicy":
    case "StagedNetworkPolicy":
    case "StagedGlobalNetworkPolicy":
      return policySpec(resource);
    case "NetworkSet":
    case "GlobalNetworkSet":
      return { nets: resource.nets.map(formatCidr) };
    case "Profile":
      return present({
        ingress: resource.ingress.map(writeRule),
        egress: resource.egress.map(writeRule),
        labelsToApply: mapping(resource.labelsToApply ?? new Map()),
      });
    case "HostEndpoint":
      return present({
        node: resource.node,
        interfaceName: resource.interfaceName,
        expectedIPs: resource.expectedIps.map(formatAddress),
        profiles: resource.profiles,
        ports: resource.ports.map(writeNamedPort),
      });
    case "WorkloadEndpoint":
      return present({
        orchestrator: resource.orchestrator,
        node: resource.node,
        workload: resource.workload,
        endpoint: resource.endpoint,
        serviceAccountName: resource.serviceAccountName,
        ipNetworks: resource.addresses.map(formatAddress),
        profiles: resource.profiles,
        ports: resource.ports.map(writeNamedPort),
      });
    default:
      return undefined;
  }
}

function policySpec({ kind, spec }: CalicoPolicy): Plain {
  const types = [...(spec.appliesToIngress ? ["Ingress"] : []), ...(spec.appliesToEgress ? ["Egress"] : [])];
  return present({
    tier: spec.tier,
    order: spec.order,
    selector: writeSelector(spec.selector),
    namespaceSelector: writeSelector(spec.namespaceSelector),
    serviceAccountSelector: writeSelector(spec.serviceAccountSelector),
    // Left out now and then, for what the store makes of it.
    types: types.length === 1 ? types : undefined,
    ingress: spec.ingress.length === 0 ? undefined : spec.ingress.map(writeRule),
    egress: spec.egress.length === 0 ? undefined : spec.egress.map(writeRule),
    performanceHints: spec.performanceHints.length === 0 ? undefined : spec.performanceHints,
    stagedAction: kind.startsWith("Staged") ? spec.stagedAction : undefined,
  });
}

function writeRule(rule: PolicyRule): Plain {
  return present({
    action: rule.action,
    ipVersion: rule.ipVersion,
    protocol: writeProtocol(rule.protocol),
    notProtocol: writeProtocol(rule.notProtocol),
    source: writeEntity(rule.source),
    destination: writeEntity(rule.destination),
    http: rule.http,
    metadata: rule.annotations.size === 0 ? undefined : { annotations: mapping(rule.annotations) },
  });
}

/** Without identities, which the API group of Calico doesn't know. */
function writeEntity(entity: EntityRule): Plain | undefined {
  const { serviceAccounts } = entity;
  const written = present({
    nets: some(entity.nets.map(formatCidr)),
    notNets: some(entity.notNets.map(formatCidr)),
    selector: writeSelector(entity.selector),
    notSelector: writeSelector(entity.notSelector),
    namespaceSelector: writeSelector(entity.namespaceSelector),
    ports: some(entity.ports.map(writePort)),
    notPorts: some(entity.notPorts.map(writePort)),
    serviceAccounts:
      serviceAccounts === undefined
        ? undefined
        : present({ names: serviceAccounts.names, selector: writeSelector(serviceAccounts.selector) }),
    services: entity.services,
  });
  return Object.keys(written).length === 0 ? undefined : written;
}

function writePort(port: RulePort): number | string {
  if ("name" in port) return port.name;
  return port.first === port.last ? port.first : `${port.first}:${port.last}`;
}

function writeNamedPort({ name, protocol, port }: NamedPort): Plain {
  return present({ name, protocol: protocol === "" ? undefined : protocol, port });
}

function writeProtocol(protocol: Protocol | undefined): number | string | undefined {
  if (protocol === undefined) return undefined;
  return "number" in protocol ? protocol.number : protocol.name.toUpperCase().replace("ICMPV6", "ICMPv6");
}

function writeSelector(selector: Selector | undefined): string | undefined {
  return selector && formatSelector(selector);
}

function mapping(map: ReadonlyMap<string, string>): Plain | undefined {
  return map.size === 0 ? undefined : Object.fromEntries(map);
}

function some<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items;
}

function present(fields: Plain): Plain {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
