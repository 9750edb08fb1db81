/** Reads recorded vectors without any of the engine's decoders: plain objects to messages and flows. */
import { NO_IDENTITY, type PeerIdentity } from "../../src/identity/peer-identity.ts";
import { Flow, PROTOCOL_TCP, PROTOCOL_UDP } from "../../src/policy/flow.ts";
import type {
  EntityMatch,
  HttpPathMatch,
  Message,
  PolicyId,
  Protocol,
  Rule,
} from "../../src/policy/messages.ts";
import { readAddressText, toWords } from "./reference/addresses.ts";

// biome-ignore lint/suspicious/noExplicitAny: recorded JSON, read field by field
type Plain = any;

/** One recorded ToDataplane payload. Absent fields take their protobuf defaults. */
export function decodeMessageObject(object: Plain): Message {
  const [kind, body] = Object.entries(object)[0] as [Message["kind"], Plain];
  switch (kind) {
    case "in_sync":
      return { kind };
    case "ipset_update":
      return { kind, id: body.id, type: body.type ?? "IP", members: body.members ?? [], incomplete: false };
    case "ipset_delta_update":
      return {
        kind,
        id: body.id,
        addedMembers: body.added_members ?? [],
        removedMembers: body.removed_members ?? [],
      };
    case "ipset_remove":
      return { kind, id: body.id };
    case "active_policy_update":
      return {
        kind,
        id: policyId(body.id),
        policy: {
          namespace: body.policy.namespace ?? "",
          tier: body.policy.tier ?? "",
          inboundRules: (body.policy.inbound_rules ?? []).map(rule),
          outboundRules: [],
          untracked: false,
          preDnat: false,
          originalSelector: "",
          perfHints: [],
          unusable: "",
        },
      };
    case "active_policy_remove":
      return { kind, id: policyId(body.id) };
    case "active_profile_update":
      return {
        kind,
        name: body.id.name,
        profile: {
          inboundRules: (body.profile.inbound_rules ?? []).map(rule),
          outboundRules: [],
          unusable: "",
        },
      };
    case "active_profile_remove":
      return { kind, name: body.id.name };
    case "workload_endpoint_update":
      return { kind, id: endpointId(body.id), endpoint: endpoint(body.endpoint) };
    case "workload_endpoint_remove":
      return { kind, id: endpointId(body.id) };
    case "service_account_update":
      return { kind, namespace: body.id.namespace, name: body.id.name, labels: labels(body.labels) };
    case "service_account_remove":
      return { kind, namespace: body.id.namespace, name: body.id.name };
    case "namespace_update":
      return { kind, name: body.id.name, labels: labels(body.labels) };
    case "namespace_remove":
      return { kind, name: body.id.name };
  }
}

function labels(plain: Plain): ReadonlyMap<string, string> {
  return new Map(Object.entries(plain ?? {}));
}

function policyId(plain: Plain): PolicyId {
  return { name: plain.name ?? "", namespace: plain.namespace ?? "", kind: plain.kind ?? "" };
}

function endpointId(plain: Plain): { orchestratorId: string; workloadId: string; endpointId: string } {
  return {
    orchestratorId: plain?.orchestrator_id ?? "",
    workloadId: plain?.workload_id ?? "",
    endpointId: plain?.endpoint_id ?? "",
  };
}

function endpoint(plain: Plain): Extract<Message, { kind: "workload_endpoint_update" }>["endpoint"] {
  return {
    state: plain.state ?? "",
    name: plain.name ?? "",
    profileIds: plain.profile_ids ?? [],
    ipv4Nets: plain.ipv4_nets ?? [],
    ipv6Nets: plain.ipv6_nets ?? [],
    tiers: (plain.tiers ?? []).map((tier: Plain) => ({
      name: tier.name ?? "",
      ingressPolicies: (tier.ingress_policies ?? []).map(policyId),
      egressPolicies: (tier.egress_policies ?? []).map(policyId),
      defaultAction: tier.default_action ?? "",
    })),
  };
}

