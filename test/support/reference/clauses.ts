/**
 * The clauses of a rule, each asked about one request, in the groups and order of docs/semantics.md ("The walk").
 *
 * Every clause is asked, none is skipped because another has already answered.
 */
import type { Rule } from "../../../src/policy/messages.ts";
import type { DenyReason } from "../../../src/policy/verdict.ts";
import { type Answer, all } from "./answers.ts";
import { askProtocol, askVersion } from "./ask-connection.ts";
import { askHttp } from "./ask-http.ts";
import { askIdentity } from "./ask-identity.ts";
import { askAddress, askPorts } from "./ask-place.ts";
import type { Question } from "./question.ts";

export type ClauseName =
  | "unusable"
  | "serviceAccount"
  | "identities"
  | "namespace"
  | "nets"
  | "notNets"
  | "ipSets"
  | "notIpSets"
  | "ports"
  | "notPorts"
  | "ipPortSets"
  | "http"
  | "methods"
  | "paths"
  | "protocol"
  | "notProtocol"
  | "ipVersion"
  | "icmp"
  | "notIcmp";

export const CLAUSE_NAMES: readonly ClauseName[] = [
  "unusable",
  "serviceAccount",
  "identities",
  "namespace",
  "nets",
  "notNets",
  "ipSets",
  "notIpSets",
  "ports",
  "notPorts",
  "ipPortSets",
  "http",
  "methods",
  "paths",
  "protocol",
  "notProtocol",
  "ipVersion",
  "icmp",
  "notIcmp",
];

export type Clause = {
  readonly name: ClauseName;
  readonly side: "source" | "destination" | undefined;
  readonly answer: Answer;
  /** Why it is unknown; `undefined` when it is not. */
  readonly doubt: DenyReason | undefined;
};

/** Clauses that are judged together when a doubt is named. */
export type Group = readonly Clause[];

/** Everything one rule asks, in groups. A clause that the rule does not have is not there. */
export function askClauses(
  question: Question,
  rule: Rule,
  policyNamespace: string,
  unusable: boolean,
): readonly Group[] {
  if (unusable) return [[{ name: "unusable", side: undefined, answer: "unknown", doubt: "policy_broken" }]];
  return [
    askIdentity(question, rule, policyNamespace, "source"),
    askAddress(question, rule, "source"),
    askPorts(question, rule, "source"),
    askIdentity(question, rule, policyNamespace, "destination"),
    askAddress(question, rule, "destination"),
    askPorts(question, rule, "destination"),
    askHttp(question, rule.http),
    [...askProtocol(question, rule), ...askVersion(question, rule), ...askIcmp(rule)],
  ];
}

/** Such traffic never reaches a check, so what is asked of it is not so. */
function askIcmp(rule: Rule): Clause[] {
  const clauses: Clause[] = [];
  if (rule.icmp !== undefined)
    clauses.push({ name: "icmp", side: undefined, answer: "no", doubt: undefined });
  if (rule.notIcmp !== undefined) {
    clauses.push({ name: "notIcmp", side: undefined, answer: "yes", doubt: undefined });
  }
  return clauses;
}

/** A rule is the AND of its clauses. */
export function joinClauses(clauses: readonly Clause[]): Answer {
  return all(clauses.map((clause) => clause.answer));
}

/** Of the first group with something unknown: what nobody understands comes first. */
export function doubtOf(groups: readonly Group[]): DenyReason {
  for (const group of groups) {
    const doubts = group.filter((clause) => clause.answer === "unknown").map((clause) => clause.doubt!);
    if (doubts.includes("policy_broken")) return "policy_broken";
    if (doubts.includes("bad_request")) return "bad_request";
    if (doubts[0] !== undefined) return doubts[0];
  }
  return "internal";
}
