/**
 * A verdict: allow or deny, and why.
 *
 * Verdicts are made when a program is compiled and shared by all requests that they answer, so judging a request
 * allocates nothing.
 */

/** Why a request was denied: the closed list of docs/semantics.md. */
export const DENY_REASONS = [
  "rule",
  "tier_default",
  "no_profile_match",
  "identity_unverified",
  "path_ambiguous",
  "no_http",
  "set_missing",
  "policy_missing",
  "profile_missing",
  "policy_broken",
  "no_endpoint",
  "not_in_sync",
  "stale",
  "overloaded",
  "bad_action",
  "bad_request",
  "internal",
] as const;

export type DenyReason = (typeof DENY_REASONS)[number];

/** `google.rpc.Code` values that a CheckResponse of ours carries. */
export const STATUS_OK = 0;
export const STATUS_INVALID_ARGUMENT = 3;
export const STATUS_PERMISSION_DENIED = 7;
export const STATUS_INTERNAL = 13;
export const STATUS_UNAUTHENTICATED = 16;

/** Where in the policy a verdict was decided. */
export type Decider =
  | {
      readonly kind: "rule";
      /** Empty for a profile. */
      readonly tier: string;
      /** `NetworkPolicy shop/api`, `GlobalNetworkPolicy block` or `Profile kns.shop`. */
      readonly policy: string;
      /** Counts from 0 among the object's inbound rules. */
      readonly ruleIndex: number;
    }
  | { readonly kind: "tier"; readonly tier: string }
  | { readonly kind: "none" };

export type Verdict =
  | { readonly allowed: true; readonly code: 0; readonly decider: Decider; readonly revision: number }
  | {
      readonly allowed: false;
      readonly reason: DenyReason;
      readonly code: number;
      readonly decider: Decider;
      readonly revision: number;
    };

/** For verdicts that nothing in the policy decided. */
export const NO_DECIDER: Decider = { kind: "none" };

/**
 * Makes a verdict with the status code that goes with it.
 *
 * @param reason undefined is allow.
 */
export function createVerdict(
  decider: Decider,
  reason: DenyReason | undefined,
  semantics: "strict" | "calico",
  revision: number,
): Verdict {
  if (reason === undefined) return { allowed: true, code: STATUS_OK, decider, revision };
  const code = semantics === "calico" ? calicoCode(reason) : strictCode(reason);
  return { allowed: false, reason, code, decider, revision };
}

function strictCode(reason: DenyReason): number {
  return reason === "identity_unverified" ? STATUS_UNAUTHENTICATED : STATUS_PERMISSION_DENIED;
}

function calicoCode(reason: DenyReason): number {
  switch (reason) {
    case "bad_action":
    case "bad_request":
      return STATUS_INVALID_ARGUMENT;
    case "policy_missing":
    case "no_endpoint":
    case "not_in_sync":
      return STATUS_INTERNAL;
    default:
      return STATUS_PERMISSION_DENIED;
  }
}
