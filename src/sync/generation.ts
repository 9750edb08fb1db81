/**
 * Tells a peer of an older wire generation (Calico before 3.32).
 *
 * The older one wrote policy ids and the policies of a tier differently under the same field numbers, so its messages parse
 * as something else or not at all. What gives it away: a policy id without a kind, which the newer one always has.
 */
import type { Message } from "../policy/messages.ts";

export const OLD_GENERATION =
  "the peer speaks PolicySync of Calico before 3.32 (a policy id without a kind); both ends must be 3.32 or later";

export function isOldGeneration(message: Message): boolean {
  switch (message.kind) {
    case "active_policy_update":
    case "active_policy_remove":
      return message.id.kind === "";
    case "workload_endpoint_update":
      return message.endpoint.tiers.some((tier) =>
        [...tier.ingressPolicies, ...tier.egressPolicies].some((id) => id.kind === ""),
      );
    default:
      return false;
  }
}
