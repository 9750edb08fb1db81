import type { EntityRule, PolicyAction, PolicyRule } from "../datastore/resources.ts";

/** The rules of a policy or profile, in Calico's shape whatever it was written in. */
export type PolicyRules = {
  readonly ingress: readonly PolicyRule[];
  readonly egress: readonly PolicyRule[];
};

/** A side of a rule that asks for nothing. */
export const ANY_ENTITY: EntityRule = {
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

/** A rule that applies to everything. */
export function plainRule(action: PolicyAction): PolicyRule {
  return {
    action,
    ipVersion: undefined,
    protocol: undefined,
    notProtocol: undefined,
    icmp: undefined,
    notIcmp: undefined,
    source: ANY_ENTITY,
    destination: ANY_ENTITY,
    http: undefined,
    annotations: new Map(),
  };
}
