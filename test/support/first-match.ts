/**
 * Plain first-match evaluation in Calico's order, for requests about which nothing is unknown: no doubts, no second
 * worlds, no readings. What the first law compares the engine with.
 */
import type { Flow } from "../../src/policy/flow.ts";
import type { PolicyId, Rule } from "../../src/policy/messages.ts";
import type { PolicyOptions } from "../../src/policy/options.ts";
import type { Decider } from "../../src/policy/verdict.ts";
import { askClauses, joinClauses } from "./reference/clauses.ts";
import { policyKey, type ReferenceState } from "./reference/state.ts";

type Match = { readonly allowed: boolean; readonly decider: Decider };

class SomethingUnknown extends Error {}

/** Undefined where anything that the endpoint lists is missing, or any clause of any rule is unknown. */
export function firstMatch(state: ReferenceState, options: PolicyOptions, flow: Flow): Match | undefined {
  // Only a path of plain segments means the same to everybody.
  if (flow.hasHttp && !/^(\/[A-Za-z0-9]+)+$/.test(flow.path)) return undefined;
  try {
    return walk(state, (rule, namespace) => isMatch(state, options, flow, rule, namespace));
  } catch (reason) {
    if (reason instanceof SomethingUnknown) return undefined;
    throw reason;
  }
}

function isMatch(
  state: ReferenceState,
  options: PolicyOptions,
  flow: Flow,
  rule: Rule,
  namespace: string,
): boolean {
  // A rule's own path may be read in as many ways as a request's.
  const paths = rule.http?.paths.map((path) => ("exact" in path ? path.exact : path.prefix)) ?? [];
  if (!paths.every((path) => /^(\/[A-Za-z0-9]+)*\/?$/.test(path))) throw new SomethingUnknown();
  const clauses = askClauses({ state, options, flow, reading: "literal" }, rule, namespace, false).flat();
  if (clauses.some((clause) => clause.answer === "unknown")) throw new SomethingUnknown();
  return joinClauses(clauses) === "yes";
}

type Matches = (rule: Rule, namespace: string) => boolean;

function walk(state: ReferenceState, matches: Matches): Match {
  if (state.endpoint === undefined) throw new SomethingUnknown();
  const { tiers, profileIds } = state.endpoint.endpoint;
  for (const tier of tiers) {
    const ids = tier.ingressPolicies.filter((id) => !id.kind.startsWith("Staged"));
    if (ids.length === 0) continue;
    const found = firstInTier(state, tier.name, ids, matches);
    if (found === "pass") continue;
    if (found !== undefined) return found;
    if (tier.defaultAction !== "Pass") return { allowed: false, decider: { kind: "tier", tier: tier.name } };
  }
  for (const name of profileIds) {
    const profile = state.profiles.get(name);
    if (profile === undefined || profile.unusable !== "") throw new SomethingUnknown();
    const found = firstInRules(profile.inboundRules, "", { tier: "", policy: `Profile ${name}` }, matches);
    if (found !== undefined) return { allowed: found.action === "allow", decider: found.decider };
  }
  return { allowed: false, decider: { kind: "none" } };
}

function firstInTier(
  state: ReferenceState,
  tier: string,
  ids: readonly PolicyId[],
  matches: Matches,
): Match | "pass" | undefined {
  for (const id of ids) {
    const policy = state.policies.get(policyKey(id));
    if (policy === undefined || policy.unusable !== "") throw new SomethingUnknown();
    const found = firstInRules(
      policy.inboundRules,
      policy.namespace,
      { tier, policy: policyKey(id) },
      matches,
    );
    if (found === undefined) continue;
    return found.action === "pass" ? "pass" : { allowed: found.action === "allow", decider: found.decider };
  }
  return undefined;
}

function firstInRules(
  rules: readonly Rule[],
  namespace: string,
  where: { readonly tier: string; readonly policy: string },
  matches: Matches,
): { readonly action: "allow" | "deny" | "pass"; readonly decider: Decider } | undefined {
  for (const [ruleIndex, rule] of rules.entries()) {
    if (!matches(rule, namespace)) continue;
    const action = rule.action.toLowerCase().replace("next-tier", "pass");
    if (action === "log") continue;
    if (action !== "allow" && action !== "deny" && action !== "pass") throw new SomethingUnknown();
    return { action, decider: { kind: "rule", ...where, ruleIndex } };
  }
  return undefined;
}
