/**
 * The oracle: what docs/semantics.md says of one request, computed the slow and obvious way.
 *
 * Shares no code with the engine. Each clause of each rule is asked anew for each request, each reading walks all
 * tiers again, and both worlds of an unknown pass are walked to their ends.
 */
import type { Flow } from "../../src/policy/flow.ts";
import type { PolicyId, Rule } from "../../src/policy/messages.ts";
import type { PolicyOptions } from "../../src/policy/options.ts";
import type { Decider, DenyReason } from "../../src/policy/verdict.ts";
import { askClauses, type Clause, type ClauseName, doubtOf, joinClauses } from "./reference/clauses.ts";
import { cutTarget, READINGS_OF_PROFILE, type Reading, whyUnreadable } from "./reference/paths.ts";
import type { Question } from "./reference/question.ts";
import { policyKey, type ReferenceState } from "./reference/state.ts";

export { CLAUSE_NAMES, type ClauseName } from "./reference/clauses.ts";
export { EMPTY_STATE, foldMessages, type ReferenceState } from "./reference/state.ts";

export type ReferenceVerdict =
  | { readonly allowed: true; readonly code: 0; readonly decider: Decider }
  | {
      readonly allowed: false;
      readonly reason: DenyReason;
      readonly code: number;
      readonly decider: Decider;
    };

export type Probe = {
  /** Clauses of this name exchange yes and no, for a test that asks which kinds of clause decide. Unknown becomes yes. */
  readonly turned?: ClauseName;
  /** Called with each answer of each clause that is asked. */
  readonly onClause?: (clause: Clause) => void;
};

type Outcome =
  | { readonly allowed: true; readonly decider: Decider }
  | { readonly allowed: false; readonly reason: DenyReason; readonly decider: Decider };

type Doubt = { readonly reason: DenyReason; readonly decider: Decider };

/** Judges one request by what the messages so far say. */
export function referenceEvaluate(
  state: ReferenceState,
  options: PolicyOptions,
  flow: Flow,
  probe: Probe = {},
): ReferenceVerdict {
  const outcomes = readingsOf(options, flow).map((reading) =>
    new Walk({ state, options, flow, reading }, probe).start(),
  );
  const outcome = joinOutcomes(outcomes);
  if (outcome.allowed) return { allowed: true, code: 0, decider: outcome.decider };
  return { ...outcome, code: codeOf(outcome.reason, options) };
}

/** Allowed only if every reading allows; where they differ over an allow, that is what the operator has to know. */
function joinOutcomes(outcomes: readonly Outcome[]): Outcome {
  const denied = outcomes.find((each) => !each.allowed);
  const allowed = outcomes.find((each) => each.allowed);
  if (denied === undefined) return outcomes[0]!;
  if (allowed === undefined || denied.allowed) return denied;
  if (denied.reason !== "tier_default" && denied.reason !== "no_profile_match") return denied;
  return { allowed: false, reason: "path_ambiguous", decider: allowed.decider };
}

/** Every reading of the profile; `undefined` once where the path has none. */
function readingsOf(options: PolicyOptions, flow: Flow): (Reading | undefined)[] {
  if (!flow.hasHttp) return [undefined];
  if (options.semantics === "calico") return ["reference"];
  const path = cutTarget(flow.path);
  if (whyUnreadable(path) !== undefined) return [undefined];
  return [...READINGS_OF_PROFILE[options.pathProfile]];
}

function codeOf(reason: DenyReason, options: PolicyOptions): number {
  if (options.semantics === "strict") return reason === "identity_unverified" ? 16 : 7;
  if (reason === "bad_request" || reason === "bad_action") return 3;
  return reason === "no_endpoint" || reason === "policy_missing" || reason === "not_in_sync" ? 13 : 7;
}

/** A tier's walk is a list of these; profiles are walked alike. */
type Step =
  /** An object that is missing, or unusable and without any rule. */
  | { readonly kind: "stop"; readonly reason: DenyReason; readonly decider: Decider }
  | {
      readonly kind: "rule";
      readonly rule: Rule;
      readonly namespace: string;
      readonly unusable: boolean;
      readonly decider: Decider;
    };

/** Where a list of steps goes on: out of it by a pass (not from profiles), or past its end. */
type Ways = {
  readonly leave: ((doubt: Doubt | undefined) => Outcome) | undefined;
  readonly end: (doubt: Doubt | undefined) => Outcome;
};

type Action = "allow" | "deny" | "log" | "pass" | "unknown";

class Walk {
  readonly #question: Question;
  readonly #probe: Probe;
  constructor(question: Question, probe: Probe) {
    this.#question = question;
    this.#probe = probe;
  }

  start(): Outcome {
    if (this.#question.state.endpoint === undefined) {
      return { allowed: false, reason: "no_endpoint", decider: { kind: "none" } };
    }
    return this.#tier(0, undefined);
  }

