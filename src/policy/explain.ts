import { readingsOfPath } from "./explain-path.ts";
import { explainWalk, type WalkExplanation } from "./explain-walk.ts";
import type { Flow } from "./flow.ts";
import { findNearest } from "./nearest.ts";
import type { Snapshot } from "./snapshot.ts";
import { createVerdict, type Decider, type DenyReason, NO_DECIDER, type Verdict } from "./verdict.ts";

export type { ClauseExplanation } from "./explain-clauses.ts";
export type {
  ObjectExplanation,
  RuleExplanation,
  TierExplanation,
  WalkExplanation,
} from "./explain-walk.ts";

/** Why a request is allowed or denied, step by step. Plain data. */
export type Explanation = {
  /** Equal to what evaluateSnapshot() says. */
  readonly verdict: Verdict;
  /** One for each reading of the path; one where the path plays no part or has one reading. */
  readonly walks: readonly WalkExplanation[];
  /** For a denial: the nearest single change that would allow, as a sentence; undefined if there is none. */
  readonly nearest: string | undefined;
};

/**
 * Judges a request slowly and tells how it went.
 *
 * It walks the rules one by one and asks clause by clause, without the compiled look-ups; that both come to the same
 * verdict is tested.
 */
export function explain(snapshot: Snapshot, flow: Flow): Explanation {
  const early = earlyVerdict(snapshot);
  if (early !== undefined) return { verdict: early, walks: [], nearest: undefined };
  const walks = readingsOfPath(flow, snapshot.options).map((path) => explainWalk(snapshot, flow, path));
  const verdict = combineWalks(snapshot, walks);
  return { verdict, walks: mergeWalks(walks), nearest: findNearest(snapshot, flow, verdict) };
}

function earlyVerdict(snapshot: Snapshot): Verdict | undefined {
  if (!snapshot.inSync) return createDenial(snapshot, NO_DECIDER, "not_in_sync");
  return snapshot.hasEndpoint ? undefined : createDenial(snapshot, NO_DECIDER, "no_endpoint");
}

function createDenial({ options, revision }: Snapshot, decider: Decider, reason: DenyReason): Verdict {
  return createVerdict(decider, reason, options.semantics, revision);
}

function combineWalks(snapshot: Snapshot, walks: readonly WalkExplanation[]): Verdict {
  const allowed = walks.find(({ verdict }) => verdict.allowed)?.verdict;
  const denied = walks.map(({ verdict }) => verdict).find((verdict) => !verdict.allowed);
  if (denied === undefined || denied.allowed) {
    return allowed ?? createDenial(snapshot, NO_DECIDER, "internal");
  }
  const isDefault = denied.reason === "tier_default" || denied.reason === "no_profile_match";
  if (allowed === undefined || !isDefault) return denied;
  return createDenial(snapshot, allowed.decider, "path_ambiguous");
}

/** Readings that give the same path and the same steps are told once. */
function mergeWalks(walks: readonly WalkExplanation[]): readonly WalkExplanation[] {
  const merged = new Map<string, WalkExplanation>();
  for (const walk of walks) {
    const key = JSON.stringify([walk.path, walk.verdict, walk.tiers]);
    const same = merged.get(key);
    merged.set(key, same === undefined ? walk : { ...same, readings: [...same.readings, ...walk.readings] });
  }
  return [...merged.values()];
}
