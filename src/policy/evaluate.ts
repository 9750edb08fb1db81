import {
  PATH_ABSENT,
  PATH_READ,
  PATH_RELATIVE,
  PATH_UNREADABLE,
  type PathState,
} from "./compile/bound-segment.ts";
import { PathQuery } from "./compile/path-query.ts";
import type { Flow } from "./flow.ts";
import {
  foldTrailingSlash,
  hasReadings,
  isPlainPath,
  type PathReading,
  PROFILE_READINGS,
  pathEnd,
  readPath,
  readReference,
} from "./path-readings.ts";
import type { Snapshot, SnapshotStore } from "./snapshot.ts";
import { createVerdict, NO_DECIDER, type Verdict } from "./verdict.ts";
import { walk } from "./walk.ts";

/**
 * Judges a request against the current snapshot. The hot path: synchronous, and allocates nothing for a plain path.
 *
 * @returns a shared verdict, do not mutate.
 */
export function evaluate(store: SnapshotStore, flow: Flow): Verdict {
  const snapshot = store.current;
  if (snapshot === undefined) return NO_SNAPSHOT;
  if (store.stale) return snapshot.denial("stale");
  return evaluateSnapshot(snapshot, flow);
}

/** Judges a request against one snapshot. */
export function evaluateSnapshot(snapshot: Snapshot, flow: Flow): Verdict {
  if (!snapshot.inSync) return snapshot.denial("not_in_sync");
  if (!snapshot.hasEndpoint) return snapshot.denial("no_endpoint");
  if (!flow.hasHttp || !snapshot.paths.areUsed) return walkWithout(snapshot, flow, PATH_ABSENT);
  if (snapshot.options.semantics === "calico") return evaluateCalicoPath(snapshot, flow);
  return evaluatePath(snapshot, flow);
}

/** Before the first snapshot there is no revision to name. */
const NO_SNAPSHOT: Verdict = createVerdict(NO_DECIDER, "not_in_sync", "strict", 0);

const SLASH = 0x2f;

/** Reused: a request is judged from start to end without another in between. */
const state: PathState = { mode: PATH_ABSENT, readingIndex: 0, query: new PathQuery() };

function walkWithout(snapshot: Snapshot, flow: Flow, mode: number): Verdict {
  state.mode = mode;
  return walk(snapshot, flow, state);
}

function walkReading(
  snapshot: Snapshot,
  flow: Flow,
  readingIndex: number,
  text: string,
  end: number,
): Verdict {
  state.mode = PATH_READ;
  state.readingIndex = readingIndex;
  state.query.scan(text, end, snapshot.paths.depth);
  return walk(snapshot, flow, state);
}

function evaluatePath(snapshot: Snapshot, flow: Flow): Verdict {
  const { path } = flow;
  const readings = PROFILE_READINGS[snapshot.options.pathProfile];
  const end = pathEnd(path);
  const isPlain = isPlainPath(path, end);
  if (isPlain && snapshot.paths.arePlain) {
    // Every other reading says the same, or yes where this one says unknown for a trailing `/`.
    return walkReading(snapshot, flow, 0, path, readings[0] === "reference" ? foldedEnd(path, end) : end);
  }
  const cut = path.slice(0, end);
  if (!isPlain && !hasReadings(cut)) return walkWithout(snapshot, flow, PATH_UNREADABLE);
  return evaluateReadings(snapshot, flow, cut, readings);
}

/** Walks once for each reading that differs; allowed only if all allow. */
function evaluateReadings(
  snapshot: Snapshot,
  flow: Flow,
  cut: string,
  readings: readonly PathReading[],
): Verdict {
  const judged: string[] = [];
  let allowed: Verdict | undefined;
  let denied: Verdict | undefined;
  for (const [index, reading] of readings.entries()) {
    const text = readPath(cut, reading);
    if (snapshot.paths.arePlain && isJudged(judged, text, reading, allowed !== undefined)) continue;
    judged.push(text);
    const verdict = walkReading(snapshot, flow, index, text, text.length);
    if (verdict.allowed) allowed ??= verdict;
    else denied ??= verdict;
  }
  return combineReadings(snapshot, allowed, denied);
}

/**
 * Whether an earlier reading stands for this one, where all readings compare with the same rules' paths. The reference reading
 * folds the trailing `/` of both, and so says what another reading says, or yes where that one says unknown: if it is the only one
 * that allows, the denial is put down to it.
 */
function isJudged(
  judged: readonly string[],
  text: string,
  reading: PathReading,
  someAllow: boolean,
): boolean {
  if (reading !== "reference") return judged.includes(text);
  return someAllow && judged.some((other) => foldTrailingSlash(other) === text);
}

/** @param allowed the first reading that allows. @param denied the first that denies. */
function combineReadings(
  snapshot: Snapshot,
  allowed: Verdict | undefined,
  denied: Verdict | undefined,
): Verdict {
  if (denied === undefined) return allowed ?? snapshot.denial("internal");
  const isDefault =
    !denied.allowed && (denied.reason === "tier_default" || denied.reason === "no_profile_match");
  return allowed !== undefined && isDefault ? snapshot.denialLike(allowed, "path_ambiguous") : denied;
}

/** The reference reading alone, and what a path that does not begin with `/` does. */
function evaluateCalicoPath(snapshot: Snapshot, flow: Flow): Verdict {
  const { path } = flow;
  if (path.charCodeAt(0) !== SLASH) return walkWithout(snapshot, flow, PATH_RELATIVE);
  const end = pathEnd(path);
  if (isPlainPath(path, end)) return walkReading(snapshot, flow, 0, path, foldedEnd(path, end));
  const text = readReference(path);
  if (text === undefined) return walkWithout(snapshot, flow, PATH_UNREADABLE);
  return walkReading(snapshot, flow, 0, text, text.length);
}

function foldedEnd(path: string, end: number): number {
  return end > 1 && path.charCodeAt(end - 1) === SLASH ? end - 1 : end;
}
