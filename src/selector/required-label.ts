import { unreachable } from "../base/assert.ts";
import { compareUtf8 } from "../base/compare-utf8.ts";
import type { Selector } from "./selector.ts";

/** The label must be present and, where `values` is given, have one of them (bytewise sorted; empty: nothing matches). */
export type RequiredLabel = {
  readonly label: string;
  readonly values: readonly string[] | undefined;
};

/**
 * The condition that narrows a search for matches most: fewest values, then mere presence, then the first written.
 *
 * Every label set that matches the selector meets it; the other way round need not hold. Undefined: none found.
 */
export function requiredLabel(selector: Selector): RequiredLabel | undefined {
  return requiredLabels(selector)[0];
}

/** Every condition found, each label once, the narrowest first; for an index that knows which label is rare. */
export function requiredLabels(selector: Selector): readonly RequiredLabel[] {
  const found: RequiredLabel[] = [];
  for (const [label, values] of findConditions(selector, false)) found.push({ label, values });
  return found.sort((left, right) => breadth(left) - breadth(right));
}

function breadth({ values }: RequiredLabel): number {
  return values === undefined ? Number.MAX_SAFE_INTEGER : values.length;
}

/** Label → values it must have one of, or undefined for mere presence. */
type Conditions = Map<string, readonly string[] | undefined>;

/** `negated`: about what does *not* match `selector`; pushes `not` down to the leaves. */
function findConditions(selector: Selector, negated: boolean): Conditions {
  switch (selector.op) {
    case "all":
    case "global":
      return new Map();
    case "has":
    case "contains":
    case "startsWith":
    case "endsWith":
      return negated ? new Map() : new Map([[selector.label, undefined]]);
    case "eq":
      return negated ? new Map() : new Map([[selector.label, [selector.value]]]);
    case "ne":
      return negated ? new Map([[selector.label, [selector.value]]]) : new Map();
    case "in":
      return negated ? new Map() : new Map([[selector.label, selector.values]]);
    case "notIn":
      return negated ? new Map([[selector.label, selector.values]]) : new Map();
    case "not":
      return findConditions(selector.operand, !negated);
    case "and":
    case "or": {
      const parts = selector.operands.map((operand) => findConditions(operand, negated));
      return (selector.op === "and") !== negated ? conjunction(parts) : disjunction(parts);
    }
    default:
      return unreachable(selector);
  }
}

/** Every part's conditions hold; two about one label leave the values common to both. */
function conjunction(parts: readonly Conditions[]): Conditions {
  const all: Conditions = new Map();
  for (const part of parts) {
    for (const [label, values] of part) {
      const known = all.get(label);
      if (known === undefined) all.set(label, values);
      else if (values !== undefined) all.set(label, common(known, values));
    }
  }
  return all;
}

/** Only what every part requires is required; a label's values are those of any part. */
function disjunction(parts: readonly Conditions[]): Conditions {
  const [first, ...others] = parts;
  const shared: Conditions = new Map(first);
  for (const part of others) {
    for (const [label, values] of shared) {
      const more = part.get(label);
      if (!part.has(label)) shared.delete(label);
      else shared.set(label, values === undefined || more === undefined ? undefined : union(values, more));
    }
  }
  return shared;
}

function common(left: readonly string[], right: readonly string[]): readonly string[] {
  const members = new Set(right);
  return left.filter((value) => members.has(value));
}

function union(left: readonly string[], right: readonly string[]): readonly string[] {
  return [...new Set([...left, ...right])].sort(compareUtf8);
}
