import { hasBit } from "../base/bit-set.ts";
import { type BoundSegment, PATH_RELATIVE, type PathState } from "./compile/bound-segment.ts";
import { CallerKey } from "./compile/caller-key.ts";
import { Candidates, NO_ROW } from "./compile/candidates.ts";
import { Columns } from "./compile/columns.ts";
import {
  ROW_ALLOW,
  ROW_BAD_ACTION,
  ROW_DENY,
  ROW_LOG,
  ROW_PASS,
  ROW_POLICY_MISSING,
  ROW_PROFILE_MISSING,
  ROW_UNUSABLE,
} from "./compile/row.ts";
import type { Flow } from "./flow.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Verdict } from "./verdict.ts";

/**
 * The walk of docs/semantics.md over compiled segments: tiers in order, then the profiles, for one reading of the path.
 *
 * In each segment only rows that no clause says no to are visited, lowest first; where nothing is unknown the
 * first one visited nearly always decides.
 */
export function walk(snapshot: Snapshot, flow: Flow, path: PathState): Verdict {
  doubt = undefined;
  loaded = undefined;
  key.set(flow);
  snapshot.callers.find(key);
  return walkTiers(snapshot, flow, path, 0);
}

/** Reused from request to request: a walk runs from start to end without another in between. */
const key = new CallerKey();
const candidates = new Candidates();
const columns = new Columns();
/** Whose columns are loaded, for the request being judged: only doubts need them one by one. */
let loaded: BoundSegment | undefined;

/** The earliest unknown allow or pass on the way, as the denial that it is when nothing else decides. */
let doubt: Verdict | undefined;

function walkTiers(snapshot: Snapshot, flow: Flow, path: PathState, tierFirst: number): Verdict {
  for (let index = tierFirst; index < snapshot.tiers.length; index++) {
    const verdict = walkTier(snapshot, flow, path, index);
    if (verdict !== undefined) return verdict;
  }
  return doubt ?? snapshot.denial("no_profile_match");
}

/** Undefined: the walk goes on with the next tier. */
function walkTier(snapshot: Snapshot, flow: Flow, path: PathState, index: number): Verdict | undefined {
  const tier = snapshot.tiers[index]!;
  const isProfiles = tier.name === undefined;
  /** What the world says that left the tier at a pass which is unknown; only kept if it allows. */
  let left: Verdict | undefined;
  for (let at = 0; at < tier.segments.length; at++) {
    const bound = tier.segments[at]!;
    bound.start(flow, path, key, candidates);
    const { actions } = bound.segment;
    for (let row = candidates.next(); row !== NO_ROW; row = candidates.next()) {
      const action = actions[row]!;
      if (path.mode === PATH_RELATIVE && refusesRelative(bound, row)) {
        return snapshot.ruleVerdict(bound, row, "bad_request");
      }
      if (action === ROW_LOG) continue;
      if (!candidates.uncertain || candidates.isYes(row)) {
        if (action === ROW_ALLOW) return snapshot.ruleVerdict(bound, row, undefined);
        if (action === ROW_PASS && !isProfiles) return left;
        return snapshot.ruleVerdict(bound, row, stopReason(action));
      }
      if (action === ROW_BAD_ACTION) return snapshot.ruleVerdict(bound, row, "bad_action");
      if (flow.httpFollows && !flow.hasHttp && isYesButForHttp(bound, row, flow, path)) {
        if (action === ROW_ALLOW) return snapshot.ruleVerdict(bound, row, undefined);
        continue;
      }
      if (action === ROW_DENY || (isProfiles && action === ROW_PASS))
        return doubtAbout(snapshot, bound, row, flow, path);
      doubt ??= doubtAbout(snapshot, bound, row, flow, path);
      if (action === ROW_ALLOW || left !== undefined) continue;
      const doubtHere: Verdict | undefined = doubt;
      left = walkTiers(snapshot, flow, path, index + 1);
      if (!left.allowed) return left;
      doubt = doubtHere;
      // The walk through the other tiers used the same candidates.
      bound.start(flow, path, key, candidates);
      candidates.resumeAfter(row);
    }
  }
  if (isProfiles || !tier.isEnforced) return undefined;
  if (tier.defaultAction === "Pass") return left;
  return doubt ?? snapshot.tierVerdict(tier.name);
}

/** Calico semantics: a rule with paths that is reached by a path which does not begin with `/` ends the check. */
function refusesRelative(bound: BoundSegment, row: number): boolean {
  const { path } = bound.segment;
  return path !== undefined && hasBit(path.withPaths, row);
}

/** Why a row that is reached and does not allow denies. */
function stopReason(
  action: number,
): "rule" | "bad_action" | "policy_missing" | "profile_missing" | "policy_broken" {
  switch (action) {
    case ROW_BAD_ACTION:
      return "bad_action";
    case ROW_POLICY_MISSING:
      return "policy_missing";
    case ROW_PROFILE_MISSING:
      return "profile_missing";
    case ROW_UNUSABLE:
      return "policy_broken";
    default:
      return "rule";
  }
}

function doubtAbout(
  snapshot: Snapshot,
  bound: BoundSegment,
  row: number,
  flow: Flow,
  path: PathState,
): Verdict {
  loadColumns(bound, flow, path);
  const group = columns.firstDoubt(row, candidates.isPathYes(row));
  return snapshot.ruleVerdict(bound, row, bound.doubtReason(row, group, flow));
}

function isYesButForHttp(bound: BoundSegment, row: number, flow: Flow, path: PathState): boolean {
  loadColumns(bound, flow, path);
  return columns.isYesButForHttp(row);
}

function loadColumns(bound: BoundSegment, flow: Flow, path: PathState): void {
  if (loaded === bound) return;
  bound.load(flow, path, columns);
  loaded = bound;
}
