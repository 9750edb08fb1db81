/**
 * Which IP sets a policy or profile refers to: the bookkeeping behind "everything named was sent before".
 */
import type { EntityMatch, Policy, PolicyId, Profile, Rule, TierInfo } from "../policy/messages.ts";

/** Ids of all sets that the rules name, of both directions, each once. */
export function referencedSets(object: Policy | Profile): readonly string[] {
  const known = cache.get(object);
  if (known !== undefined) return known;
  const ids = new Set<string>();
  for (const rule of object.inboundRules) addRule(ids, rule);
  for (const rule of object.outboundRules) addRule(ids, rule);
  const list = [...ids];
  cache.set(object, list);
  return list;
}

/** Policies are immutable, and every stream that lists one asks again. */
const cache = new WeakMap<Policy | Profile, readonly string[]>();

function addRule(ids: Set<string>, rule: Rule): void {
  addSide(ids, rule.source);
  addSide(ids, rule.destination);
}

function addSide(ids: Set<string>, side: EntityMatch): void {
  for (const id of side.ipSetIds) ids.add(id);
  for (const id of side.notIpSetIds) ids.add(id);
  for (const id of side.namedPortIpSetIds) ids.add(id);
  for (const id of side.notNamedPortIpSetIds) ids.add(id);
  for (const id of side.ipPortSetIds) ids.add(id);
}

/** Policies of all tiers, ingress before egress in each, each once. */
export function listedPolicies(tiers: readonly TierInfo[]): readonly PolicyId[] {
  const ids = new Map<string, PolicyId>();
  for (const tier of tiers) {
    for (const id of tier.ingressPolicies) ids.set(policyKey(id), id);
    for (const id of tier.egressPolicies) ids.set(policyKey(id), id);
  }
  return [...ids.values()];
}

/** A map key; `/` can't occur in a name. */
export function policyKey(id: PolicyId): string {
  return `${id.kind}/${id.namespace}/${id.name}`;
}
