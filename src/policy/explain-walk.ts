import { type Answer, NO, UNKNOWN, YES } from "./answer.ts";
import type { RuleModel } from "./compile/rule-model.ts";
import {
  answerOf,
  type ClauseContext,
  type ClauseExplanation,
  doubtOf,
  type JudgedClause,
  judgeClauses,
} from "./explain-clauses.ts";
import type { PathUnderReading } from "./explain-path.ts";
import type { Flow } from "./flow.ts";
import { Peer } from "./network-clauses.ts";
import type { ListedObject, Snapshot, SnapshotTier } from "./snapshot.ts";
import { peerSubject } from "./subject.ts";
import { createVerdict, type Decider, type DenyReason, NO_DECIDER, type Verdict } from "./verdict.ts";

export type WalkExplanation = {
  /** Names of the readings that share this walk. */
  readonly readings: readonly string[];
  /** The path as read; empty where it has no reading or there is no HTTP part. */
  readonly path: string;
  readonly verdict: Verdict;
  /** Tiers in the order in which the walk came to them; one it did not reach is missing. */
  readonly tiers: readonly TierExplanation[];
};

export type TierExplanation = {
  /** Empty for the profiles. */
  readonly tier: string;
  readonly defaultAction: string;
  /** What became of the walk here, for a person. */
  readonly outcome: string;
  readonly objects: readonly ObjectExplanation[];
};

export type ObjectExplanation = {
  /** `NetworkPolicy shop/api`, `Profile kns.shop`. */
  readonly object: string;
  readonly status: ListedObject["status"];
  /** Why it can't be used; empty if it can. */
  readonly unusable: string;
  /** Rules that the walk came to. */
  readonly rules: readonly RuleExplanation[];
};

export type RuleExplanation = {
  /** From 0, as in a verdict's decider. */
  readonly ruleIndex: number;
  /** As written. */
  readonly action: string;
  readonly answer: ClauseExplanation["answer"];
  readonly clauses: readonly ClauseExplanation[];
};

/** A rule to be taken as answering otherwise than it does, to see what would become of the request. */
export type Supposition = { readonly model: RuleModel; readonly answer: Answer };

/** Walks the rules one by one, under one reading of the path. */
export function explainWalk(
  snapshot: Snapshot,
  flow: Flow,
  path: PathUnderReading,
  supposition?: Supposition,
): WalkExplanation {
  const walk = new ExplainedWalk(snapshot, createContext(snapshot, flow, path), supposition);
  const verdict = walk.walkFrom(0, undefined);
  return { readings: [path.reading], path: path.text ?? "", verdict, tiers: walk.tiers() };
}

/** What clauses are asked about, for one request under one reading. */
export function createContext(snapshot: Snapshot, flow: Flow, path: PathUnderReading): ClauseContext {
  const { options } = snapshot;
  const isCalico = options.semantics === "calico";
  return {
    flow,
    options,
    source: new Peer().setSource(flow, isCalico),
    destination: new Peer().setDestination(flow, isCalico),
    sourceSubject: peerSubject(flow.peer, snapshot.labels, options),
    destinationSubject: snapshot.destination ?? peerSubject(flow.destinationPeer, snapshot.labels, options),
    path,
    findSet: (id) => snapshot.findSet(id),
  };
}

/** One step: undefined goes on, a verdict ends, "leave" leaves the tier. */
type Step = Verdict | "leave" | undefined;

class ExplainedWalk {
  readonly #snapshot: Snapshot;
  readonly #context: ClauseContext;
  readonly #supposition: Supposition | undefined;
  readonly #told = new Map<number, { outcome: string; readonly objects: ObjectExplanation[] }>();

  constructor(snapshot: Snapshot, context: ClauseContext, supposition: Supposition | undefined) {
    this.#snapshot = snapshot;
    this.#context = context;
    this.#supposition = supposition;
  }

  tiers(): readonly TierExplanation[] {
    return [...this.#told]
      .sort(([left], [right]) => left - right)
      .map(([index, { outcome, objects }]) => {
        const tier = this.#snapshot.tiers[index];
        return { tier: tier?.name ?? "", defaultAction: tier?.defaultAction ?? "", outcome, objects };
      });
  }

  /** @param doubt the earliest so far, as the denial that it would be. */
  walkFrom(tierIndex: number, doubt: Verdict | undefined): Verdict {
    const tier = this.#snapshot.tiers[tierIndex];
    if (tier === undefined) return doubt ?? this.#deny(NO_DECIDER, "no_profile_match");
    const told = { outcome: "", objects: [] as ObjectExplanation[] };
    this.#told.set(tierIndex, told);
    const state: TierState = { index: tierIndex, isProfiles: tier.name === undefined, doubt };
    for (const object of tier.objects) {
      const rules: RuleExplanation[] = [];
      told.objects.push({ object: object.label, status: object.status, unusable: object.unusable, rules });
      const step = this.#walkObject(tier, object, state, rules);
      if (step === undefined) continue;
      told.outcome = step === "leave" ? "left by a pass" : outcomeOf(step);
      return step === "leave" ? this.walkFrom(tierIndex + 1, state.doubt) : step;
    }
    return this.#endTier(tier, state, told);
  }

  #endTier(tier: SnapshotTier, state: TierState, told: { outcome: string }): Verdict {
    const isEnforced = tier.objects.some(({ status }) => status !== "staged");
    if (tier.name !== undefined && isEnforced && tier.defaultAction !== "Pass") {
      told.outcome = "no rule decided: the tier's default action denies";
      return state.doubt ?? this.#deny({ kind: "tier", tier: tier.name }, "tier_default");
    }
    if (tier.name === undefined) told.outcome = "no rule decided: the end of the profiles denies";
    else told.outcome = isEnforced ? "no rule decided: the default action passes on" : "no enforced policy";
    return this.walkFrom(state.index + 1, state.doubt);
  }

