import { type IdentitiesModel, parseIdentities } from "../../identity/identity-match.ts";
import type { Cidr } from "../../net/address.ts";
import { PortSet } from "../../net/ports.ts";
import { protocolNumber } from "../../net/protocol.ts";
import { parseSelector } from "../../selector/parse-selector.ts";
import type { Selector } from "../../selector/selector.ts";
import { parseNet } from "../ip-set.ts";
import type { EntityMatch, HttpMatch, Protocol, Rule } from "../messages.ts";
import { encodeRulePath } from "../path-readings.ts";

/**
 * A rule of a policy or profile, parsed: every text turned into what it means, or marked as not understood.
 *
 * This is what both the compiled program and the explanation start from. It depends on nothing but the rule and the namespace of
 * its policy.
 */
export type RuleModel = {
  readonly rule: Rule;
  readonly action: RuleAction;
  /** False for a rule of an unusable object: all its clauses are unknown, whatever they say. */
  readonly usable: boolean;
  readonly source: SideModel;
  readonly destination: SideModel;
  readonly http: HttpModel | undefined;
  readonly protocol: ProtocolModel | undefined;
  readonly notProtocol: ProtocolModel | undefined;
  readonly ipVersion: 4 | 6 | "bad" | undefined;
  /** Asks for ICMP traffic, which never reaches a check; what excludes some of it excludes nothing here. */
  readonly isIcmp: boolean;
};

/** "bad": not understood. */
export type RuleAction = "allow" | "deny" | "log" | "pass" | "bad";

/** A protocol number, or "bad". */
export type ProtocolModel = number | "bad";

export type NetsModel = { readonly cidrs: readonly Cidr[]; readonly bad: boolean };

export type PortsModel = { readonly ranges: PortSet; readonly setIds: readonly string[] };

export type NamespaceModel =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "selector"; readonly selector: Selector | "bad"; readonly text: string };

export type ServiceAccountModel = {
  /** Undefined: any name. */
  readonly names: ReadonlySet<string> | undefined;
  /** Undefined: any labels. */
  readonly selector: Selector | "bad" | undefined;
};

/** What a rule asks of one side; undefined or an empty list is a clause that does not exist. */
export type SideModel = {
  readonly nets: NetsModel | undefined;
  readonly notNets: NetsModel | undefined;
  readonly setIds: readonly string[];
  readonly notSetIds: readonly string[];
  readonly ports: PortsModel | undefined;
  readonly notPorts: PortsModel | undefined;
  readonly ipPortSetIds: readonly string[];
  readonly serviceAccount: ServiceAccountModel | undefined;
  readonly namespace: NamespaceModel | undefined;
  /** SPIFFE IDs; "bad": not understood. */
  readonly identities: IdentitiesModel | "bad" | undefined;
  /** An IP set of this side carries the namespace requirement. */
  readonly setCarriesNamespace: boolean;
  /** With `--peer identity` a verified identity stands in for the one set of this side. */
  readonly identityDecides: boolean;
};

export type HttpModel = {
  /** Byte strings; undefined: any method. */
  readonly methods: ReadonlySet<string> | undefined;
  /** Undefined: any path. */
  readonly paths: readonly PathModel[] | undefined;
  /** A path entry is not understood. */
  readonly bad: boolean;
};

export type PathModel = {
  readonly kind: "exact" | "prefix";
  /** As a byte string without query, non-ASCII characters percent-encoded. */
  readonly path: string;
};

/**
 * Parses a rule.
 *
 * @param policyNamespace empty for global policies and profiles.
 */
export function parseRule(rule: Rule, policyNamespace: string, usable: boolean): RuleModel {
  return {
    rule,
    action: parseAction(rule.action),
    usable,
    source: parseSide(rule.source, policyNamespace),
    destination: parseSide(rule.destination, policyNamespace),
    http: rule.http && parseHttp(rule.http),
    protocol: rule.protocol && parseProtocol(rule.protocol),
    notProtocol: rule.notProtocol && parseProtocol(rule.notProtocol),
    ipVersion: parseIpVersion(rule.ipVersion),
    isIcmp: rule.icmp !== undefined,
  };
}

function parseAction(text: string): RuleAction {
  switch (text.toLowerCase()) {
    case "allow":
      return "allow";
    case "deny":
      return "deny";
    case "log":
      return "log";
    case "pass":
    case "next-tier":
      return "pass";
    default:
      return "bad";
  }
}

