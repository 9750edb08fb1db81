import type {
  EntityMatch,
  HttpMatch,
  HttpPathMatch,
  IcmpMatch,
  PortRange,
  Protocol,
  Rule,
  ServiceAccountMatch,
} from "./messages.ts";
import { readObject, WireError, type WireReader } from "./wire-reader.ts";

/** Turns one rule of a received policy or profile into a Rule; throws WireError. */
export function decodeRule(value: unknown, path: string): Rule {
  return readObject(value, path, (reader) => ({
    action: reader.text("action"),
    ipVersion: decodeIpVersion(reader),
    protocol: reader.child("protocol", decodeProtocol),
    notProtocol: reader.child("not_protocol", decodeProtocol),
    icmp: decodeIcmp(reader, "icmp"),
    notIcmp: decodeIcmp(reader, "not_icmp"),
    source: decodeSource(reader),
    destination: decodeDestination(reader),
    http: reader.child("http_match", decodeHttp),
    annotations: reader.child("metadata", (metadata) => metadata.textMap("annotations")) ?? new Map(),
    ruleId: reader.text("rule_id"),
  }));
}

function decodeIpVersion(reader: WireReader): number | undefined {
  const value = reader.raw("ip_version");
  if (value === undefined || value === "ANY" || value === 0) return undefined;
  if (value === "IPV4") return 4;
  if (value === "IPV6") return 6;
  if (typeof value === "string") throw new WireError(reader.at("ip_version"), "must be ANY, IPV4 or IPV6");
  return reader.integer("ip_version");
}

function decodeProtocol(reader: WireReader): Protocol | "empty" {
  const hasNumber = reader.has("number");
  const hasName = reader.has("name");
  if (hasNumber && hasName)
    throw new WireError(reader.at("name"), "stands beside `number`: only one is allowed");
  if (hasNumber) return { number: reader.integer("number") };
  return hasName ? { name: reader.text("name") } : "empty";
}

function decodeIcmp(reader: WireReader, prefix: "icmp" | "not_icmp"): IcmpMatch | undefined {
  const both = reader.child(`${prefix}_type_code`, (icmp) => ({
    type: icmp.integer("type"),
    code: icmp.integer("code"),
  }));
  const hasType = reader.has(`${prefix}_type`);
  if (both !== undefined && hasType) {
    throw new WireError(
      reader.at(`${prefix}_type`),
      `stands beside \`${prefix}_type_code\`: only one is allowed`,
    );
  }
  return hasType ? { type: reader.integer(`${prefix}_type`) } : both;
}

function decodeSource(reader: WireReader): EntityMatch {
  return {
    nets: reader.texts("src_net"),
    notNets: reader.texts("not_src_net"),
    ports: reader.list("src_ports", decodePortRange),
    notPorts: reader.list("not_src_ports", decodePortRange),
    ipSetIds: reader.texts("src_ip_set_ids"),
    notIpSetIds: reader.texts("not_src_ip_set_ids"),
    namedPortIpSetIds: reader.texts("src_named_port_ip_set_ids"),
    notNamedPortIpSetIds: reader.texts("not_src_named_port_ip_set_ids"),
    ipPortSetIds: [],
    originalSelector: reader.text("original_src_selector"),
    originalNamespaceSelector: reader.text("original_src_namespace_selector"),
    originalNotSelector: reader.text("original_not_src_selector"),
    serviceAccountMatch: reader.child("src_service_account_match", decodeServiceAccountMatch),
    ...decodeIdentityMatch(reader),
    originalService: reader.text("original_src_service"),
    originalServiceNamespace: reader.text("original_src_service_namespace"),
  };
}

function decodeDestination(reader: WireReader): EntityMatch {
  return {
    nets: reader.texts("dst_net"),
    notNets: reader.texts("not_dst_net"),
    ports: reader.list("dst_ports", decodePortRange),
    notPorts: reader.list("not_dst_ports", decodePortRange),
    ipSetIds: reader.texts("dst_ip_set_ids"),
    notIpSetIds: reader.texts("not_dst_ip_set_ids"),
    namedPortIpSetIds: reader.texts("dst_named_port_ip_set_ids"),
    notNamedPortIpSetIds: reader.texts("not_dst_named_port_ip_set_ids"),
    ipPortSetIds: reader.texts("dst_ip_port_set_ids"),
    originalSelector: reader.text("original_dst_selector"),
    originalNamespaceSelector: reader.text("original_dst_namespace_selector"),
    originalNotSelector: reader.text("original_not_dst_selector"),
    serviceAccountMatch: reader.child("dst_service_account_match", decodeServiceAccountMatch),
    originalService: reader.text("original_dst_service"),
    originalServiceNamespace: reader.text("original_dst_service_namespace"),
  };
}

function decodePortRange(value: unknown, path: string): PortRange {
  return readObject(value, path, (reader) => ({
    first: reader.integer("first"),
    last: reader.integer("last"),
  }));
}

function decodeServiceAccountMatch(reader: WireReader): ServiceAccountMatch {
  return { selector: reader.text("selector"), names: reader.texts("names") };
}

function decodeIdentityMatch(reader: WireReader): Pick<EntityMatch, "identityMatch"> {
  const identityMatch = reader.child("src_identity_match", (match) => ({
    ids: match.texts("ids"),
    prefixes: match.texts("prefixes"),
    trustDomains: match.texts("trust_domains"),
  }));
  return identityMatch === undefined ? {} : { identityMatch };
}

function decodeHttp(reader: WireReader): HttpMatch {
  return { methods: reader.texts("methods"), paths: reader.list("paths", decodeHttpPath) };
}

/** An entry with neither value may be a kind of match that we do not know: the empty text, which is not understood. */
function decodeHttpPath(value: unknown, path: string): HttpPathMatch {
  return readObject(value, path, (reader) => {
    const hasExact = reader.has("exact");
    const hasPrefix = reader.has("prefix");
    if (hasExact && hasPrefix) {
      throw new WireError(reader.at("prefix"), "stands beside `exact`: only one is allowed");
    }
    return hasPrefix ? { prefix: reader.text("prefix") } : { exact: reader.text("exact") };
  });
}
