/** Snapshots made at once, and verdicts in the form in which the engine's and the oracle's are compared. */
import type { Message } from "../../src/policy/messages.ts";
import type { PolicyOptions } from "../../src/policy/options.ts";
import type { Snapshot } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import type { Verdict } from "../../src/policy/verdict.ts";
import { type Request, toFlow } from "./generate-flow.ts";
import { type ReferenceState, type ReferenceVerdict, referenceEvaluate } from "./reference-evaluator.ts";

/** A snapshot of revision 7, in sync. */
export function build(given: readonly Message[], chosen: PolicyOptions): Snapshot {
  const builder = new SnapshotBuilder(chosen);
  builder.apply([...given, { kind: "in_sync" }]);
  return builder.build(7);
}

/** A verdict without its revision. */
export function essence(verdict: Verdict | ReferenceVerdict): object {
  const { allowed, code, decider } = verdict;
  return verdict.allowed ? { allowed, code, decider } : { allowed, code, decider, reason: verdict.reason };
}

/** The essence of the oracle's verdict. */
export function judge(state: ReferenceState, chosen: PolicyOptions, each: Request): object {
  return essence(referenceEvaluate(state, chosen, toFlow(each)));
}
