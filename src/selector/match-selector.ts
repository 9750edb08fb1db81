import { unreachable } from "../base/assert.ts";
import type { Selector } from "./selector.ts";

export { type RequiredLabel, requiredLabel, requiredLabels } from "./required-label.ts";

/** Labels as a selector asks for them; a `Map` is one. */
export type LabelLookup = { get(name: string): string | undefined };

/**
 * Whether `labels` satisfy `selector`: the meaning of the language, one line a node.
 *
 * The recursion is as deep as the tree, which the parser bounds.
 */
export function matchSelector(selector: Selector, labels: LabelLookup): boolean {
  switch (selector.op) {
    case "all":
    case "global":
      return true;
    case "has":
      return labels.get(selector.label) !== undefined;
    case "eq":
      return labels.get(selector.label) === selector.value;
    case "ne":
      return labels.get(selector.label) !== selector.value;
    case "contains":
      return labels.get(selector.label)?.includes(selector.value) ?? false;
    case "startsWith":
      return labels.get(selector.label)?.startsWith(selector.value) ?? false;
    case "endsWith":
      return labels.get(selector.label)?.endsWith(selector.value) ?? false;
    case "in":
      return isOneOf(labels.get(selector.label), selector.values);
    case "notIn":
      return !isOneOf(labels.get(selector.label), selector.values);
    case "not":
      return !matchSelector(selector.operand, labels);
    case "and":
      return selector.operands.every((operand) => matchSelector(operand, labels));
    case "or":
      return selector.operands.some((operand) => matchSelector(operand, labels));
    default:
      return unreachable(selector);
  }
}

/** The same answers as `matchSelector`, prepared once for many label sets. */
export function compileSelector(selector: Selector): (labels: LabelLookup) => boolean {
  switch (selector.op) {
    case "all":
    case "global":
      return () => true;
    case "has": {
      const { label } = selector;
      return (labels) => labels.get(label) !== undefined;
    }
    case "eq": {
      const { label, value } = selector;
      return (labels) => labels.get(label) === value;
    }
    case "ne": {
      const { label, value } = selector;
      return (labels) => labels.get(label) !== value;
    }
    case "contains": {
      const { label, value } = selector;
      return (labels) => labels.get(label)?.includes(value) ?? false;
    }
    case "startsWith": {
      const { label, value } = selector;
      return (labels) => labels.get(label)?.startsWith(value) ?? false;
    }
    case "endsWith": {
      const { label, value } = selector;
      return (labels) => labels.get(label)?.endsWith(value) ?? false;
    }
    case "in":
      return compileIn(selector.label, selector.values);
    case "notIn": {
      const matchesIn = compileIn(selector.label, selector.values);
      return (labels) => !matchesIn(labels);
    }
    case "not": {
      const matches = compileSelector(selector.operand);
      return (labels) => !matches(labels);
    }
    case "and":
      return compileAnd(selector.operands.map(compileSelector));
    case "or":
      return compileOr(selector.operands.map(compileSelector));
    default:
      return unreachable(selector);
  }
}

type Matcher = (labels: LabelLookup) => boolean;

function isOneOf(value: string | undefined, values: readonly string[]): boolean {
  return value !== undefined && values.includes(value);
}

function compileIn(label: string, values: readonly string[]): Matcher {
  const members = new Set(values);
  return (labels) => {
    const value = labels.get(label);
    return value !== undefined && members.has(value);
  };
}

/** Pairs, by far the most common, skip the loop. */
function compileAnd(operands: readonly Matcher[]): Matcher {
  const [first, second, ...others] = operands;
  if (first !== undefined && second !== undefined && others.length === 0) {
    return (labels) => first(labels) && second(labels);
  }
  return (labels) => {
    for (const operand of operands) if (!operand(labels)) return false;
    return true;
  };
}

function compileOr(operands: readonly Matcher[]): Matcher {
  return (labels) => {
    for (const operand of operands) if (operand(labels)) return true;
    return false;
  };
}
