import { addBits, type BitSet, bitSetOf } from "../../base/bit-set.ts";
import { type Answer, andAnswers, NO, YES } from "../answer.ts";
import {
  answerIdentities,
  answerNamespace,
  answerServiceAccount,
  type Subject,
} from "../identity-clauses.ts";
import { groupBy } from "./address-column.ts";
import type { NamespaceModel, SideModel } from "./rule-model.ts";

/**
 * From a side's identity to the rules whose identity clauses (service account, namespace requirement) it satisfies.
 *
 * Rules are grouped by what they ask; the answers for one identity are computed once and remembered by the caller.
 */
export class IdentityColumn {
  /** Rows without such a clause. */
  readonly free: BitSet;
  /** Rows with a selector that is not understood. */
  readonly bad: BitSet;
  /** Whether some answer depends on received labels. */
  readonly asksLabels: boolean;
  readonly #groups: readonly { readonly side: SideModel; readonly rows: BitSet }[];

  private constructor(sides: readonly (SideModel | undefined)[]) {
    const count = sides.length;
    const indexes = sides.map((_, row) => row);
    const constrained = indexes.filter((row) => hasIdentityClause(sides[row]));
    const isConstrained = new Set(constrained);
    this.free = bitSetOf(
      count,
      indexes.filter((row) => !isConstrained.has(row)),
    );
    this.bad = bitSetOf(
      count,
      constrained.filter(
        (row) => selectorsOf(sides[row]).includes("bad") || sides[row]?.identities === "bad",
      ),
    );
    this.asksLabels = constrained.some((row) => selectorsOf(sides[row]).length > 0);
    this.#groups = [...groupBy(constrained, (row) => identityKey(sides[row])).values()].flatMap((rows) => {
      const side = sides[rows[0] ?? -1];
      return side === undefined ? [] : [{ side, rows: bitSetOf(count, rows) }];
    });
  }

  /** Undefined where no rule has such a clause. */
  static compile(sides: readonly (SideModel | undefined)[]): IdentityColumn | undefined {
    return sides.some(hasIdentityClause) ? new IdentityColumn(sides) : undefined;
  }

  /** Writes the rows that are yes, and those that are not no. @returns whether the two differ. */
  evaluate(subject: Subject, yes: BitSet, maybe: BitSet): boolean {
    yes.set(this.free);
    maybe.set(this.free);
    let differ = false;
    for (const { side, rows } of this.#groups) {
      const answer = answerIdentityClauses(side, subject);
      if (answer === YES) addBits(yes, rows);
      if (answer !== NO) addBits(maybe, rows);
      if (answer !== NO && answer !== YES) differ = true;
    }
    return differ;
  }
}

function answerIdentityClauses(side: SideModel, subject: Subject): Answer {
  let answer: Answer = YES;
  if (side.serviceAccount !== undefined) answer = answerServiceAccount(side.serviceAccount, subject);
  if (side.identities !== undefined && answer !== NO) {
    answer = andAnswers(answer, answerIdentities(side.identities, subject));
  }
  if (side.namespace === undefined || answer === NO) return answer;
  return andAnswers(answer, answerNamespace(side.namespace, side, subject));
}

function hasIdentityClause(side: SideModel | undefined): boolean {
  return (
    side?.serviceAccount !== undefined || side?.namespace !== undefined || side?.identities !== undefined
  );
}

/** The selectors that a side's identity clauses evaluate. */
function selectorsOf(side: SideModel | undefined): readonly unknown[] {
  const selectors: unknown[] = [];
  if (side?.serviceAccount?.selector !== undefined) selectors.push(side.serviceAccount.selector);
  if (side?.namespace?.kind === "selector") selectors.push(side.namespace.selector);
  return selectors;
}

function identityKey(side: SideModel | undefined): string {
  if (side === undefined) return "";
  const account = side.serviceAccount && [
    [...(side.serviceAccount.names ?? [])],
    side.serviceAccount.names === undefined,
    side.serviceAccount.selector,
  ];
  return JSON.stringify([
    account,
    describeNamespace(side.namespace),
    side.setCarriesNamespace,
    describeIdentities(side.identities),
  ]);
}

function describeIdentities(identities: SideModel["identities"]): unknown {
  if (identities === undefined || identities === "bad") return identities;
  return [[...identities.ids], identities.prefixes, [...identities.trustDomains]];
}

function describeNamespace(namespace: NamespaceModel | undefined): unknown {
  if (namespace === undefined) return undefined;
  return namespace.kind === "name" ? namespace.name : [namespace.selector];
}