  #walkObject(tier: SnapshotTier, object: ListedObject, state: TierState, told: RuleExplanation[]): Step {
    if (object.status === "staged") return undefined;
    if (object.status === "missing") {
      if (tier.name === undefined) return this.#deny(NO_DECIDER, "profile_missing");
      return this.#deny({ kind: "tier", tier: tier.name }, "policy_missing");
    }
    const decide = (ruleIndex: number): Decider => ({
      kind: "rule",
      tier: tier.name ?? "",
      policy: object.label,
      ruleIndex,
    });
    if (object.unusable !== "" && object.rules.length === 0) return this.#deny(decide(0), "policy_broken");
    for (const [ruleIndex, model] of object.rules.entries()) {
      const clauses = judgeClauses(model, object.unusable, this.#context);
      told.push(describeRule(ruleIndex, model, clauses));
      const step = this.#act(model, clauses, decide(ruleIndex), state);
      if (step !== undefined) return step;
    }
    return undefined;
  }

  #act(model: RuleModel, clauses: readonly JudgedClause[], decider: Decider, state: TierState): Step {
    if (this.#context.path.isRelative && model.http?.paths !== undefined) {
      const earlier = clauses.filter(({ clause, group }) => clause !== "path" && group !== "protocol");
      return answerOf(earlier) === NO ? undefined : this.#deny(decider, "bad_request");
    }
    const supposed = this.#supposition?.model === model ? this.#supposition.answer : undefined;
    const answer = supposed ?? answerOf(clauses);
    if (answer === NO || model.action === "log") return undefined;
    if (model.action === "bad") return this.#deny(decider, "bad_action");
    if (answer === YES) return this.#actYes(model, decider, state);
    const { flow, options } = this.#context;
    if (flow.httpFollows && !flow.hasHttp && options.semantics === "strict") {
      const others = clauses.filter(({ group }) => group !== "http");
      if (answerOf(others) === YES) return model.action === "allow" ? this.#allow(decider) : undefined;
    }
    return this.#actUnknown(model, this.#deny(decider, doubtOf(clauses)), state);
  }

  #actYes(model: RuleModel, decider: Decider, state: TierState): Step {
    if (model.action === "allow") return this.#allow(decider);
    return model.action === "pass" && !state.isProfiles ? "leave" : this.#deny(decider, "rule");
  }

  /** Both worlds of an unknown pass: the one that leaves denies, or the one that stays has the word. */
  #actUnknown(model: RuleModel, doubt: Verdict, state: TierState): Step {
    if (model.action === "deny" || (model.action === "pass" && state.isProfiles)) return doubt;
    state.doubt ??= doubt;
    if (model.action === "allow") return undefined;
    const left = this.walkFrom(state.index + 1, state.doubt);
    return left.allowed ? undefined : left;
  }

  #allow(decider: Decider): Verdict {
    return createVerdict(decider, undefined, this.#snapshot.options.semantics, this.#snapshot.revision);
  }

  #deny(decider: Decider, reason: DenyReason): Verdict {
    const { options, revision } = this.#snapshot;
    return createVerdict(decider, reason, options.semantics, revision);
  }
}

type TierState = { readonly index: number; readonly isProfiles: boolean; doubt: Verdict | undefined };

function outcomeOf(verdict: Verdict): string {
  return verdict.allowed ? "allowed" : `denied: ${verdict.reason}`;
}

function describeRule(
  ruleIndex: number,
  model: RuleModel,
  clauses: readonly JudgedClause[],
): RuleExplanation {
  return {
    ruleIndex,
    action: model.rule.action,
    answer: answerName(answerOf(clauses)),
    clauses: clauses.map(({ clause, answer, why }) => ({ clause, answer: answerName(answer), why })),
  };
}

function answerName(answer: number): ClauseExplanation["answer"] {
  if (answer === UNKNOWN) return "unknown";
  return answer === YES ? "yes" : "no";
}
