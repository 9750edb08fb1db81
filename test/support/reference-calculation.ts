/**
 * The oracle of the calculation: from a list of resources to all that the local endpoints need, from scratch.
 *
 * Written from docs/semantics.md and the model's own rules; nothing is kept between two calls and nothing is
 * indexed. Shares no code with `src/calc`.
 */

import type { LocalEndpoint } from "../../src/calc/graph.ts";
import type { Resource, Tier } from "../../src/datastore/resources.ts";
import type {
  Endpoint,
  EndpointId,
  IpSetType,
  Labels,
  Policy,
  PolicyId,
  Profile,
  TierInfo,
} from "../../src/policy/messages.ts";
import {
  addressText,
  type EndpointItem,
  type Item,
  itemsOf,
  profileLabels,
} from "./reference/calculation/items.ts";
import { policiesOf, type ScopedPolicy } from "./reference/calculation/policies.ts";
import { convertRules, type NameSet, plainRule, type SetDefinition } from "./reference/calculation/rules.ts";
import { matchTree, writeTree } from "./reference/calculation/selector-trees.ts";
import { endpointKey, policyKey } from "./reference/state.ts";

export type CalculatedSet = {
  readonly type: IpSetType;
  readonly incomplete: boolean;
  readonly members: ReadonlySet<string>;
};

export type Calculated = {
  /** By the three parts of the id, joined with spaces. */
  readonly endpoints: ReadonlyMap<string, { readonly id: EndpointId; readonly endpoint: Endpoint }>;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly sets: ReadonlyMap<string, CalculatedSet>;
  readonly serviceAccounts: ReadonlyMap<string, Labels>;
  readonly namespaces: ReadonlyMap<string, Labels>;
};

export function referenceCalculation(
  resources: readonly Resource[],
  options: { readonly local: readonly LocalEndpoint[]; readonly inventory: "complete" | "none" },
): Calculated {
  const items = itemsOf(resources);
  const sets = new Map<string, CalculatedSet>();
  const nameSet: NameSet = (definition) => {
    const { id, set } = makeSet(definition, items, resources, options.inventory);
    sets.set(id, set);
    return id;
  };
  const endpoints = new Map<string, { id: EndpointId; endpoint: Endpoint }>();
  const policies = new Map<string, Policy>();
  const profiles = new Map<string, Profile>();
  const known = policiesOf(resources).filter((policy) => policy.ingress || policy.egress);
  for (const policy of known) {
    if (policy.everywhere) policies.set(policyKey(policy.id), makePolicy(policy, nameSet));
  }
  for (const item of items) {
    const own = item.endpoint;
    if (own === undefined || !options.local.some((local) => isLocal(own, local))) continue;
    const selecting = known.filter((policy) => matchTree(policy.scope, item.labels));
    for (const policy of selecting) policies.set(policyKey(policy.id), makePolicy(policy, nameSet));
    for (const name of own.profiles) profiles.set(name, makeProfile(name, resources, nameSet));
    endpoints.set(endpointKey(own.id), {
      id: own.id,
      endpoint: makeEndpoint(item, own, selecting, resources),
    });
  }
  return { endpoints, policies, profiles, sets, ...identities(resources) };
}

function isLocal(endpoint: EndpointItem, local: LocalEndpoint): boolean {
  switch (local.kind) {
    case "pod":
      return (
        endpoint.kind === "workload" && endpoint.namespace === local.namespace && endpoint.name === local.name
      );
    case "host-endpoint":
      return endpoint.kind === "host" && endpoint.name === local.name;
    default:
      return endpoint.node === local.name;
  }
}

// ---- endpoints

function makeEndpoint(
  item: Item,
  own: EndpointItem,
  selecting: readonly ScopedPolicy[],
  resources: readonly Resource[],
): Endpoint {
  const isFour = (text: string): boolean => !text.includes(":");
  return {
    state: "active",
    name: "",
    profileIds: own.profiles,
    ipv4Nets: item.nets.filter(isFour),
    ipv6Nets: item.nets.filter((text) => !isFour(text)),
    tiers: makeTiers(selecting, resources),
  };
}

function makeTiers(selecting: readonly ScopedPolicy[], resources: readonly Resource[]): TierInfo[] {
  const tiers = resources.filter((resource): resource is Tier => resource.kind === "Tier");
  const names = [...new Set(selecting.map((policy) => policy.tier))];
  const byName = (name: string): Tier | undefined => tiers.find((tier) => tier.metadata.name === name);
  const rank = (name: string): number[] => {
    const tier = byName(name);
    return tier === undefined ? [1, 0] : [0, tier.order ?? Number.POSITIVE_INFINITY];
  };
  names.sort((a, b) => compareNumbers(rank(a), rank(b)) || compareBytes(a, b));
  return names.map((name) => {
    const listed = selecting.filter((policy) => policy.tier === name).sort(comparePolicies);
    return {
      name,
      ingressPolicies: listed.filter((policy) => policy.ingress).map((policy) => policy.id),
      egressPolicies: listed.filter((policy) => policy.egress).map((policy) => policy.id),
      defaultAction: byName(name)?.defaultAction ?? "",
    };
  });
}

function comparePolicies(a: ScopedPolicy, b: ScopedPolicy): number {
  const tie = (id: PolicyId): string => `${id.name}/${id.namespace}/${id.kind}`;
  return compareNumbers([a.order], [b.order]) || compareBytes(tie(a.id), tie(b.id));
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    if (value < b[index]!) return -1;
    if (value > b[index]!) return 1;
  }
  return 0;
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

