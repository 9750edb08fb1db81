import type { EntityRule, PolicyAction, PolicyRule, RulePort } from "../datastore/resources.ts";
import { formatCidr } from "../net/address.ts";
import { protocolNumber } from "../net/protocol.ts";
import {
  ANY_ENTITY,
  type EntityMatch,
  type PortRange,
  type Protocol,
  type Rule,
  type ServiceAccountMatch,
} from "../policy/messages.ts";
import { formatSelector, hashId } from "../selector/format-selector.ts";
import { ALL, type Selector } from "../selector/selector.ts";
import {
  type IpSetDefinition,
  type NamedPortProtocol,
  namedPortSet,
  selectorSet,
  serviceSet,
} from "./ip-set-definition.ts";
import type { PolicyRules } from "./plain-rule.ts";
import { peerSelectors } from "./policy-selector.ts";

/** The rules of one policy or profile as messages carry them, and the sets that they name. */
export type ConvertedRules = {
  readonly inboundRules: readonly Rule[];
  readonly outboundRules: readonly Rule[];
  /** By id. */
  readonly sets: ReadonlyMap<string, IpSetDefinition>;
};

/** Whose rules are converted. */
export type RuleOwner = {
  /** Distinguishes it from every other policy and profile: seeds the rules' ids. */
  readonly key: string;
  /** Empty for cluster-wide policies and profiles. */
  readonly namespace: string;
  /** Whether the object can't be used: then only the actions mean anything, and no sets are needed. */
  readonly isUnusable: boolean;
};

export function convertRules(owner: RuleOwner, rules: PolicyRules): ConvertedRules {
  const sets = new Map<string, IpSetDefinition>();
  const convert = (rule: PolicyRule): RuleWithoutId =>
    owner.isUnusable ? actionOnly(rule.action) : convertRule(rule, owner.namespace, sets);
  return {
    inboundRules: withIds(`${owner.key} inbound`, rules.ingress.map(convert)),
    outboundRules: withIds(`${owner.key} outbound`, rules.egress.map(convert)),
    sets,
  };
}

type RuleWithoutId = Omit<Rule, "ruleId">;

const ACTIONS: Readonly<Record<PolicyAction, string>> = {
  Allow: "allow",
  Deny: "deny",
  Log: "log",
  Pass: "next-tier",
};

function actionOnly(action: PolicyAction): RuleWithoutId {
  return {
    action: ACTIONS[action],
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

function convertRule(rule: PolicyRule, namespace: string, sets: Map<string, IpSetDefinition>): RuleWithoutId {
  const { protocol } = rule;
  return {
    action: ACTIONS[rule.action],
    ipVersion: rule.ipVersion ?? impliedIpVersion(protocol),
    protocol,
    notProtocol: rule.notProtocol,
    icmp: rule.icmp,
    notIcmp: rule.notIcmp,
    source: convertEntity("source", rule.source, protocol, namespace, sets),
    destination: convertEntity("destination", rule.destination, protocol, namespace, sets),
    http: rule.http,
    annotations: rule.annotations,
  };
}

function impliedIpVersion(protocol: Protocol | undefined): number | undefined {
  if (protocol === undefined || !("name" in protocol)) return undefined;
  if (protocol.name === "icmp") return 4;
  return protocol.name === "icmpv6" ? 6 : undefined;
}

/** One side of a rule. Which condition becomes which set: README.md, "IP sets". */
function convertEntity(
  side: "source" | "destination",
  entity: EntityRule,
  protocol: Protocol | undefined,
  namespace: string,
  sets: Map<string, IpSetDefinition>,
): EntityMatch {
  const use = (definition: IpSetDefinition): string => {
    sets.set(definition.id, definition);
    return definition.id;
  };
  const { positive, negative } = peerSelectors(entity, namespace);
  const ports = splitPorts(entity.ports);
  const notPorts = splitPorts(entity.notPorts);
  const namedPort = (name: string): string =>
    use(namedPortSet(positive ?? ALL, namedPortProtocol(protocol), name));

  const ipSetIds: string[] = [];
  const ipPortSetIds: string[] = [];
  // With named ports alone the peer's selector lives in their sets.
  const portsCarrySelector = ports.names.length > 0 && ports.ranges.length === 0;
  if (positive !== undefined && !portsCarrySelector) ipSetIds.push(use(selectorSet(positive)));
  if (entity.services !== undefined) {
    const service = `${entity.services.namespace || namespace}/${entity.services.name}`;
    if (side === "destination") ipPortSetIds.push(use(serviceSet(service, true)));
    else ipSetIds.push(use(serviceSet(service, false)));
  }
  return {
    nets: entity.nets.map(formatCidr),
    notNets: entity.notNets.map(formatCidr),
    ports: ports.ranges,
    notPorts: notPorts.ranges,
    ipSetIds,
    notIpSetIds: negative === undefined ? [] : [use(selectorSet(negative))],
    namedPortIpSetIds: ports.names.map(namedPort),
    notNamedPortIpSetIds: notPorts.names.map(namedPort),
    ipPortSetIds,
    originalSelector: selectorText(entity.selector),
    originalNamespaceSelector: selectorText(entity.namespaceSelector),
    originalNotSelector: selectorText(entity.notSelector),
    serviceAccountMatch: serviceAccountMatch(entity.serviceAccounts),
    ...(entity.identities === undefined ? {} : { identityMatch: entity.identities }),
    originalService: entity.services?.name ?? "",
    originalServiceNamespace: entity.services?.namespace ?? "",
  };
}

function splitPorts(ports: readonly RulePort[]): { ranges: PortRange[]; names: string[] } {
  const ranges: PortRange[] = [];
  const names: string[] = [];
  for (const port of ports) {
    if ("name" in port) names.push(port.name);
    else ranges.push(port);
  }
  return { ranges, names };
}

const UDP = protocolNumber("udp");
const SCTP = protocolNumber("sctp");

/** What a named port of this rule is of: udp or sctp if the rule says so, any if it says nothing, else tcp. */
function namedPortProtocol(protocol: Protocol | undefined): NamedPortProtocol {
  if (protocol === undefined) return "any";
  const number = "number" in protocol ? protocol.number : protocolNumber(protocol.name);
  if (number === UDP) return "udp";
  return number === SCTP ? "sctp" : "tcp";
}

function selectorText(selector: Selector | undefined): string {
  return selector === undefined ? "" : formatSelector(selector);
}

/** Present only where it asks for something. */
function serviceAccountMatch(match: EntityRule["serviceAccounts"]): ServiceAccountMatch | undefined {
  if (match === undefined || (match.names.length === 0 && match.selector === undefined)) return undefined;
  return { selector: selectorText(match.selector), names: match.names };
}

const RULE_ID_CHARS = 16;

/**
 * Give each rule an id that depends on what it says and on all the rules before it, so that the id names the rule in
 * its place, and stays the same as long as that does.
 */
function withIds(seed: string, rules: readonly RuleWithoutId[]): Rule[] {
  let previous = seed;
  return rules.map((rule) => {
    const text = JSON.stringify([previous, rule], (_key, value) =>
      value instanceof Map ? [...value] : value,
    );
    const ruleId = hashId("", text).slice(0, RULE_ID_CHARS);
    previous = ruleId;
    return { ...rule, ruleId };
  });
}
