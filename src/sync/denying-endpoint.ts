/**
 * The endpoint that a client gets whose policy it would misread: one policy without rules in a tier that denies.
 *
 * Said in Calico's own fields, so that every client understands it.
 */
import type { Message, PolicyId } from "../policy/messages.ts";

const ID: PolicyId = { kind: "GlobalNetworkPolicy", namespace: "", name: "ephor.client-too-old" };

const TIER = "ephor.client-too-old";

export const DENYING_POLICY: Extract<Message, { kind: "active_policy_update" }> = {
  kind: "active_policy_update",
  id: ID,
  policy: {
    namespace: "",
    tier: TIER,
    inboundRules: [],
    outboundRules: [],
    untracked: false,
    preDnat: false,
    originalSelector: "all()",
    perfHints: [],
    unusable: "",
  },
};

type EndpointUpdate = Extract<Message, { kind: "workload_endpoint_update" }>;

export function denyingEndpoint(update: EndpointUpdate): EndpointUpdate {
  const tiers = [{ name: TIER, ingressPolicies: [ID], egressPolicies: [ID], defaultAction: "Deny" }];
  return { ...update, endpoint: { ...update.endpoint, tiers, profileIds: [] } };
}
