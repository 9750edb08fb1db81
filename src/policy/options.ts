/** How policy is judged; fixed for the life of a process. */
export type PolicyOptions = {
  readonly semantics: "strict" | "calico";
  /** What counts as proof of the peer: IP sets and identity, or a verified identity alone where the rule says no more. */
  readonly peer: "both" | "identity";
  /** A peer known to have no identity satisfies no namespace requirement. */
  readonly requireIdentity: boolean;
  readonly pathProfile: PathProfileName;
};

/** Which readings of a path the backend may take (docs/semantics.md, "Paths"). */
export const PATH_PROFILES = ["any", "envoy-normalized", "literal", "servlet", "reference"] as const;

export type PathProfileName = (typeof PATH_PROFILES)[number];

export const DEFAULT_POLICY_OPTIONS: PolicyOptions = {
  semantics: "strict",
  peer: "both",
  requireIdentity: false,
  pathProfile: "any",
};
