import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { loadProtocols, PROTO_DIRECTORY, type ToDataplane } from "envoy-ext-authz-proto";
import protobuf from "protobufjs";

/**
 * PolicySync of Calico 3.32 as its specification lists it: message, then `field number type`. Types: s string, b bool,
 * i32 and u64 integers, r repeated, m a map of strings to strings, else a message or enumeration.
 */
const SPECIFICATION: Readonly<Record<string, string>> = {
  SyncRequest: "",
  ReportResult: "successful 1 b",
  ToDataplane: `sequence_number 15 u64, in_sync 1 InSync, ipset_update 2 IPSetUpdate,
    ipset_delta_update 3 IPSetDeltaUpdate, ipset_remove 4 IPSetRemove, active_profile_update 5 ActiveProfileUpdate,
    active_profile_remove 6 ActiveProfileRemove, active_policy_update 7 ActivePolicyUpdate,
    active_policy_remove 8 ActivePolicyRemove, workload_endpoint_update 11 WorkloadEndpointUpdate,
    workload_endpoint_remove 12 WorkloadEndpointRemove, service_account_update 19 ServiceAccountUpdate,
    service_account_remove 20 ServiceAccountRemove, namespace_update 21 NamespaceUpdate,
    namespace_remove 22 NamespaceRemove, more 1000 b`,
  InSync: "",
  IPSetUpdate: "id 1 s, members 2 rs, type 3 IPSetType",
  IPSetDeltaUpdate: "id 1 s, added_members 2 rs, removed_members 3 rs",
  IPSetRemove: "id 1 s",
  ActiveProfileUpdate: "id 1 ProfileID, profile 2 Profile",
  ActiveProfileRemove: "id 1 ProfileID",
  ProfileID: "name 1 s",
  Profile: "inbound_rules 1 rRule, outbound_rules 2 rRule",
  ActivePolicyUpdate: "id 1 PolicyID, policy 2 Policy",
  ActivePolicyRemove: "id 1 PolicyID",
  PolicyID: "name 2 s, namespace 3 s, kind 4 s",
  Policy: `inbound_rules 1 rRule, outbound_rules 2 rRule, untracked 3 b, pre_dnat 4 b, namespace 5 s,
    original_selector 6 s, perf_hints 7 rs, tier 8 s`,
  WorkloadEndpointUpdate: "id 1 WorkloadEndpointID, endpoint 5 WorkloadEndpoint",
  WorkloadEndpointRemove: "id 1 WorkloadEndpointID",
  WorkloadEndpointID: "orchestrator_id 2 s, workload_id 3 s, endpoint_id 4 s",
  WorkloadEndpoint: `state 1 s, name 2 s, mac 3 s, profile_ids 4 rs, ipv4_nets 5 rs, ipv6_nets 6 rs, tiers 7 rTierInfo,
    ipv4_nat 8 rNatInfo, ipv6_nat 9 rNatInfo, allow_spoofed_source_prefixes 10 rs, annotations 11 m,
    is_istio_ambient 16 b, live_migration_role 17 i32, live_migration_uid 18 s, live_migration_vmi_name 19 s`,
  TierInfo: "name 1 s, ingress_policies 2 rPolicyID, egress_policies 3 rPolicyID, default_action 4 s",
  NatInfo: "ext_ip 1 s, int_ip 2 s",
  ServiceAccountID: "namespace 1 s, name 2 s",
  ServiceAccountUpdate: "id 1 ServiceAccountID, labels 2 m",
  ServiceAccountRemove: "id 1 ServiceAccountID",
  NamespaceID: "name 1 s",
  NamespaceUpdate: "id 1 NamespaceID, labels 2 m",
  NamespaceRemove: "id 1 NamespaceID",
  Rule: `action 1 s, ip_version 2 IPVersion, protocol 3 Protocol, src_net 4 rs, src_ports 5 rPortRange, dst_net 6 rs,
    dst_ports 7 rPortRange, icmp_type 8 i32, icmp_type_code 9 IcmpTypeAndCode, src_ip_set_ids 10 rs,
    dst_ip_set_ids 11 rs, src_named_port_ip_set_ids 12 rs, dst_named_port_ip_set_ids 13 rs, dst_ip_port_set_ids 15 rs,
    not_protocol 102 Protocol, not_src_net 103 rs, not_src_ports 104 rPortRange, not_dst_net 105 rs,
    not_dst_ports 106 rPortRange, not_icmp_type 107 i32, not_icmp_type_code 108 IcmpTypeAndCode,
    not_src_ip_set_ids 109 rs, not_dst_ip_set_ids 110 rs, not_src_named_port_ip_set_ids 112 rs,
    not_dst_named_port_ip_set_ids 113 rs, original_src_selector 114 s, original_dst_selector 115 s,
    original_src_namespace_selector 116 s, original_dst_namespace_selector 117 s, original_not_src_selector 118 s,
    original_not_dst_selector 119 s, src_service_account_match 120 ServiceAccountMatch,
    dst_service_account_match 121 ServiceAccountMatch, http_match 122 HTTPMatch, metadata 123 RuleMetadata,
    original_dst_service 130 s, original_dst_service_namespace 131 s, original_src_service 132 s,
    original_src_service_namespace 133 s, rule_id 201 s`,
  Protocol: "number 1 i32, name 2 s",
  PortRange: "first 1 i32, last 2 i32",
  IcmpTypeAndCode: "type 1 i32, code 2 i32",
  ServiceAccountMatch: "selector 1 s, names 2 rs",
  HTTPMatch: "methods 1 rs, paths 2 rPathMatch",
  "HTTPMatch.PathMatch": "exact 1 s, prefix 2 s",
  RuleMetadata: "annotations 1 m",
};

