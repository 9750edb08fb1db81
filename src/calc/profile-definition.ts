import type { Namespace, PolicyRule, Profile, ServiceAccount } from "../datastore/resources.ts";
import type { Labels } from "../policy/messages.ts";
import { inheritedLabels, NAMESPACE_PREFIX, SERVICE_ACCOUNT_PREFIX, withoutPrefix } from "./labels.ts";
import { plainRule } from "./plain-rule.ts";

/** What a profile says, whatever it was made of. Immutable. */
export type ProfileDefinition = {
  readonly labels: Labels;
  readonly ingress: readonly PolicyRule[];
  readonly egress: readonly PolicyRule[];
  /** Not empty: the object behind it can't be used, and this says why. */
  readonly unusable: string;
};

const NAMESPACE_PROFILE_PREFIX = "kns.";
const SERVICE_ACCOUNT_PROFILE_PREFIX = "ksa.";
const ALLOW = [plainRule("Allow")];
const DENY = [plainRule("Deny")];
const NO_LABELS: Labels = new Map();

/** Always present, whatever the datastore holds. */
export const DEFAULT_ALLOW_PROFILE = "projectcalico-default-allow";

export const DEFAULT_ALLOW: ProfileDefinition = {
  labels: NO_LABELS,
  ingress: ALLOW,
  egress: ALLOW,
  unusable: "",
};

/** What stands in for a profile that an endpoint names and nobody has defined. */
export const MISSING_PROFILE: ProfileDefinition = {
  labels: NO_LABELS,
  ingress: DENY,
  egress: DENY,
  unusable: "",
};

export function namespaceProfile(namespace: string): string {
  return NAMESPACE_PROFILE_PREFIX + namespace;
}

export function serviceAccountProfile(namespace: string, name: string): string {
  return `${SERVICE_ACCOUNT_PROFILE_PREFIX}${namespace}.${name}`;
}

/** The profile that a namespace or service account is turned into. */
export function madeProfile(resource: Namespace | ServiceAccount): {
  name: string;
  definition: ProfileDefinition;
} {
  const { name, namespace, labels } = resource.metadata;
  if (resource.kind === "Namespace") {
    const inherited = inheritedLabels(NAMESPACE_PREFIX, name, labels);
    return {
      name: namespaceProfile(name),
      definition: { labels: inherited, ingress: ALLOW, egress: ALLOW, unusable: "" },
    };
  }
  const inherited = inheritedLabels(SERVICE_ACCOUNT_PREFIX, name, labels);
  return {
    name: serviceAccountProfile(namespace, name),
    definition: { labels: inherited, ingress: [], egress: [], unusable: "" },
  };
}

/** The definition in a Profile object; its labels apply verbatim. */
export function writtenProfile(profile: Profile): ProfileDefinition {
  return {
    labels: profile.labelsToApply ?? NO_LABELS,
    ingress: profile.ingress,
    egress: profile.egress,
    unusable: profile.unusable?.why ?? "",
  };
}

/** Whose labels a profile of this name carries. */
export type ProfileIdentity =
  | { readonly kind: "namespace"; readonly name: string }
  | { readonly kind: "service-account"; readonly namespace: string; readonly name: string };

/** The namespace or service account that a profile name stands for; a service account's is split at the first two dots. */
export function profileIdentity(profile: string): ProfileIdentity | undefined {
  if (profile.startsWith(NAMESPACE_PROFILE_PREFIX)) {
    const name = profile.slice(NAMESPACE_PROFILE_PREFIX.length);
    return name === "" ? undefined : { kind: "namespace", name };
  }
  if (!profile.startsWith(SERVICE_ACCOUNT_PROFILE_PREFIX)) return undefined;
  const dot = profile.indexOf(".", SERVICE_ACCOUNT_PROFILE_PREFIX.length);
  if (dot === -1) return undefined;
  const namespace = profile.slice(SERVICE_ACCOUNT_PROFILE_PREFIX.length, dot);
  const name = profile.slice(dot + 1);
  return namespace === "" || name === "" ? undefined : { kind: "service-account", namespace, name };
}

/** The labels of the namespace or service account itself, without the prefix that inheritance adds. */
export function identityLabels(identity: ProfileIdentity, inherited: Labels): Labels {
  return withoutPrefix(identity.kind === "namespace" ? NAMESPACE_PREFIX : SERVICE_ACCOUNT_PREFIX, inherited);
}
