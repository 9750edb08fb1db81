import type { Issue } from "../base/issue.ts";
import { err, ok, type Result } from "../base/result.ts";
import { finishSteps, type Steps } from "../base/steps.ts";
import { decodeRule } from "./decode-rule.ts";
import type {
  Endpoint,
  EndpointId,
  IpSetType,
  Message,
  Policy,
  PolicyId,
  Profile,
  TierInfo,
} from "./messages.ts";
import { readObject, readObjectSteps, WireError, type WireReader } from "./wire-reader.ts";

/**
 * Turns one recorded or received `ToDataplane` payload into a message.
 *
 * @param payload an object with one of the payload's field names as its key (`sequence_number` aside), field names in snake case,
 *   absent fields at their protobuf default, enumerations by name (an unknown number as a number).
 * @returns an issue of code `bad_message` for an unknown payload, a wrong type, or a field that we do not know: it may be a
 *   condition, and passing over it would widen a rule.
 */
export function decodeMessage(payload: unknown): Result<Message, Issue> {
  return finishSteps(decodeMessageSteps(payload));
}

/** The same in steps: a policy may bring rules by the thousand. The payload must not change meanwhile. */
export function* decodeMessageSteps(payload: unknown): Steps<Result<Message, Issue>> {
  try {
    return ok(yield* readObjectSteps(payload, "", decodePayload));
  } catch (reason: unknown) {
    if (!(reason instanceof WireError)) throw reason;
    const where = reason.path === "" ? "message" : reason.path;
    return err({ severity: "error", code: "bad_message", where, message: reason.message });
  }
}

/** Rules decoded in one step; some tenths of a millisecond. */
const STEP_RULES = 32;

type DecodeSteps<T> = (reader: WireReader) => Steps<T>;

/** For what is small: no step in between. */
function atOnce<T>(decode: (reader: WireReader) => T): DecodeSteps<T> {
  // biome-ignore lint/correctness/useYield: one step.
  return function* (reader) {
    return decode(reader);
  };
}

const PAYLOADS: ReadonlyMap<string, DecodeSteps<Message>> = new Map<string, DecodeSteps<Message>>([
  ["in_sync", atOnce(() => ({ kind: "in_sync" }))],
  ["ipset_update", atOnce(decodeIpSetUpdate)],
  [
    "ipset_delta_update",
    atOnce((reader) => ({
      kind: "ipset_delta_update",
      id: reader.text("id"),
      addedMembers: reader.texts("added_members"),
      removedMembers: reader.texts("removed_members"),
    })),
  ],
  ["ipset_remove", atOnce((reader) => ({ kind: "ipset_remove", id: reader.text("id") }))],
  ["active_policy_update", decodePolicyUpdate],
  [
    "active_policy_remove",
    atOnce((reader) => ({ kind: "active_policy_remove", id: reader.required("id", decodePolicyId) })),
  ],
  ["active_profile_update", decodeProfileUpdate],
  [
    "active_profile_remove",
    atOnce((reader) => ({ kind: "active_profile_remove", name: reader.required("id", decodeName) })),
  ],
  ["workload_endpoint_update", atOnce(decodeEndpointUpdate)],
  [
    "workload_endpoint_remove",
    atOnce((reader) => ({ kind: "workload_endpoint_remove", id: reader.required("id", decodeEndpointId) })),
  ],
  [
    "service_account_update",
    atOnce((reader) => ({
      kind: "service_account_update",
      ...reader.required("id", decodeNamespacedName),
      labels: reader.textMap("labels"),
    })),
  ],
  [
    "service_account_remove",
    atOnce((reader) => ({ kind: "service_account_remove", ...reader.required("id", decodeNamespacedName) })),
  ],
  [
    "namespace_update",
    atOnce((reader) => ({
      kind: "namespace_update",
      name: reader.required("id", decodeName),
      labels: reader.textMap("labels"),
    })),
  ],
  [
    "namespace_remove",
    atOnce((reader) => ({ kind: "namespace_remove", name: reader.required("id", decodeName) })),
  ],
]);

function* decodePayload(reader: WireReader): Steps<Message> {
  reader.ignore("sequence_number");
  const present = [...PAYLOADS].filter(([key]) => reader.has(key));
  const [first, second] = present;
  if (first === undefined) throw new WireError("", "holds no payload that is known");
  if (second !== undefined)
    throw new WireError(second[0], `stands beside \`${first[0]}\`: only one payload is allowed`);
  return yield* reader.requiredSteps(first[0], first[1]);
}

