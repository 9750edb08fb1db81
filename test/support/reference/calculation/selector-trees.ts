/** Selector trees for the reference calculation: built, matched and written out from the language's definition alone. */
import type { Selector } from "../../../../src/selector/selector.ts";
import type { LabelMap } from "../selector-text.ts";

export const EVERYTHING: Selector = { op: "all" };

export function matchTree(selector: Selector, labels: LabelMap): boolean {
  switch (selector.op) {
    case "all":
    case "global":
      return true;
    case "has":
      return labels.has(selector.label);
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
      return labels.has(selector.label) && selector.values.includes(labels.get(selector.label)!);
    case "notIn":
      return !labels.has(selector.label) || !selector.values.includes(labels.get(selector.label)!);
    case "not":
      return !matchTree(selector.operand, labels);
    case "and":
      return selector.operands.every((operand) => matchTree(operand, labels));
    case "or":
      return selector.operands.some((operand) => matchTree(operand, labels));
  }
}

/** Rewrites every leaf. */
export function mapLeaves(selector: Selector, change: (leaf: Selector) => Selector): Selector {
  switch (selector.op) {
    case "not":
      return { op: "not", operand: mapLeaves(selector.operand, change) };
    case "and":
    case "or":
      return { op: selector.op, operands: selector.operands.map((operand) => mapLeaves(operand, change)) };
    default:
      return change(selector);
  }
}

/** `pcns.` or `pcsa.` before every label name. */
export function withPrefix(selector: Selector, prefix: string): Selector {
  return mapLeaves(selector, (leaf) => ("label" in leaf ? { ...leaf, label: prefix + leaf.label } : leaf));
}

export function allOf(parts: readonly (Selector | undefined)[]): Selector | undefined {
  const operands = parts.filter((part) => part !== undefined);
  return operands.length <= 1 ? operands[0] : { op: "and", operands };
}

/** The canonical text: one space around operators, double quotes, sets sorted, groups in parentheses. */
export function writeTree(selector: Selector): string {
  switch (selector.op) {
    case "all":
      return "all()";
    case "global":
      return "global()";
    case "has":
      return `has(${selector.label})`;
    case "eq":
      return `${selector.label} == ${quote(selector.value)}`;
    case "ne":
      return `${selector.label} != ${quote(selector.value)}`;
    case "contains":
      return `${selector.label} contains ${quote(selector.value)}`;
    case "startsWith":
      return `${selector.label} starts with ${quote(selector.value)}`;
    case "endsWith":
      return `${selector.label} ends with ${quote(selector.value)}`;
    case "in":
      return `${selector.label} in {${writeValues(selector.values)}}`;
    case "notIn":
      return `${selector.label} not in {${writeValues(selector.values)}}`;
    case "not":
      return `!${writeTree(selector.operand)}`;
    case "and":
      return `(${selector.operands.map(writeTree).join(" && ")})`;
    case "or":
      return `(${selector.operands.map(writeTree).join(" || ")})`;
  }
}

function writeValues(values: readonly string[]): string {
  const sorted = [...new Set(values)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return sorted.map(quote).join(", ");
}

function quote(value: string): string {
  return value.includes('"') ? `'${value}'` : `"${value}"`;
}
