import {
  compileSelector,
  type LabelLookup,
  type RequiredLabel,
  requiredLabels,
} from "../selector/match-selector.ts";
import type { Selector } from "../selector/selector.ts";

/** A selector prepared for matching, and for being found by the labels that can make it match. */
export type Matcher = {
  readonly selector: Selector;
  readonly matches: (labels: LabelLookup) => boolean;
  /** Each alone is a condition of matching; an index may file the selector under any one. Empty: none is known. */
  readonly terms: readonly RequiredLabel[];
  /** Every label name that the outcome can depend on. */
  readonly names: ReadonlySet<string>;
};

/** Prepare a selector. Costs by its size; done once per policy and IP set. */
export function createMatcher(selector: Selector): Matcher {
  const names = new Set<string>();
  collectNames(selector, names);
  return { selector, matches: compileSelector(selector), terms: requiredLabels(selector), names };
}

function collectNames(selector: Selector, names: Set<string>): void {
  switch (selector.op) {
    case "all":
    case "global":
      return;
    case "not":
      collectNames(selector.operand, names);
      return;
    case "and":
    case "or":
      for (const operand of selector.operands) collectNames(operand, names);
      return;
    default:
      names.add(selector.label);
  }
}