function decodeIpSetUpdate(reader: WireReader): Message {
  return {
    kind: "ipset_update",
    id: reader.text("id"),
    type: decodeIpSetType(reader.raw("type")),
    members: reader.texts("members"),
    incomplete: reader.flag("incomplete"),
  };
}

function decodeIpSetType(value: unknown): IpSetType | "unknown" {
  if (value === undefined || value === "IP" || value === 0) return "IP";
  if (value === "IP_AND_PORT" || value === 1) return "IP_AND_PORT";
  if (value === "NET" || value === 2) return "NET";
  return "unknown";
}

function decodePolicyId(reader: WireReader): PolicyId {
  return { name: reader.text("name"), namespace: reader.text("namespace"), kind: reader.text("kind") };
}

function* decodePolicyUpdate(reader: WireReader): Steps<Message> {
  return {
    kind: "active_policy_update",
    id: reader.required("id", decodePolicyId),
    policy: yield* reader.requiredSteps("policy", decodePolicy),
  };
}

function* decodePolicy(reader: WireReader): Steps<Policy> {
  return {
    namespace: reader.text("namespace"),
    tier: reader.text("tier"),
    inboundRules: yield* reader.listSteps("inbound_rules", decodeRule, STEP_RULES),
    outboundRules: yield* reader.listSteps("outbound_rules", decodeRule, STEP_RULES),
    untracked: reader.flag("untracked"),
    preDnat: reader.flag("pre_dnat"),
    originalSelector: reader.text("original_selector"),
    perfHints: reader.texts("perf_hints"),
    unusable: reader.text("unusable"),
  };
}

function* decodeProfileUpdate(reader: WireReader): Steps<Message> {
  return {
    kind: "active_profile_update",
    name: reader.required("id", decodeName),
    profile: yield* reader.requiredSteps("profile", decodeProfile),
  };
}

function* decodeProfile(reader: WireReader): Steps<Profile> {
  return {
    inboundRules: yield* reader.listSteps("inbound_rules", decodeRule, STEP_RULES),
    outboundRules: yield* reader.listSteps("outbound_rules", decodeRule, STEP_RULES),
    unusable: reader.text("unusable"),
  };
}

function decodeName(reader: WireReader): string {
  return reader.text("name");
}

function decodeNamespacedName(reader: WireReader): { readonly namespace: string; readonly name: string } {
  return { namespace: reader.text("namespace"), name: reader.text("name") };
}

function decodeEndpointId(reader: WireReader): EndpointId {
  return {
    orchestratorId: reader.text("orchestrator_id"),
    workloadId: reader.text("workload_id"),
    endpointId: reader.text("endpoint_id"),
  };
}

/** An update without an endpoint says that there is none: the same as a removal. */
function decodeEndpointUpdate(reader: WireReader): Message {
  const id = reader.required("id", decodeEndpointId);
  const endpoint = reader.child("endpoint", decodeEndpoint);
  if (endpoint === undefined) return { kind: "workload_endpoint_remove", id };
  return { kind: "workload_endpoint_update", id, endpoint };
}

/** Fields of an endpoint that say how it is wired, not who may talk to it. */
const ENDPOINT_FIELDS_UNUSED = [
  "mac",
  "ipv4_nat",
  "ipv6_nat",
  "allow_spoofed_source_prefixes",
  "annotations",
  "qos_controls",
  "local_bgp_peer",
  "skip_redir",
  "qos_policies",
  "is_istio_ambient",
  "live_migration_role",
  "live_migration_uid",
  "live_migration_vmi_name",
] as const;

function decodeEndpoint(reader: WireReader): Endpoint {
  reader.ignore(...ENDPOINT_FIELDS_UNUSED);
  return {
    state: reader.text("state"),
    name: reader.text("name"),
    profileIds: reader.texts("profile_ids"),
    ipv4Nets: reader.texts("ipv4_nets"),
    ipv6Nets: reader.texts("ipv6_nets"),
    tiers: reader.list("tiers", (value, path) => readObject(value, path, decodeTier)),
  };
}

function decodeTier(reader: WireReader): TierInfo {
  const decodeId = (value: unknown, path: string) => readObject(value, path, decodePolicyId);
  return {
    name: reader.text("name"),
    ingressPolicies: reader.list("ingress_policies", decodeId),
    egressPolicies: reader.list("egress_policies", decodeId),
    defaultAction: reader.text("default_action"),
  };
}