/** What we add, far above the numbers that upstream counts through. */
const OURS: Readonly<Record<string, string>> = {
  IPSetUpdate: "incomplete 1000 b",
  Profile: "unusable 1000 s",
  Policy: "unusable 1000 s",
  Rule: "src_identity_match 1000 IdentityMatch",
  IdentityMatch: "ids 1 rs, prefixes 2 rs, trust_domains 3 rs",
};

const ENUMERATIONS: Readonly<Record<string, object>> = {
  "IPSetUpdate.IPSetType": { IP: 0, IP_AND_PORT: 1, NET: 2 },
  IPVersion: { ANY: 0, IPV4: 4, IPV6: 6 },
};

/** Members of one oneof exclude each other on the wire. */
const ONEOFS: readonly (readonly [message: string, field: string, oneof: string])[] = [
  ["Rule", "icmp_type", "icmp"],
  ["Rule", "icmp_type_code", "icmp"],
  ["Rule", "not_icmp_type", "not_icmp"],
  ["Rule", "not_icmp_type_code", "not_icmp"],
  ["Protocol", "number", "number_or_name"],
  ["Protocol", "name", "number_or_name"],
  ["HTTPMatch.PathMatch", "exact", "path_match"],
  ["HTTPMatch.PathMatch", "prefix", "path_match"],
  ["ToDataplane", "in_sync", "payload"],
  ["ToDataplane", "namespace_remove", "payload"],
];

const SHORT_TYPES: Readonly<Record<string, string>> = { string: "s", bool: "b", int32: "i32", uint64: "u64" };

function formatFields(type: protobuf.Type): string[] {
  return type.fieldsArray.map((field) => {
    if (field instanceof protobuf.MapField) return `${field.name} ${field.id} m`;
    return `${field.name} ${field.id} ${field.repeated ? "r" : ""}${SHORT_TYPES[field.type] ?? field.type}`;
  });
}

function listFields(text: string | undefined): string[] {
  return (text ?? "").split(",").flatMap((field) => (field.trim() === "" ? [] : [field.trim()]));
}

describe("felix.PolicySync", () => {
  const root = protobuf.loadSync(join(PROTO_DIRECTORY, "felix/policy_sync.proto"));
  const parsed = new protobuf.Root().loadSync(join(PROTO_DIRECTORY, "felix/policy_sync.proto"), {
    keepCase: true,
  });

  for (const [message, text] of Object.entries(SPECIFICATION)) {
    it(`${message} has the specified fields, numbers and types`, () => {
      const want = [...listFields(text), ...listFields(OURS[message])].sort();
      assert.deepEqual(formatFields(parsed.lookupType(`felix.${message}`)).sort(), want);
    });
  }

  for (const [name, values] of Object.entries(ENUMERATIONS)) {
    it(`${name} has the specified values`, () => {
      assert.deepEqual({ ...root.lookupEnum(`felix.${name}`).values }, values);
    });
  }

  for (const [message, field, oneof] of ONEOFS) {
    it(`${message}.${field} belongs to the oneof ${oneof}`, () => {
      assert.equal(parsed.lookupType(`felix.${message}`).fields[field]?.partOf?.name, oneof);
    });
  }

  it("has its two methods under the specified paths", () => {
    const { service } = loadProtocols().felix.PolicySync;
    assert.equal(service.Sync.path, "/felix.PolicySync/Sync");
    assert.equal(service.Sync.requestStream, false);
    assert.equal(service.Sync.responseStream, true);
    assert.equal(service.Report.path, "/felix.PolicySync/Report");
    assert.equal(service.Report.responseStream, false);
  });

  it("keeps a message through bytes: names as in the texts, enumerations by name, absent fields absent", () => {
    const { service } = loadProtocols().felix.PolicySync;
    const message: ToDataplane = {
      ipset_update: { id: "s:1", type: "NET", members: ["10.0.0.0/24"], incomplete: true },
    };
    const bytes = service.Sync.responseSerialize(message);
    assert.deepEqual(plain(service.Sync.responseDeserialize(bytes)), message);
  });

  it("passes over a payload and fields that it does not know", () => {
    const { service } = loadProtocols().felix.PolicySync;
    // Field 24 (a route) of ToDataplane, and field 999 of InSync.
    assert.deepEqual(plain(service.Sync.responseDeserialize(Buffer.from("c20100", "hex"))), {});
    assert.deepEqual(plain(service.Sync.responseDeserialize(Buffer.from("0a03b83e01", "hex"))), {
      in_sync: {},
    });
  });
});

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
