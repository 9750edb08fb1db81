import { compareUtf8 } from "../base/compare-utf8.ts";
import type { PolicyId } from "../policy/messages.ts";

/** Where a tier stands; `exists` false for one that is only named by policies. */
export type TierPlace = {
  readonly name: string;
  readonly exists: boolean;
  /** `undefined` is last. */
  readonly order: number | undefined;
};

/** Existing tiers first, then by order with unset last, then by name (README.md, "Order"). */
export function compareTiers(a: TierPlace, b: TierPlace): number {
  if (a.exists !== b.exists) return a.exists ? -1 : 1;
  return compareOrders(a.order, b.order) || compareUtf8(a.name, b.name);
}

/** Where a policy stands in its tier. */
export type PolicyPlace = {
  /** `undefined` is last. */
  readonly order: number | undefined;
  /** See `tieBreak`. */
  readonly tieBreak: string;
};

/** By order with unset last, then by the tie-break text. */
export function comparePolicies(a: PolicyPlace, b: PolicyPlace): number {
  return compareOrders(a.order, b.order) || compareUtf8(a.tieBreak, b.tieBreak);
}

/**
 * The text that decides between policies of one order. The name is followed by `/`, which sorts after `-` and `.`:
 * `web-a` and `web.a` come before `web`.
 */
export function tieBreak(id: PolicyId): string {
  return `${id.name}/${id.namespace}/${id.kind}`;
}

function compareOrders(a: number | undefined, b: number | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return a - b;
}
