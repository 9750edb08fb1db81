import { type IdentitiesModel, matchesIdentities } from "../identity/identity-match.ts";
import type { SpiffeId } from "../identity/spiffe-id.ts";
import { matchSelector } from "../selector/match-selector.ts";
import type { Selector } from "../selector/selector.ts";
import { type Answer, andAnswers, NO, notAnswer, orAnswers, UNKNOWN, YES } from "./answer.ts";
import type { NamespaceModel, ServiceAccountModel, SideModel } from "./compile/rule-model.ts";
import type { Labels } from "./messages.ts";

/**
 * One side's identity with everything known about it: what clauses about service accounts and namespaces are asked of.
 *
 * `undefined` labels were not received. `undefined` names are not known.
 */
export type Subject =
  | {
      readonly kind: "account";
      readonly namespace: string | undefined;
      readonly name: string | undefined;
      readonly accountLabels: Labels | undefined;
      readonly namespaceLabels: Labels | undefined;
      /** Undefined: not known. */
      readonly spiffeId: SpiffeId | undefined;
    }
  /** Known to be in no namespace and to have no service account: a host endpoint as destination. */
  | { readonly kind: "host" }
  /** Showed no identity; `trusted` is calico's reading of it, where every clause is yes. */
  | { readonly kind: "none"; readonly trusted: boolean; readonly requireIdentity: boolean }
  | {
      readonly kind: "foreign";
      readonly otherTrustDomain: boolean;
      /** Undefined: none is proven. */
      readonly spiffeId: SpiffeId | undefined;
    };

export const NO_LABELS: Labels = new Map();

/** Whether the service account of a side is one that the rule names and selects. */
export function answerServiceAccount(clause: ServiceAccountModel, subject: Subject): Answer {
  const names = clause.names === undefined ? YES : answerNames(clause.names, subject);
  if (clause.selector === undefined) return names;
  if (clause.selector === "bad") return andAnswers(names, UNKNOWN);
  return andAnswers(names, answerAccountSelector(clause.selector, subject));
}

function answerNames(names: ReadonlySet<string>, subject: Subject): Answer {
  switch (subject.kind) {
    case "account":
      if (subject.name === undefined) return UNKNOWN;
      return names.has(subject.name) ? YES : NO;
    case "host":
      return NO;
    case "none":
      return subject.trusted ? YES : UNKNOWN;
    case "foreign":
      return subject.otherTrustDomain ? NO : UNKNOWN;
  }
}

function answerAccountSelector(selector: Selector, subject: Subject): Answer {
  switch (subject.kind) {
    case "account":
      return subject.name === undefined ? UNKNOWN : answerSelector(selector, subject.accountLabels, YES, YES);
    case "host":
      return answerSelector(selector, NO_LABELS, YES, YES);
    case "none":
      return subject.trusted ? YES : UNKNOWN;
    case "foreign":
      return UNKNOWN;
  }
}

/** Whether the SPIFFE ID of a side is one that the rule means: certain only of an ID that is proven, in either semantics. */
export function answerIdentities(clause: IdentitiesModel | "bad", subject: Subject): Answer {
  if (clause === "bad" || subject.kind === "none" || subject.kind === "host") return UNKNOWN;
  if (subject.spiffeId === undefined) return UNKNOWN;
  return matchesIdentities(clause, subject.spiffeId) ? YES : NO;
}

/** Whether the namespace of a side meets the rule's requirement. */
export function answerNamespace(clause: NamespaceModel, side: SideModel, subject: Subject): Answer {
  if (clause.kind === "selector" && clause.selector === "bad") return UNKNOWN;
  switch (subject.kind) {
    case "account":
      return subject.namespace === undefined ? UNKNOWN : answerOwnNamespace(clause, subject);
    case "host":
      if (clause.kind === "name") return NO;
      return clause.selector === "bad" ? UNKNOWN : answerSelector(clause.selector, NO_LABELS, NO, YES);
    case "none":
      if (subject.requireIdentity) return UNKNOWN;
      return subject.trusted || side.setCarriesNamespace ? YES : UNKNOWN;
    case "foreign":
      return UNKNOWN;
  }
}

function answerOwnNamespace(clause: NamespaceModel, subject: Extract<Subject, { kind: "account" }>): Answer {
  if (clause.kind === "name") return clause.name === subject.namespace ? YES : NO;
  if (clause.selector === "bad") return UNKNOWN;
  return answerSelector(clause.selector, subject.namespaceLabels, YES, NO);
}

/**
 * A selector, three-valued.
 *
 * @param labels undefined where none were received: then every question about a label is unknown.
 * @param all what `all()` answers: of a namespace, whether the subject is in one.
 * @param global what `global()` answers: of a namespace, whether the subject is in none.
 */
function answerSelector(selector: Selector, labels: Labels | undefined, all: Answer, global: Answer): Answer {
  switch (selector.op) {
    case "all":
      return all;
    case "global":
      return global;
    case "not":
      return notAnswer(answerSelector(selector.operand, labels, all, global));
    case "and": {
      let answer: Answer = YES;
      for (const operand of selector.operands) {
        answer = andAnswers(answer, answerSelector(operand, labels, all, global));
      }
      return answer;
    }
    case "or": {
      let answer: Answer = NO;
      for (const operand of selector.operands) {
        answer = orAnswers(answer, answerSelector(operand, labels, all, global));
      }
      return answer;
    }
    default:
      if (labels === undefined) return UNKNOWN;
      return matchSelector(selector, labels) ? YES : NO;
  }
}
