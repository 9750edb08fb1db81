/** The kinds that are kept in stores of ours: what they are called on a command line and in keys. Nothing is loaded with it. */
import type { ResourceKind } from "./resources.ts";

export type CalicoKind = {
  /** As in the object's own `kind`; the kind inside is the same word. */
  readonly kind: Extract<
    ResourceKind,
    | "Tier"
    | "NetworkPolicy"
    | "GlobalNetworkPolicy"
    | "StagedNetworkPolicy"
    | "StagedGlobalNetworkPolicy"
    | "StagedKubernetesNetworkPolicy"
    | "NetworkSet"
    | "GlobalNetworkSet"
    | "Profile"
    | "HostEndpoint"
    | "WorkloadEndpoint"
  >;
  readonly plural: string;
  readonly isNamespaced: boolean;
  /** Policies with a tier, whose names have a history (docs/resources.md). */
  readonly isTiered: boolean;
  /** Beside the kind and the plural in lower case; the first is the usual one. */
  readonly aliases: readonly string[];
};

/** In the order in which they are listed. */
export const CALICO_KINDS: readonly CalicoKind[] = [
  kind("Tier", "tiers", { aliases: [] }),
  kind("NetworkPolicy", "networkpolicies", {
    isNamespaced: true,
    isTiered: true,
    aliases: ["np", "policy", "policies", "pol", "pols"],
  }),
  kind("GlobalNetworkPolicy", "globalnetworkpolicies", { isTiered: true, aliases: ["gnp", "gnps"] }),
  kind("StagedNetworkPolicy", "stagednetworkpolicies", {
    isNamespaced: true,
    isTiered: true,
    aliases: ["snp", "snps"],
  }),
  kind("StagedGlobalNetworkPolicy", "stagedglobalnetworkpolicies", {
    isTiered: true,
    aliases: ["sgnp", "sgnps"],
  }),
  kind("StagedKubernetesNetworkPolicy", "stagedkubernetesnetworkpolicies", {
    isNamespaced: true,
    aliases: ["sknp", "sknps"],
  }),
  kind("NetworkSet", "networksets", { isNamespaced: true, aliases: ["netset", "netsets"] }),
  kind("GlobalNetworkSet", "globalnetworksets", { aliases: ["gns"] }),
  kind("Profile", "profiles", { aliases: ["pro", "pros"] }),
  kind("HostEndpoint", "hostendpoints", { aliases: ["hep", "heps"] }),
  kind("WorkloadEndpoint", "workloadendpoints", { isNamespaced: true, aliases: ["wep", "weps"] }),
];

function kind(
  name: CalicoKind["kind"],
  plural: string,
  rest: Pick<CalicoKind, "aliases"> & Partial<CalicoKind>,
): CalicoKind {
  return { kind: name, plural, isNamespaced: false, isTiered: false, ...rest };
}

/** By singular, plural or alias, in any case. */
export function findCalicoKind(word: string): CalicoKind | undefined {
  const lower = word.toLowerCase();
  return CALICO_KINDS.find(
    ({ kind: name, plural, aliases }) =>
      name.toLowerCase() === lower || plural === lower || aliases.includes(lower),
  );
}

/** Of a resource's kind, if it is one of them. */
export function calicoKindOf(resourceKind: ResourceKind): CalicoKind | undefined {
  return CALICO_KINDS.find(({ kind: name }) => name === resourceKind);
}
