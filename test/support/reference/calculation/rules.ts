/** Policy rules to message rules, and the sets that they name. Sets are kept by what they are, not by any id. */
import type { EntityRule, PolicyRule, RulePort } from "../../../../src/datastore/resources.ts";
import type { EntityMatch, PortRange, Protocol, Rule } from "../../../../src/policy/messages.ts";
import type { Selector } from "../../../../src/selector/selector.ts";
import { addressText } from "./items.ts";
import { namespaceScope } from "./policies.ts";
import { allOf, EVERYTHING, withPrefix, writeTree } from "./selector-trees.ts";

/** What a set is made of; its members follow from the resources. */
export type SetDefinition =
  | { readonly kind: "selector"; readonly selector: Selector }
  | {
      readonly kind: "named-port";
      readonly selector: Selector;
      readonly protocol: string;
      readonly port: string;
    }
  | {
      readonly kind: "service";
      readonly namespace: string;
      readonly name: string;
      readonly withPorts: boolean;
    };

/** Told each set that a rule names; answers with the id to use. */
export type NameSet = (definition: SetDefinition) => string;

const ACTIONS = { Allow: "allow", Deny: "deny", Log: "log", Pass: "next-tier" } as const;

/** Of an object that can't be used only the actions mean anything. */
export function convertRules(
  rules: readonly PolicyRule[],
  namespace: string,
  unusable: string,
  nameSet: NameSet,
): readonly Rule[] {
  if (unusable !== "") return rules.map((rule) => plainRule(ACTIONS[rule.action]));
  return rules.map((rule) => convertRule(rule, namespace, nameSet));
}

const ANYBODY: EntityMatch = {
  nets: [],
  notNets: [],
  ports: [],
  notPorts: [],
  ipSetIds: [],
  notIpSetIds: [],
  namedPortIpSetIds: [],
  notNamedPortIpSetIds: [],
  ipPortSetIds: [],
  originalSelector: "",
  originalNamespaceSelector: "",
  originalNotSelector: "",
  serviceAccountMatch: undefined,
  originalService: "",
  originalServiceNamespace: "",
};

/** A rule that asks nothing. */
export function plainRule(action: string): Rule {
  return {
    action,
    ipVersion: undefined,
    protocol: undefined,
    notProtocol: undefined,
    icmp: undefined,
    notIcmp: undefined,
    source: ANYBODY,
    destination: ANYBODY,
    http: undefined,
    annotations: new Map(),
    ruleId: "",
  };
}

function convertRule(rule: PolicyRule, namespace: string, nameSet: NameSet): Rule {
  return {
    action: ACTIONS[rule.action],
    ipVersion: rule.ipVersion ?? impliedVersion(rule.protocol),
    protocol: rule.protocol,
    notProtocol: rule.notProtocol,
    icmp: rule.icmp,
    notIcmp: rule.notIcmp,
    source: convertSide(rule.source, rule.protocol, namespace, false, nameSet),
    destination: convertSide(rule.destination, rule.protocol, namespace, true, nameSet),
    http: rule.http,
    annotations: rule.annotations,
    ruleId: "",
  };
}

function impliedVersion(protocol: Protocol | undefined): 4 | 6 | undefined {
  if (protocol === undefined || !("name" in protocol)) return undefined;
  const name = protocol.name.toLowerCase();
  if (name === "icmp") return 4;
  return name === "icmpv6" ? 6 : undefined;
}

function convertSide(
  side: EntityRule,
  protocol: Protocol | undefined,
  namespace: string,
  isDestination: boolean,
  nameSet: NameSet,
): EntityMatch {
  const { positive, negative } = peerSelectors(side, namespace);
  const ranges = side.ports.filter((port) => !("name" in port)) as PortRange[];
  const hasNames = side.ports.some((port) => "name" in port);
  const asSet = (selector: Selector): string => nameSet({ kind: "selector", selector });
  const ipSetIds: string[] = [];
  const ipPortSetIds: string[] = [];
  if (positive !== undefined && (ranges.length > 0 || !hasNames)) ipSetIds.push(asSet(positive));
  if (side.services !== undefined) {
    const { name, namespace: own } = side.services;
    const id = nameSet({
      kind: "service",
      namespace: own === "" ? namespace : own,
      name,
      withPorts: isDestination,
    });
    if (isDestination) ipPortSetIds.push(id);
    else ipSetIds.push(id);
  }
  const named = (ports: readonly RulePort[]): string[] =>
    ports.flatMap((port) =>
      "name" in port
        ? [
            nameSet({
              kind: "named-port",
              selector: positive ?? EVERYTHING,
              protocol: setProtocol(protocol),
              port: port.name,
            }),
          ]
        : [],
    );
  const accounts = side.serviceAccounts;
  return {
    nets: side.nets.map((net) => `${addressText(net.address)}/${net.length}`),
    notNets: side.notNets.map((net) => `${addressText(net.address)}/${net.length}`),
    ports: ranges,
    notPorts: side.notPorts.filter((port) => !("name" in port)) as PortRange[],
    ipSetIds,
    notIpSetIds: negative === undefined ? [] : [asSet(negative)],
    namedPortIpSetIds: named(side.ports),
    notNamedPortIpSetIds: named(side.notPorts),
    ipPortSetIds,
    originalSelector: text(side.selector),
    originalNamespaceSelector: text(side.namespaceSelector),
    originalNotSelector: text(side.notSelector),
    serviceAccountMatch:
      accounts === undefined || (accounts.names.length === 0 && accounts.selector === undefined)
        ? undefined
        : { names: accounts.names, selector: text(accounts.selector) },
    ...(side.identities === undefined ? {} : { identityMatch: side.identities }),
    originalService: side.services?.name ?? "",
    originalServiceNamespace: side.services?.namespace ?? "",
  };
}

function text(selector: Selector | undefined): string {
  return selector === undefined ? "" : writeTree(selector);
}

function setProtocol(protocol: Protocol | undefined): string {
  if (protocol === undefined) return "any";
  const udp = "name" in protocol ? protocol.name.toLowerCase() === "udp" : protocol.number === 17;
  const sctp = "name" in protocol ? protocol.name.toLowerCase() === "sctp" : protocol.number === 132;
  if (udp) return "udp";
  return sctp ? "sctp" : "tcp";
}

/** The peer as one positive and one negative selector. */
function peerSelectors(
  side: EntityRule,
  namespace: string,
): { readonly positive: Selector | undefined; readonly negative: Selector | undefined } {
  const accounts = side.serviceAccounts;
  const inNames: Selector | undefined =
    accounts === undefined || accounts.names.length === 0
      ? undefined
      : { op: "in", label: "projectcalico.org/serviceaccount", values: accounts.names };
  const account = allOf([accounts?.selector && withPrefix(accounts.selector, "pcsa."), inNames]);
  const own = allOf([account, side.selector]);
  const home: Selector | undefined =
    side.namespaceSelector !== undefined
      ? namespaceScope(side.namespaceSelector)
      : namespace === ""
        ? undefined
        : { op: "eq", label: "projectcalico.org/namespace", value: namespace };
  const isScoped =
    own !== undefined || side.notSelector !== undefined || side.namespaceSelector !== undefined;
  const positive = home !== undefined && isScoped ? allOf([home, own]) : own;
  if (positive !== undefined && side.notSelector !== undefined) {
    return {
      positive: { op: "and", operands: [positive, { op: "not", operand: side.notSelector }] },
      negative: undefined,
    };
  }
  return { positive, negative: side.notSelector };
}
