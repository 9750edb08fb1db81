import type {
  Endpoint,
  EndpointId,
  EntityMatch,
  IcmpMatch,
  IpSetUpdate,
  Message,
  Policy,
  PolicyId,
  Profile,
  Protocol,
  Rule,
} from "./messages.ts";

/** A set of a kind that no version of the protocol has; received as such it stays unknown. */
const IP_SET_TYPE_UNKNOWN = 15;

/**
 * The inverse of decodeMessage(): a plain object for proto-loader or a JSON line. Fields at their protobuf default are left out.
 *
 * Decoding the result gives a message equal to the one encoded, and encoding that gives the same object.
 */
export function encodeMessage(message: Message): object {
  switch (message.kind) {
    case "in_sync":
      return { in_sync: {} };
    case "ipset_update":
      return { ipset_update: encodeIpSet(message) };
    case "ipset_delta_update":
      return {
        ipset_delta_update: compact({
          id: message.id,
          added_members: message.addedMembers,
          removed_members: message.removedMembers,
        }),
      };
    case "ipset_remove":
      return { ipset_remove: compact({ id: message.id }) };
    case "active_policy_update":
      return {
        active_policy_update: { id: encodePolicyId(message.id), policy: encodePolicy(message.policy) },
      };
    case "active_policy_remove":
      return { active_policy_remove: { id: encodePolicyId(message.id) } };
    case "active_profile_update":
      return {
        active_profile_update: {
          id: compact({ name: message.name }),
          profile: encodeProfile(message.profile),
        },
      };
    case "active_profile_remove":
      return { active_profile_remove: { id: compact({ name: message.name }) } };
    case "workload_endpoint_update":
      return {
        workload_endpoint_update: {
          id: encodeEndpointId(message.id),
          endpoint: encodeEndpoint(message.endpoint),
        },
      };
    case "workload_endpoint_remove":
      return { workload_endpoint_remove: { id: encodeEndpointId(message.id) } };
    case "service_account_update":
      return {
        service_account_update: {
          id: compact({ namespace: message.namespace, name: message.name }),
          labels: encodeMap(message.labels),
        },
      };
    case "service_account_remove":
      return {
        service_account_remove: { id: compact({ namespace: message.namespace, name: message.name }) },
      };
    case "namespace_update":
      return {
        namespace_update: { id: compact({ name: message.name }), labels: encodeMap(message.labels) },
      };
    case "namespace_remove":
      return { namespace_remove: { id: compact({ name: message.name }) } };
  }
}

/** Leaves out what is at its default; a nested message that is present stays, even if empty. */
function compact(fields: Readonly<Record<string, unknown>>): object {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    const isDefault =
      value === undefined || value === "" || value === false || (Array.isArray(value) && value.length === 0);
    if (!isDefault) kept[key] = value;
  }
  return kept;
}

/** A label may be called `__proto__`; Object.fromEntries() defines keys and never sets a prototype. */
function encodeMap(map: ReadonlyMap<string, string>): object {
  return Object.fromEntries(map);
}

function encodeIpSet(message: IpSetUpdate): object {
  return compact({
    id: message.id,
    type: message.type === "unknown" ? IP_SET_TYPE_UNKNOWN : message.type,
    members: message.members,
    incomplete: message.incomplete,
  });
}

function encodePolicyId(id: PolicyId): object {
  return compact({ name: id.name, namespace: id.namespace, kind: id.kind });
}

function encodePolicy(policy: Policy): object {
  return compact({
    namespace: policy.namespace,
    tier: policy.tier,
    inbound_rules: policy.inboundRules.map(encodeRule),
    outbound_rules: policy.outboundRules.map(encodeRule),
    untracked: policy.untracked,
    pre_dnat: policy.preDnat,
    original_selector: policy.originalSelector,
    perf_hints: policy.perfHints,
    unusable: policy.unusable,
  });
}

function encodeProfile(profile: Profile): object {
  return compact({
    inbound_rules: profile.inboundRules.map(encodeRule),
    outbound_rules: profile.outboundRules.map(encodeRule),
    unusable: profile.unusable,
  });
}

