/** Policies in wire form and requests in few words, for tables. */
import assert from "node:assert/strict";
import { NO_IDENTITY, type PeerIdentity } from "../../src/identity/peer-identity.ts";
import { parseAddress } from "../../src/net/address.ts";
import { decodeMessage } from "../../src/policy/decode-message.ts";
import { ADDRESS_NONE, Flow } from "../../src/policy/flow.ts";
import type { Message } from "../../src/policy/messages.ts";
import { DEFAULT_POLICY_OPTIONS, type PolicyOptions } from "../../src/policy/options.ts";
import type { Snapshot } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";

/** A rule as it travels, in snake case. */
export type WireRule = Readonly<Record<string, unknown>>;

export function decode(payload: object): Message {
  const decoded = decodeMessage(payload);
  assert.ok(decoded.ok, decoded.ok ? "" : `${decoded.error.where}: ${decoded.error.message}`);
  return decoded.value;
}

export function policyUpdate(name: string, rules: readonly WireRule[], more: object = {}): Message {
  return decode({
    active_policy_update: {
      id: { name, namespace: "shop", kind: "NetworkPolicy" },
      policy: { namespace: "shop", tier: "default", inbound_rules: rules, ...more },
    },
  });
}

export function profileUpdate(name: string, rules: readonly WireRule[], more: object = {}): Message {
  return decode({ active_profile_update: { id: { name }, profile: { inbound_rules: rules, ...more } } });
}

export function setUpdate(id: string, type: string, members: readonly string[], incomplete = false): Message {
  return decode({ ipset_update: { id, type, members, incomplete } });
}

export function policyId(name: string): object {
  return { name, namespace: "shop", kind: "NetworkPolicy" };
}

export type WireTier = {
  readonly name: string;
  readonly default_action: string;
  readonly ingress_policies: readonly object[];
};

/** The pod shop/api-0 with these tiers; by default one tier with the policy `api`. */
export function endpointUpdate(
  tiers: readonly WireTier[] = [tier("default", "Deny", ["api"])],
  profileIds: readonly string[] = [],
): Message {
  return decode({
    workload_endpoint_update: {
      id: { orchestrator_id: "k8s", workload_id: "shop/api-0", endpoint_id: "eth0" },
      endpoint: { state: "active", name: "cali0", profile_ids: profileIds, tiers },
    },
  });
}

export function tier(name: string, defaultAction: string, policies: readonly string[]): WireTier {
  return { name, default_action: defaultAction, ingress_policies: policies.map(policyId) };
}

export const IN_SYNC: Message = { kind: "in_sync" };

export function build(messages: readonly Message[], options: Partial<PolicyOptions> = {}): Snapshot {
  const builder = new SnapshotBuilder({ ...DEFAULT_POLICY_OPTIONS, ...options });
  builder.apply([...messages, IN_SYNC]);
  return builder.build(1);
}

/** One policy `api` in one tier that denies by default. */
export function buildRules(
  rules: readonly WireRule[],
  options: Partial<PolicyOptions> = {},
  others: readonly Message[] = [],
): Snapshot {
  return build([...others, policyUpdate("api", rules), endpointUpdate()], options);
}

export type Asked = {
  readonly from?: string;
  readonly fromPort?: number;
  readonly to?: string;
  readonly port?: number;
  readonly protocol?: number;
  /** `NAMESPACE/NAME`, or an identity. */
  readonly peer?: string | PeerIdentity;
  readonly destinationPeer?: PeerIdentity;
  /** `METHOD PATH`; undefined is a request without HTTP. */
  readonly http?: string | undefined;
  readonly httpFollows?: boolean;
};

/** GET / by nobody from 10.0.0.1 to 10.0.1.9:8080, changed by what is given. */
export function ask(asked: Asked = {}): Flow {
  const { http = "GET /", peer = NO_IDENTITY } = asked;
  const flow = new Flow();
  setAddress(flow, "source", asked.from ?? "10.0.0.1");
  setAddress(flow, "destination", asked.to ?? "10.0.1.9");
  flow.sourcePort = asked.fromPort ?? 40_000;
  flow.destinationPort = asked.port ?? 8080;
  flow.protocol = asked.protocol ?? 6;
  flow.peer = typeof peer === "string" ? account(peer) : peer;
  flow.destinationPeer = asked.destinationPeer ?? NO_IDENTITY;
  flow.httpFollows = asked.httpFollows ?? false;
  if ("http" in asked && asked.http === undefined) return flow;
  const space = http.indexOf(" ");
  flow.hasHttp = true;
  flow.method = http.slice(0, space);
  flow.path = Buffer.from(http.slice(space + 1), "utf8").toString("latin1");
  return flow;
}

/** The verified identity of a service account `NAMESPACE/NAME`. */
export function account(text: string): PeerIdentity {
  const [namespace = "", name = ""] = text.split("/");
  const id = `spiffe://cluster.local/ns/${namespace}/sa/${name}`;
  return { kind: "service-account", id, namespace, name };
}

export const FOREIGN: PeerIdentity = {
  kind: "foreign",
  id: "CN=web",
  otherTrustDomain: false,
  why: "it is not a SPIFFE ID",
};

export const FOREIGN_DOMAIN: PeerIdentity = {
  kind: "foreign",
  id: "spiffe://elsewhere.test/ns/shop/sa/web",
  otherTrustDomain: true,
  why: "its trust domain is not one of ours",
};

function setAddress(flow: Flow, side: "source" | "destination", text: string): void {
  const address = parseAddress(text) ?? { family: ADDRESS_NONE, w0: 0, w1: 0, w2: 0, w3: 0 };
  flow[`${side}Family`] = address.family;
  flow[`${side}0`] = address.w0;
  flow[`${side}1`] = address.w1;
  flow[`${side}2`] = address.w2;
  flow[`${side}3`] = address.w3;
}