// ---- policies and profiles

function makePolicy(policy: ScopedPolicy, nameSet: NameSet): Policy {
  const { namespace } = policy.id;
  return {
    namespace,
    tier: policy.tier,
    inboundRules: convertRules(policy.inbound, namespace, policy.unusable, nameSet),
    outboundRules: convertRules(policy.outbound, namespace, policy.unusable, nameSet),
    untracked: false,
    preDnat: false,
    originalSelector: writeTree(policy.scope),
    perfHints: [],
    unusable: policy.unusable,
  };
}

function makeProfile(name: string, resources: readonly Resource[], nameSet: NameSet): Profile {
  for (const resource of resources) {
    if (resource.kind === "Profile" && resource.metadata.name === name) {
      const unusable = resource.unusable?.why ?? "";
      return {
        inboundRules: convertRules(resource.ingress, "", unusable, nameSet),
        outboundRules: convertRules(resource.egress, "", unusable, nameSet),
        unusable,
      };
    }
    if (resource.kind === "Namespace" && name === `kns.${resource.metadata.name}`) return both("allow");
    if (
      resource.kind === "ServiceAccount" &&
      name === `ksa.${resource.metadata.namespace}.${resource.metadata.name}`
    ) {
      return { inboundRules: [], outboundRules: [], unusable: "" };
    }
  }
  return both(name === "projectcalico-default-allow" ? "allow" : "deny");
}

function both(action: "allow" | "deny"): Profile {
  return { inboundRules: [plainRule(action)], outboundRules: [plainRule(action)], unusable: "" };
}

// ---- sets

function makeSet(
  definition: SetDefinition,
  items: readonly Item[],
  resources: readonly Resource[],
  inventory: "complete" | "none",
): { readonly id: string; readonly set: CalculatedSet } {
  switch (definition.kind) {
    case "selector": {
      const members = items
        .filter((item) => matchTree(definition.selector, item.labels))
        .flatMap((item) => item.nets);
      const set = { type: "NET" as const, incomplete: inventory === "none", members: new Set(members) };
      return { id: `selector ${writeTree(definition.selector)}`, set };
    }
    case "named-port": {
      const { selector, protocol, port } = definition;
      const members = items
        .filter((item) => matchTree(selector, item.labels))
        .flatMap((item) => item.addresses.flatMap((address) => portMembers(item, address, protocol, port)));
      const set = {
        type: "IP_AND_PORT" as const,
        incomplete: inventory === "none",
        members: new Set(members),
      };
      return { id: `named-port ${protocol} ${port} ${writeTree(selector)}`, set };
    }
    case "service": {
      const { namespace, name, withPorts } = definition;
      const members = serviceMembers(resources, namespace, name, withPorts);
      const type = withPorts ? ("IP_AND_PORT" as const) : ("NET" as const);
      const set = { type, incomplete: inventory === "none", members: new Set(members) };
      return { id: `service ${withPorts} ${namespace}/${name}`, set };
    }
  }
}

function portMembers(item: Item, address: string, protocol: string, name: string): string[] {
  return item.ports
    .filter((port) => port.name === name)
    .flatMap((port) => {
      const own = port.protocol.toLowerCase();
      const numbered = { "6": "tcp", "17": "udp", "132": "sctp" }[own];
      if (protocol === "any") {
        if (numbered !== undefined) return [];
        const as = own === "" ? "tcp" : own;
        return ["tcp", "udp", "sctp"].includes(as) ? [`${address},${as}:${port.port}`] : [];
      }
      return own === protocol || numbered === protocol ? [`${address},${protocol}:${port.port}`] : [];
    });
}

function serviceMembers(
  resources: readonly Resource[],
  namespace: string,
  name: string,
  withPorts: boolean,
): string[] {
  const members: string[] = [];
  for (const resource of resources) {
    if (resource.kind !== "EndpointSlice") continue;
    if (resource.metadata.namespace !== namespace || resource.serviceName !== name) continue;
    for (const address of resource.addresses) {
      const text = addressText(address);
      if (withPorts)
        for (const port of resource.ports)
          members.push(`${text},${port.protocol.toLowerCase()}:${port.port}`);
      else members.push(`${text}/${address.family === 4 ? 32 : 128}`);
    }
  }
  return members;
}

// ---- identities

function identities(resources: readonly Resource[]): {
  readonly serviceAccounts: Map<string, Labels>;
  readonly namespaces: Map<string, Labels>;
} {
  const serviceAccounts = new Map<string, Labels>();
  const namespaces = new Map<string, Labels>();
  for (const [name, labels] of profileLabels(resources)) {
    if (name.startsWith("kns.")) namespaces.set(name.slice(4), withoutPrefix("pcns.", labels));
    const account = /^ksa\.([^.]+)\.(.+)$/.exec(name);
    if (account !== null) serviceAccounts.set(`${account[1]}/${account[2]}`, withoutPrefix("pcsa.", labels));
  }
  return { serviceAccounts, namespaces };
}

function withoutPrefix(prefix: string, labels: Labels): Labels {
  return new Map(
    [...labels].map(([key, value]) => [key.startsWith(prefix) ? key.slice(prefix.length) : key, value]),
  );
}
