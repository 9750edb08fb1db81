/**
 * One comparable form for what a calculation says, whoever calculated it: sets by their content instead of their
 * ids, texts of addresses by their value, and rule ids (opaque by contract) left out.
 */
import type { EntityMatch, Message, Policy, PortRange, Profile, Rule } from "../../src/policy/messages.ts";
import { readAddressText, readBlockText } from "./reference/addresses.ts";
import { endpointKey, policyKey } from "./reference/state.ts";
import type { Calculated, CalculatedSet } from "./reference-calculation.ts";

/** Folds messages for any number of endpoints. Throws where the stream breaks a promise of its order. */
export class StreamState implements Calculated {
  readonly endpoints: Map<string, Calculated["endpoints"] extends ReadonlyMap<string, infer V> ? V : never> =
    new Map();
  readonly policies: Map<string, Policy> = new Map();
  readonly profiles: Map<string, Profile> = new Map();
  readonly sets: Map<string, CalculatedSet> = new Map();
  readonly serviceAccounts: Map<string, ReadonlyMap<string, string>> = new Map();
  readonly namespaces: Map<string, ReadonlyMap<string, string>> = new Map();

  apply(messages: readonly Message[]): void {
    for (const message of messages) this.#fold(message);
    this.#holdReferences();
  }

  #fold(message: Message): void {
    switch (message.kind) {
      case "in_sync":
        break;
      case "ipset_update": {
        const { id, incomplete } = message;
        const type = message.type === "unknown" ? "NET" : message.type;
        this.sets.set(id, { type, incomplete, members: new Set(message.members) });
        break;
      }
      case "ipset_delta_update":
        this.#foldDelta(message.id, message.addedMembers, message.removedMembers);
        break;
      case "ipset_remove":
        mustDelete(this.sets, message.id);
        break;
      case "active_policy_update":
        for (const id of setsOf(message.policy)) must(this.sets.has(id), `set ${id} before its policy`);
        this.policies.set(policyKey(message.id), message.policy);
        break;
      case "active_policy_remove":
        mustDelete(this.policies, policyKey(message.id));
        break;
      case "active_profile_update":
        for (const id of setsOf(message.profile)) must(this.sets.has(id), `set ${id} before its profile`);
        this.profiles.set(message.name, message.profile);
        break;
      case "active_profile_remove":
        mustDelete(this.profiles, message.name);
        break;
      case "workload_endpoint_update":
        for (const tier of message.endpoint.tiers) {
          for (const id of [...tier.ingressPolicies, ...tier.egressPolicies]) {
            must(this.policies.has(policyKey(id)), `${policyKey(id)} before its endpoint`);
          }
        }
        for (const name of message.endpoint.profileIds)
          must(this.profiles.has(name), `${name} before its endpoint`);
        this.endpoints.set(endpointKey(message.id), message);
        break;
      case "workload_endpoint_remove":
        mustDelete(this.endpoints, endpointKey(message.id));
        break;
      case "service_account_update":
        this.serviceAccounts.set(`${message.namespace}/${message.name}`, message.labels);
        break;
      case "service_account_remove":
        mustDelete(this.serviceAccounts, `${message.namespace}/${message.name}`);
        break;
      case "namespace_update":
        this.namespaces.set(message.name, message.labels);
        break;
      case "namespace_remove":
        mustDelete(this.namespaces, message.name);
        break;
    }
  }

  #foldDelta(id: string, added: readonly string[], removed: readonly string[]): void {
    const set = this.sets.get(id);
    if (set === undefined) throw new Error(`a delta for the set ${id}, which was not sent`);
    const members = new Set(set.members);
    for (const member of added) {
      must(!members.has(member), `${member} is added to ${id} and was there`);
      members.add(member);
    }
    for (const member of removed)
      must(members.delete(member), `${member} is removed from ${id} and was not there`);
    this.sets.set(id, { ...set, members });
  }

  /** Nothing was removed that something still names, and no set is kept that nothing names. */
  #holdReferences(): void {
    const named = new Set([...this.policies.values(), ...this.profiles.values()].flatMap(setsOf));
    for (const id of named) must(this.sets.has(id), `set ${id} is named and was removed`);
    for (const id of this.sets.keys()) must(named.has(id), `set ${id} is kept and nothing names it`);
    for (const { endpoint } of this.endpoints.values()) {
      for (const tier of endpoint.tiers) {
        for (const id of [...tier.ingressPolicies, ...tier.egressPolicies]) {
          must(this.policies.has(policyKey(id)), `${policyKey(id)} is listed and was removed`);
        }
      }
      for (const name of endpoint.profileIds)
        must(this.profiles.has(name), `${name} is listed and was removed`);
    }
  }
}

