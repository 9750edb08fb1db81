/**
 * What a client must understand beyond Calico's own fields, and what it says it does.
 *
 * A client that skips a field of ours would read the rule without it, and so more widely: it is never sent one.
 */
import type { Metadata } from "@grpc/grpc-js";
import type { Message, Policy, Profile } from "../policy/messages.ts";

/** gRPC request metadata in which a client lists what it understands, separated by commas. */
export const FEATURES_METADATA_KEY = "x-ephor-sync-features";

/** `unusable`: Policy.unusable and Profile.unusable. `incomplete`: IPSetUpdate.incomplete. `identities`: Rule.src_identity_match. */
export const SYNC_FEATURES = ["unusable", "incomplete", "identities"] as const;

export type SyncFeature = (typeof SYNC_FEATURES)[number];

export function announceFeatures(metadata: Metadata): void {
  metadata.set(FEATURES_METADATA_KEY, SYNC_FEATURES.join(","));
}

/** What the client announced and we know; features of a later release are passed over. */
export function announcedFeatures(metadata: Metadata): ReadonlySet<SyncFeature> {
  const text = metadata.get(FEATURES_METADATA_KEY).join(",");
  const words = new Set(text.split(",").map((word) => word.trim()));
  return new Set(SYNC_FEATURES.filter((feature) => words.has(feature)));
}

/** What this message asks of its reader beyond Calico's fields. */
export function neededFeatures(message: Message): readonly SyncFeature[] {
  switch (message.kind) {
    case "ipset_update":
      return message.incomplete ? ["incomplete"] : [];
    case "active_policy_update":
      return objectFeatures(message.policy);
    case "active_profile_update":
      return objectFeatures(message.profile);
    default:
      return [];
  }
}

function objectFeatures(object: Policy | Profile): readonly SyncFeature[] {
  const rules = [...object.inboundRules, ...object.outboundRules];
  const namesIdentities = rules.some(
    ({ source, destination }) =>
      source.identityMatch !== undefined || destination.identityMatch !== undefined,
  );
  return [
    ...(object.unusable === "" ? [] : (["unusable"] as const)),
    ...(namesIdentities ? (["identities"] as const) : []),
  ];
}