function rule(plain: Plain): Rule {
  return {
    action: plain.action ?? "",
    ipVersion: undefined,
    protocol: protocol(plain.protocol),
    notProtocol: protocol(plain.not_protocol),
    icmp: undefined,
    notIcmp: undefined,
    source: entity(plain, "src"),
    destination: entity(plain, "dst"),
    http: plain.http_match && {
      methods: plain.http_match.methods ?? [],
      paths: (plain.http_match.paths ?? []).map(
        (path: Plain): HttpPathMatch =>
          path.exact === undefined ? { prefix: path.prefix } : { exact: path.exact },
      ),
    },
    annotations: new Map(),
    ruleId: "",
  };
}

function protocol(plain: Plain): Protocol | "empty" | undefined {
  if (plain === undefined) return undefined;
  if (plain.number !== undefined) return { number: plain.number };
  return plain.name === undefined ? "empty" : { name: plain.name };
}

function entity(plain: Plain, side: "src" | "dst"): EntityMatch {
  const account = plain[`${side}_service_account_match`];
  return {
    nets: plain[`${side}_net`] ?? [],
    notNets: plain[`not_${side}_net`] ?? [],
    ports: plain[`${side}_ports`] ?? [],
    notPorts: plain[`not_${side}_ports`] ?? [],
    ipSetIds: plain[`${side}_ip_set_ids`] ?? [],
    notIpSetIds: plain[`not_${side}_ip_set_ids`] ?? [],
    namedPortIpSetIds: plain[`${side}_named_port_ip_set_ids`] ?? [],
    notNamedPortIpSetIds: plain[`not_${side}_named_port_ip_set_ids`] ?? [],
    ipPortSetIds: side === "dst" ? (plain.dst_ip_port_set_ids ?? []) : [],
    originalSelector: plain[`original_${side}_selector`] ?? "",
    originalNamespaceSelector: plain[`original_${side}_namespace_selector`] ?? "",
    originalNotSelector: plain[`original_not_${side}_selector`] ?? "",
    serviceAccountMatch: account && { selector: account.selector ?? "", names: account.names ?? [] },
    originalService: plain[`original_${side}_service`] ?? "",
    originalServiceNamespace: plain[`original_${side}_service_namespace`] ?? "",
  };
}

/** The flow of a recorded `attributes` object, any trust domain being ours. */
export function flowFromAttributes(attributes: Plain): Flow {
  const flow = new Flow();
  const source = attributes.source?.address?.socket_address;
  const destination = attributes.destination?.address?.socket_address;
  const sourceAddress = readAddressText(source?.address ?? "");
  if (sourceAddress !== undefined) {
    flow.sourceFamily = sourceAddress.family;
    [flow.source0, flow.source1, flow.source2, flow.source3] = toWords(sourceAddress);
  }
  if (source !== undefined) flow.sourcePort = source.port_value ?? 0;
  const destinationAddress = readAddressText(destination?.address ?? "");
  if (destinationAddress !== undefined) {
    flow.destinationFamily = destinationAddress.family;
    [flow.destination0, flow.destination1, flow.destination2, flow.destination3] =
      toWords(destinationAddress);
  }
  if (destination !== undefined) flow.destinationPort = destination.port_value ?? 0;
  flow.protocol = destination?.protocol === "UDP" ? PROTOCOL_UDP : PROTOCOL_TCP;
  flow.peer = readPrincipal(attributes.source?.principal ?? "");
  flow.destinationPeer = readPrincipal(attributes.destination?.principal ?? "");
  const http = attributes.request?.http;
  flow.hasHttp = http !== undefined;
  flow.method = byteString(http?.method ?? "");
  flow.path = byteString(http?.path ?? "");
  return flow;
}

export function byteString(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function readPrincipal(text: string): PeerIdentity {
  if (text === "") return NO_IDENTITY;
  const parts = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(text);
  if (parts === null)
    return { kind: "foreign", id: text, otherTrustDomain: false, why: "not a service account" };
  return { kind: "service-account", id: text, namespace: parts[1]!, name: parts[2]! };
}
