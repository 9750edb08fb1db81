/**
 * A selector as an immutable syntax tree.
 *
 * Selectors are combined here, as trees, and never as text: a part that would close somebody else's parenthesis does
 * not exist. Build nodes with the functions below; they keep the invariants that the canonical text relies on:
 * `values` sorted bytewise without duplicates, `and`/`or` of two operands or more, no double negation.
 */
import { unreachable } from "../base/assert.ts";
import { compareUtf8 } from "../base/compare-utf8.ts";

export type Selector =
  | { readonly op: "all" }
  /** True of everything; what it means where a namespace selector stands is the combiner's to say. */
  | { readonly op: "global" }
  | { readonly op: "has"; readonly label: string }
  | {
      readonly op: "eq" | "ne" | "contains" | "startsWith" | "endsWith";
      readonly label: string;
      readonly value: string;
    }
  | { readonly op: "in" | "notIn"; readonly label: string; readonly values: readonly string[] }
  | { readonly op: "not"; readonly operand: Selector }
  | { readonly op: "and" | "or"; readonly operands: readonly Selector[] };

export const ALL: Selector = { op: "all" };
export const GLOBAL: Selector = { op: "global" };

/** All of `operands`; of none: `all()`. Operands that are themselves `and` keep their own parentheses. */
export function and(...operands: Selector[]): Selector {
  const [first, ...others] = operands;
  if (first === undefined) return ALL;
  return others.length === 0 ? first : { op: "and", operands };
}

/** Any of `operands`; of none: `!all()`, which nothing matches. */
export function or(...operands: Selector[]): Selector {
  const [first, ...others] = operands;
  if (first === undefined) return not(ALL);
  return others.length === 0 ? first : { op: "or", operands };
}

export function not(operand: Selector): Selector {
  return operand.op === "not" ? operand.operand : { op: "not", operand };
}

export function has(label: string): Selector {
  return { op: "has", label };
}

export function equals(label: string, value: string): Selector {
  return { op: "eq", label, value };
}

/** The label is present with one of `values`, in any order; of none: never true. */
export function isIn(label: string, values: readonly string[]): Selector {
  return { op: "in", label, values: sortedUnique(values) };
}

/** The label is absent or has none of `values`. */
export function isNotIn(label: string, values: readonly string[]): Selector {
  return { op: "notIn", label, values: sortedUnique(values) };
}

/** The same selector about labels named `prefix` + name; `all()` and `global()` are untouched. */
export function prefixLabels(selector: Selector, prefix: string): Selector {
  return rewrite(selector, (leaf) => ("label" in leaf ? { ...leaf, label: prefix + leaf.label } : leaf));
}

/** The same selector with other trees in place of every `all()` and every `global()`. */
export function replaceAllAndGlobal(selector: Selector, all: Selector, global: Selector): Selector {
  return rewrite(selector, (leaf) => {
    if (leaf.op === "all") return all;
    return leaf.op === "global" ? global : leaf;
  });
}

/** Whether `global()` stands anywhere in it; it is allowed only alone and only in namespace selectors. */
export function mentionsGlobal(selector: Selector): boolean {
  switch (selector.op) {
    case "global":
      return true;
    case "not":
      return mentionsGlobal(selector.operand);
    case "and":
    case "or":
      return selector.operands.some(mentionsGlobal);
    default:
      return false;
  }
}

/** The members in the order of their UTF-8 bytes, each once. */
function sortedUnique(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort(compareUtf8);
}

type Leaf = Exclude<Selector, { readonly op: "not" | "and" | "or" }>;

function rewrite(selector: Selector, leaf: (leaf: Leaf) => Selector): Selector {
  switch (selector.op) {
    case "all":
    case "global":
    case "has":
    case "eq":
    case "ne":
    case "contains":
    case "startsWith":
    case "endsWith":
    case "in":
    case "notIn":
      return leaf(selector);
    case "not":
      return not(rewrite(selector.operand, leaf));
    case "and":
    case "or":
      return { op: selector.op, operands: selector.operands.map((operand) => rewrite(operand, leaf)) };
    default:
      return unreachable(selector);
  }
}
