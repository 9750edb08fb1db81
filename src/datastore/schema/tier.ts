/** Tier, and those that exist from the beginning. */
import { z } from "zod";
import type { Tier } from "../resources.ts";
import { FINITE_NUMBER } from "./fields.ts";
import { defineKind, type Kind } from "./kind.ts";

/** What a tier that says no order gets from the API. */
export const DEFAULT_TIER_ORDER = 1_000_000;

/** Tiers that every cluster has; their order can't be changed. */
export const BUILT_IN_TIERS: readonly Tier[] = [
  builtInTier("kube-admin", 1_000, "Pass"),
  builtInTier("default", DEFAULT_TIER_ORDER, "Deny"),
  builtInTier("kube-baseline", 10_000_000, "Pass"),
];

function builtInTier(name: string, order: number, defaultAction: Tier["defaultAction"]): Tier {
  const metadata = { name, namespace: "", uid: "", labels: new Map(), annotations: new Map() };
  return { kind: "Tier", metadata, order, defaultAction };
}

export const TIER: Kind = defineKind({
  apiVersions: ["projectcalico.org/v3", "crd.projectcalico.org/v1"],
  kind: "Tier",
  resourceKind: "Tier",
  scope: "cluster",
  nameRule: "tier",
  keys: "strict",
  description: "An ordered group of policies.",
  shape: {
    spec: z.strictObject({
      order: FINITE_NUMBER.optional(),
      defaultAction: z.enum(["Deny", "Pass"]).optional(),
    }),
    status: z.unknown().optional(),
  },
  toResource: ({ spec }, { metadata, report }) => {
    const builtIn = BUILT_IN_TIERS.find((tier) => tier.metadata.name === metadata.name);
    if (builtIn !== undefined && spec.order !== undefined && spec.order !== builtIn.order) {
      const message = `the order of tier \`${metadata.name}\` is always ${String(builtIn.order)}`;
      report("error", ["spec", "order"], "conflict", message);
    }
    return {
      kind: "Tier",
      metadata,
      order: builtIn?.order ?? spec.order ?? DEFAULT_TIER_ORDER,
      defaultAction: spec.defaultAction ?? builtIn?.defaultAction ?? "Deny",
    };
  },
});
