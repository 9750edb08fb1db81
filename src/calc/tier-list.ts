import type { TierInfo } from "../policy/messages.ts";
import { comparePolicies, compareTiers } from "./order.ts";
import type { PolicyModel } from "./policy-model.ts";
import type { TierTable } from "./tier-table.ts";

/** An endpoint's tiers in the order they are asked, each with its policies in order; tiers without any are left out. */
export function tierList(policies: readonly PolicyModel[], tiers: TierTable): readonly TierInfo[] {
  const byTier = new Map<string, PolicyModel[]>();
  for (const policy of policies) {
    const list = byTier.get(policy.tier);
    if (list === undefined) byTier.set(policy.tier, [policy]);
    else list.push(policy);
  }
  return [...byTier.keys()]
    .map((name) => tiers.place(name))
    .sort(compareTiers)
    .map(({ name }) => tierInfo(name, byTier.get(name) ?? [], tiers.defaultAction(name)));
}

function tierInfo(name: string, policies: PolicyModel[], defaultAction: string): TierInfo {
  policies.sort(comparePolicies);
  return {
    name,
    ingressPolicies: policies.filter((policy) => policy.appliesToIngress).map((policy) => policy.id),
    egressPolicies: policies.filter((policy) => policy.appliesToEgress).map((policy) => policy.id),
    defaultAction,
  };
}
