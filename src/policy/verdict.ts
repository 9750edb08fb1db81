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
