/** Whole cases for the evaluator: policy, options, requests, and whether the stream of policy is in order. */
import fc from "fast-check";
import type { Message } from "../../src/policy/messages.ts";
import type { PolicyOptions } from "../../src/policy/options.ts";
import { type Request, request, toFlow } from "./generate-flow.ts";
import { messages, options } from "./generate-policy.ts";
import {
  EMPTY_STATE,
  foldMessages,
  type Probe,
  type ReferenceState,
  type ReferenceVerdict,
  referenceEvaluate,
} from "./reference-evaluator.ts";

/** `waiting`: in_sync has not come. `stale`: the stream has been silent for too long. */
export type Sync = "current" | "waiting" | "stale";

export type Case = {
  readonly messages: readonly Message[];
  readonly options: PolicyOptions;
  readonly sync: Sync;
  readonly requests: readonly Request[];
};

/** Requests put to one policy; building a policy costs more than judging by it. */
export const REQUESTS_PER_CASE = 8;

export const evaluatorCase: fc.Arbitrary<Case> = fc.record({
  messages,
  options,
  sync: fc.oneof(
    { weight: 97, arbitrary: fc.constant<Sync>("current") },
    { weight: 3, arbitrary: fc.constantFrom<Sync>("waiting", "stale") },
  ),
  requests: fc.array(request, { minLength: REQUESTS_PER_CASE, maxLength: REQUESTS_PER_CASE }),
});

/** The oracle's verdict on each request of a case. */
export function judgeCase(given: Case, probe?: Probe): ReferenceVerdict[] {
  const state = foldMessages(EMPTY_STATE, given.messages);
  return given.requests.map((each) => judge(given, state, each, probe));
}

function judge(
  given: Case,
  state: ReferenceState,
  each: Request,
  probe: Probe | undefined,
): ReferenceVerdict {
  const isCalico = given.options.semantics === "calico";
  const decider = { kind: "none" } as const;
  if (given.sync === "stale") return { allowed: false, reason: "stale", code: 7, decider };
  if (given.sync === "waiting") {
    return { allowed: false, reason: "not_in_sync", code: isCalico ? 13 : 7, decider };
  }
  return referenceEvaluate(state, given.options, toFlow(each), probe);
}