  #tier(index: number, doubt: Doubt | undefined): Outcome {
    const tier = this.#question.state.endpoint!.endpoint.tiers[index];
    if (tier === undefined) return this.#profiles(doubt);
    const enforced = tier.ingressPolicies.filter((id) => !id.kind.startsWith("Staged"));
    if (enforced.length === 0) return this.#tier(index + 1, doubt);
    const steps = enforced.flatMap((id) => this.#stepsOfPolicy(tier.name, id));
    return this.#steps(steps, 0, doubt, {
      leave: (later) => this.#tier(index + 1, later),
      end: (later) =>
        tier.defaultAction === "Pass"
          ? this.#tier(index + 1, later)
          : endOf("tier_default", { kind: "tier", tier: tier.name }, later),
    });
  }

  #profiles(doubt: Doubt | undefined): Outcome {
    const steps = this.#question.state.endpoint!.endpoint.profileIds.flatMap((name) =>
      this.#stepsOfProfile(name),
    );
    return this.#steps(steps, 0, doubt, {
      leave: undefined,
      end: (later) => endOf("no_profile_match", { kind: "none" }, later),
    });
  }

  #stepsOfPolicy(tier: string, id: PolicyId): Step[] {
    const name = policyKey(id);
    const policy = this.#question.state.policies.get(name);
    if (policy === undefined) {
      return [{ kind: "stop", reason: "policy_missing", decider: { kind: "tier", tier } }];
    }
    if (policy.unusable !== "" && policy.inboundRules.length === 0) {
      return [
        {
          kind: "stop",
          reason: "policy_broken",
          decider: { kind: "rule", tier, policy: name, ruleIndex: 0 },
        },
      ];
    }
    return policy.inboundRules.map((rule, ruleIndex) => ({
      kind: "rule",
      rule,
      namespace: policy.namespace,
      unusable: policy.unusable !== "",
      decider: { kind: "rule", tier, policy: name, ruleIndex },
    }));
  }

  #stepsOfProfile(name: string): Step[] {
    const profile = this.#question.state.profiles.get(name);
    if (profile === undefined) {
      return [{ kind: "stop", reason: "profile_missing", decider: { kind: "none" } }];
    }
    if (profile.unusable !== "" && profile.inboundRules.length === 0) {
      return [
        {
          kind: "stop",
          reason: "policy_broken",
          decider: { kind: "rule", tier: "", policy: `Profile ${name}`, ruleIndex: 0 },
        },
      ];
    }
    return profile.inboundRules.map((rule, ruleIndex) => ({
      kind: "rule",
      rule,
      namespace: "",
      unusable: profile.unusable !== "",
      decider: { kind: "rule", tier: "", policy: `Profile ${name}`, ruleIndex },
    }));
  }

  #steps(steps: readonly Step[], first: number, doubtBefore: Doubt | undefined, ways: Ways): Outcome {
    let doubt = doubtBefore;
    for (const [index, step] of steps.entries()) {
      if (index < first) continue;
      if (step.kind !== "rule") return { allowed: false, reason: step.reason, decider: step.decider };
      const { decider } = step;
      const asked = this.#ask(step);
      if (asked.badRequest) return { allowed: false, reason: "bad_request", decider };
      if (asked.answer === "no") continue;
      const action = readAction(step.rule.action);
      if (action === "log") continue;
      if (action === "unknown") return { allowed: false, reason: "bad_action", decider };
      if (asked.answer === "yes") {
        if (action === "allow") return { allowed: true, decider };
        if (action === "pass" && ways.leave !== undefined) return ways.leave(doubt);
        return { allowed: false, reason: "rule", decider };
      }
      const { flow } = this.#question;
      if (flow.httpFollows && !flow.hasHttp && asked.onlyHttp) {
        if (action === "allow") return { allowed: true, decider };
        continue;
      }
      if (action === "deny" || (action === "pass" && ways.leave === undefined)) {
        return { allowed: false, reason: asked.doubt, decider };
      }
      doubt ??= { reason: asked.doubt, decider };
      if (action === "allow") continue;
      const left = ways.leave!(doubt);
      return left.allowed ? this.#steps(steps, index + 1, doubt, ways) : left;
    }
    return ways.end(doubt);
  }

  #ask(step: Step & { readonly kind: "rule" }): {
    readonly answer: "yes" | "no" | "unknown";
    readonly doubt: DenyReason;
    readonly onlyHttp: boolean;
    readonly badRequest: boolean;
  } {
    const { turned, onClause } = this.#probe;
    const groups = askClauses(this.#question, step.rule, step.namespace, step.unusable).map((group) =>
      group.map((each) => (each.name === turned ? turnAround(each) : each)),
    );
    const clauses = groups.flat();
    if (onClause !== undefined) clauses.forEach(onClause);
    return {
      answer: joinClauses(clauses),
      doubt: doubtOf(groups),
      onlyHttp: clauses.every(
        (each) => each.answer !== "unknown" || each.name === "http" || each.name === "paths",
      ),
      badRequest: this.#isBadRequest(clauses),
    };
  }

  /** `calico`: a target that begins with no slash ends the check at the first rule that gets as far as its paths. */
  #isBadRequest(clauses: readonly Clause[]): boolean {
    const { options, flow } = this.#question;
    if (options.semantics !== "calico" || !flow.hasHttp || flow.path.startsWith("/")) return false;
    if (!clauses.some((each) => each.name === "paths")) return false;
    const later = ["paths", "protocol", "notProtocol", "ipVersion", "icmp", "notIcmp"];
    return joinClauses(clauses.filter((each) => !later.includes(each.name))) !== "no";
  }
}

function turnAround(clause: Clause): Clause {
  return { ...clause, answer: clause.answer === "yes" ? "no" : "yes" };
}

function readAction(text: string): Action {
  const action = text.toLowerCase();
  if (action === "allow" || action === "deny" || action === "log" || action === "pass") return action;
  return action === "next-tier" ? "pass" : "unknown";
}

function endOf(reason: DenyReason, decider: Decider, doubt: Doubt | undefined): Outcome {
  return doubt === undefined ? { allowed: false, reason, decider } : { allowed: false, ...doubt };
}
