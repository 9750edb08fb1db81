import { isDeepStrictEqual } from "node:util";
import { ALL } from "../selector/selector.ts";
import { type CalicoPolicy, type Resource, UNKNOWN_TIER } from "./resources.ts";

/**
 * One placeholder for several objects that claim the same name: of the widest scope, with the rules of all, so that
 * it refuses whatever one of them might have refused. Undefined for kinds without rules.
 */
export function describeWidest(claims: readonly Resource[], why: string): Resource | undefined {
  const [first] = claims;
  if (first === undefined) return undefined;
  const unusable = { why };
  switch (first.kind) {
    case "NetworkPolicy":
    case "GlobalNetworkPolicy":
    case "StagedNetworkPolicy":
    case "StagedGlobalNetworkPolicy": {
      const specs = claims.flatMap((claim) => (claim.kind === first.kind ? [claim.spec] : []));
      const spec: CalicoPolicy["spec"] = {
        ...first.spec,
        tier: specs.every((each) => each.tier === first.spec.tier) ? first.spec.tier : UNKNOWN_TIER,
        order: Number.NEGATIVE_INFINITY,
        selector: undefined,
        namespaceSelector: undefined,
        serviceAccountSelector: undefined,
        appliesToIngress: true,
        appliesToEgress: true,
        ingress: specs.flatMap((each) => each.ingress),
        egress: specs.flatMap((each) => each.egress),
        doNotTrack: specs.every((each) => each.doNotTrack),
        preDnat: specs.every((each) => each.preDnat),
      };
      return { ...first, spec, unusable };
    }
    case "Profile": {
      const profiles = claims.flatMap((claim) => (claim.kind === "Profile" ? [claim] : []));
      const isOneMind = profiles.every((each) => isDeepStrictEqual(each.labelsToApply, first.labelsToApply));
      return {
        ...first,
        labelsToApply: isOneMind ? first.labelsToApply : undefined,
        ingress: profiles.flatMap((each) => each.ingress),
        egress: profiles.flatMap((each) => each.egress),
        unusable,
      };
    }
    case "KubernetesNetworkPolicy":
    case "StagedKubernetesNetworkPolicy":
      return {
        ...first,
        podSelector: ALL,
        appliesToIngress: true,
        appliesToEgress: true,
        ingress: [],
        egress: [],
        unusable,
      };
    case "KubernetesClusterNetworkPolicy": {
      const policies = claims.flatMap((claim) => (claim.kind === first.kind ? [claim] : []));
      return {
        ...first,
        tier: policies.some((each) => each.tier === "Admin") ? "Admin" : "Baseline",
        priority: Number.NEGATIVE_INFINITY,
        subject: { kind: "namespaces", namespaceSelector: ALL },
        ingress: policies.flatMap((each) => each.ingress),
        egress: policies.flatMap((each) => each.egress),
        unusable,
      };
    }
    default:
      return undefined;
  }
}