function must(condition: boolean, promise: string): void {
  if (!condition) throw new Error(`broken promise of the stream: ${promise}`);
}

function mustDelete(map: Map<string, unknown>, key: string): void {
  must(map.delete(key), `${key} is removed and was not there`);
}

function setsOf(rules: Policy | Profile): string[] {
  return [...rules.inboundRules, ...rules.outboundRules].flatMap((rule) =>
    [rule.source, rule.destination].flatMap((side) => [
      ...side.ipSetIds,
      ...side.notIpSetIds,
      ...side.namedPortIpSetIds,
      ...side.notNamedPortIpSetIds,
      ...side.ipPortSetIds,
    ]),
  );
}

/** Plain data that is deeply equal exactly where two calculations say the same. */
export function normalState(calculated: Calculated): object {
  const { sets } = calculated;
  return {
    endpoints: byKey(calculated.endpoints, ({ endpoint }) => ({
      state: endpoint.state,
      profileIds: [...endpoint.profileIds],
      nets: [...endpoint.ipv4Nets, ...endpoint.ipv6Nets].map(normalMember).sort(),
      tiers: endpoint.tiers,
    })),
    policies: byKey(calculated.policies, (policy) => ({
      namespace: policy.namespace,
      tier: policy.tier,
      unusable: policy.unusable,
      rules: normalRules(policy, sets),
    })),
    profiles: byKey(calculated.profiles, (profile) => ({
      unusable: profile.unusable,
      rules: normalRules(profile, sets),
    })),
    // Two definitions may come to the same content; whether they share an id is not the reference's business.
    sets: [...new Set([...sets.values()].map(normalSet))].sort(),
    serviceAccounts: byKey(calculated.serviceAccounts, (labels) => [...labels].sort()),
    namespaces: byKey(calculated.namespaces, (labels) => [...labels].sort()),
  };
}

function byKey<V>(map: ReadonlyMap<string, V>, normal: (value: V) => unknown): Record<string, unknown> {
  return Object.fromEntries([...map.keys()].sort().map((key) => [key, normal(map.get(key)!)]));
}

function normalRules(rules: Policy | Profile, sets: ReadonlyMap<string, CalculatedSet>): object {
  const normal = (rule: Rule): object => ({
    ...rule,
    ruleId: "",
    annotations: [...rule.annotations].sort(),
    source: normalSide(rule.source, sets),
    destination: normalSide(rule.destination, sets),
  });
  return { inbound: rules.inboundRules.map(normal), outbound: rules.outboundRules.map(normal) };
}

function normalSide(side: EntityMatch, sets: ReadonlyMap<string, CalculatedSet>): object {
  const contents = (ids: readonly string[]): string[] =>
    [...new Set(ids.map((id) => normalSet(sets.get(id)!)))].sort();
  return {
    ...side,
    nets: side.nets.map(normalMember),
    notNets: side.notNets.map(normalMember),
    ports: normalPorts(side.ports),
    notPorts: normalPorts(side.notPorts),
    ipSetIds: contents(side.ipSetIds),
    notIpSetIds: contents(side.notIpSetIds),
    namedPortIpSetIds: contents(side.namedPortIpSetIds),
    notNamedPortIpSetIds: contents(side.notNamedPortIpSetIds),
    ipPortSetIds: contents(side.ipPortSetIds),
  };
}

/** Ranges as the ports they hold. */
function normalPorts(ranges: readonly PortRange[]): string {
  const sorted = [...ranges].sort((a, b) => a.first - b.first);
  const merged: { first: number; last: number }[] = [];
  for (const { first, last } of sorted) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last);
    else merged.push({ first, last });
  }
  return merged.map(({ first, last }) => `${first}:${last}`).join(",");
}

function normalSet(set: CalculatedSet): string {
  return `${set.type} ${set.incomplete} ${[...set.members].map(normalMember).sort().join(" ")}`;
}

function normalMember(text: string): string {
  const comma = text.indexOf(",");
  if (comma !== -1) {
    const address = readAddressText(text.slice(0, comma));
    return `${address?.family} ${address?.value}${text.slice(comma)}`;
  }
  const block = readBlockText(text);
  return `${block?.address.family} ${block?.address.value}/${block?.length}`;
}