function encodeEndpointId(id: EndpointId): object {
  return compact({
    orchestrator_id: id.orchestratorId,
    workload_id: id.workloadId,
    endpoint_id: id.endpointId,
  });
}

function encodeEndpoint(endpoint: Endpoint): object {
  return compact({
    state: endpoint.state,
    name: endpoint.name,
    profile_ids: endpoint.profileIds,
    ipv4_nets: endpoint.ipv4Nets,
    ipv6_nets: endpoint.ipv6Nets,
    tiers: endpoint.tiers.map((tier) =>
      compact({
        name: tier.name,
        ingress_policies: tier.ingressPolicies.map(encodePolicyId),
        egress_policies: tier.egressPolicies.map(encodePolicyId),
        default_action: tier.defaultAction,
      }),
    ),
  });
}

function encodeRule(rule: Rule): object {
  return compact({
    action: rule.action,
    ip_version: encodeIpVersion(rule.ipVersion),
    protocol: encodeProtocol(rule.protocol),
    not_protocol: encodeProtocol(rule.notProtocol),
    ...encodeIcmp("icmp", rule.icmp),
    ...encodeIcmp("not_icmp", rule.notIcmp),
    ...encodeEntity("src", rule.source),
    ...encodeEntity("dst", rule.destination),
    dst_ip_port_set_ids: rule.destination.ipPortSetIds,
    src_identity_match: encodeIdentityMatch(rule.source),
    http_match:
      rule.http &&
      compact({ methods: rule.http.methods, paths: rule.http.paths.map((path) => ({ ...path })) }),
    metadata: rule.annotations.size === 0 ? undefined : { annotations: encodeMap(rule.annotations) },
    rule_id: rule.ruleId,
  });
}

/** Ours: sent only to those that announced that they understand it. */
function encodeIdentityMatch({ identityMatch }: EntityMatch): object | undefined {
  if (identityMatch === undefined) return undefined;
  const { ids, prefixes, trustDomains } = identityMatch;
  return compact({ ids, prefixes, trust_domains: trustDomains });
}

function encodeIpVersion(version: number | undefined): string | number | undefined {
  if (version === 4) return "IPV4";
  return version === 6 ? "IPV6" : version;
}

function encodeProtocol(protocol: Protocol | "empty" | undefined): object | undefined {
  if (protocol === "empty") return {};
  return protocol && { ...protocol };
}

function encodeIcmp(prefix: "icmp" | "not_icmp", icmp: IcmpMatch | undefined): Record<string, unknown> {
  if (icmp === undefined) return {};
  return "code" in icmp ? { [`${prefix}_type_code`]: { ...icmp } } : { [`${prefix}_type`]: icmp.type };
}

function encodeEntity(side: "src" | "dst", entity: EntityMatch): Record<string, unknown> {
  const accounts = entity.serviceAccountMatch;
  return {
    [`${side}_net`]: entity.nets,
    [`not_${side}_net`]: entity.notNets,
    [`${side}_ports`]: entity.ports.map((range) => ({ ...range })),
    [`not_${side}_ports`]: entity.notPorts.map((range) => ({ ...range })),
    [`${side}_ip_set_ids`]: entity.ipSetIds,
    [`not_${side}_ip_set_ids`]: entity.notIpSetIds,
    [`${side}_named_port_ip_set_ids`]: entity.namedPortIpSetIds,
    [`not_${side}_named_port_ip_set_ids`]: entity.notNamedPortIpSetIds,
    [`original_${side}_selector`]: entity.originalSelector,
    [`original_${side}_namespace_selector`]: entity.originalNamespaceSelector,
    [`original_not_${side}_selector`]: entity.originalNotSelector,
    [`${side}_service_account_match`]:
      accounts && compact({ selector: accounts.selector, names: accounts.names }),
    [`original_${side}_service`]: entity.originalService,
    [`original_${side}_service_namespace`]: entity.originalServiceNamespace,
  };
}
