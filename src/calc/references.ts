import type { EntityMatch, Rule } from "../policy/messages.ts";

/** The rules of a policy or profile message. */
export type MessageRules = {
  readonly inboundRules: readonly Rule[];
  readonly outboundRules: readonly Rule[];
};

/** The ids of all IP sets that a policy's or profile's rules name, inbound and outbound, each once. */
export function referencedIpSets(rules: MessageRules): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const rule of rules.inboundRules) collectRule(rule, ids);
  for (const rule of rules.outboundRules) collectRule(rule, ids);
  return ids;
}

function collectRule(rule: Rule, ids: Set<string>): void {
  collectEntity(rule.source, ids);
  collectEntity(rule.destination, ids);
}

function collectEntity(entity: EntityMatch, ids: Set<string>): void {
  for (const id of entity.ipSetIds) ids.add(id);
  for (const id of entity.notIpSetIds) ids.add(id);
  for (const id of entity.namedPortIpSetIds) ids.add(id);
  for (const id of entity.notNamedPortIpSetIds) ids.add(id);
  for (const id of entity.ipPortSetIds) ids.add(id);
}