function parseProtocol(protocol: Protocol | "empty"): ProtocolModel {
  if (protocol === "empty") return "bad";
  if ("name" in protocol) return protocolNumber(protocol.name) ?? "bad";
  return protocol.number >= 1 && protocol.number <= 255 ? protocol.number : "bad";
}

function parseIpVersion(version: number | undefined): RuleModel["ipVersion"] {
  if (version === undefined || version === 4 || version === 6) return version;
  return "bad";
}

function parseSide(entity: EntityMatch, policyNamespace: string): SideModel {
  const serviceAccount = parseServiceAccount(entity);
  const namespace = parseNamespace(entity, serviceAccount !== undefined, policyNamespace);
  return {
    nets: parseNets(entity.nets),
    notNets: parseNets(entity.notNets),
    setIds: entity.ipSetIds,
    notSetIds: entity.notIpSetIds,
    ports: parsePorts(entity.ports, entity.namedPortIpSetIds),
    notPorts: parsePorts(entity.notPorts, entity.notNamedPortIpSetIds),
    ipPortSetIds: entity.ipPortSetIds,
    serviceAccount,
    namespace,
    identities: entity.identityMatch && (parseIdentities(entity.identityMatch) ?? "bad"),
    setCarriesNamespace: carriesNamespace(entity),
    identityDecides: isDescribedByIdentity(entity, serviceAccount !== undefined),
  };
}

function parseNets(texts: readonly string[]): NetsModel | undefined {
  if (texts.length === 0) return undefined;
  const cidrs = texts.map(parseNet);
  return {
    cidrs: cidrs.filter((cidr) => cidr !== undefined),
    bad: cidrs.includes(undefined),
  };
}

function parsePorts(ranges: EntityMatch["ports"], setIds: readonly string[]): PortsModel | undefined {
  if (ranges.length === 0 && setIds.length === 0) return undefined;
  return { ranges: PortSet.of(ranges), setIds };
}

function parseServiceAccount(entity: EntityMatch): ServiceAccountModel | undefined {
  const match = entity.serviceAccountMatch;
  if (match === undefined || (match.names.length === 0 && match.selector === "")) return undefined;
  return {
    names: match.names.length === 0 ? undefined : new Set(match.names),
    selector: match.selector === "" ? undefined : parseSelectorText(match.selector),
  };
}

/** The requirement on a side's namespace: docs/semantics.md, "Identity". */
function parseNamespace(
  entity: EntityMatch,
  namesAccounts: boolean,
  policyNamespace: string,
): NamespaceModel | undefined {
  const text = entity.originalNamespaceSelector;
  if (text !== "") return { kind: "selector", selector: parseSelectorText(text), text };
  const describesPeer = entity.originalSelector !== "" || entity.originalNotSelector !== "" || namesAccounts;
  if (policyNamespace === "" || !describesPeer) return undefined;
  return { kind: "name", name: policyNamespace };
}

function parseSelectorText(text: string): Selector | "bad" {
  const selector = parseSelector(text);
  return selector.ok ? selector.value : "bad";
}

/** A named-port set beside port ranges can be got round by a port in a range. */
function carriesNamespace(entity: EntityMatch): boolean {
  if (entity.ipSetIds.length > 0 || entity.ipPortSetIds.length > 0) return true;
  return entity.namedPortIpSetIds.length > 0 && entity.ports.length === 0;
}

function isDescribedByIdentity(entity: EntityMatch, namesAccounts: boolean): boolean {
  const otherSets =
    entity.notIpSetIds.length +
    entity.namedPortIpSetIds.length +
    entity.notNamedPortIpSetIds.length +
    entity.ipPortSetIds.length;
  return (
    (namesAccounts || entity.originalNamespaceSelector !== "") &&
    entity.originalSelector === "" &&
    entity.originalNotSelector === "" &&
    entity.originalService === "" &&
    entity.nets.length + entity.notNets.length === 0 &&
    entity.ipSetIds.length === 1 &&
    otherSets === 0
  );
}

function parseHttp(http: HttpMatch): HttpModel {
  const anyMethod = http.methods.length === 0 || http.methods.includes("*");
  const paths = http.paths.map(parsePath);
  return {
    methods: anyMethod ? undefined : new Set(http.methods.map(toBytes)),
    paths: paths.length === 0 ? undefined : paths,
    bad: http.paths.some((match) => pathText(match) === ""),
  };
}

function parsePath(match: HttpMatch["paths"][number]): PathModel {
  return { kind: "exact" in match ? "exact" : "prefix", path: encodeRulePath(pathText(match)) };
}

function pathText(match: HttpMatch["paths"][number]): string {
  return "exact" in match ? match.exact : match.prefix;
}

function toBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
