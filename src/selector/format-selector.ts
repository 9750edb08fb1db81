import { hash } from "node:crypto";
import { unreachable } from "../base/assert.ts";
import { isLabelUnit } from "./parse-selector.ts";
import type { Selector } from "./selector.ts";

/**
 * The canonical text: equal trees have equal texts and different trees different ones.
 *
 * One space around operators, values in double quotes (single where they hold a double one), set members sorted, one
 * pair of parentheses around every `and` and `or`, `!` directly before its operand.
 */
export function formatSelector(selector: Selector): string {
  switch (selector.op) {
    case "all":
      return "all()";
    case "global":
      return "global()";
    case "has":
      return `has(${formatLabel(selector.label)})`;
    case "eq":
    case "ne":
    case "contains":
    case "startsWith":
    case "endsWith":
      return `${formatLabel(selector.label)} ${OPERATORS[selector.op]} ${formatValue(selector.value)}`;
    case "in":
    case "notIn": {
      const values = selector.values.map(formatValue).join(", ");
      return `${formatLabel(selector.label)} ${OPERATORS[selector.op]} {${values}}`;
    }
    case "not":
      return `!${formatSelector(selector.operand)}`;
    case "and":
    case "or":
      return `(${selector.operands.map(formatSelector).join(` ${OPERATORS[selector.op]} `)})`;
    default:
      return unreachable(selector);
  }
}

/** The id of the set of endpoints that a selector selects: `s:` and a hash of the canonical text. */
export function selectorId(selector: Selector): string {
  return hashId("s:", formatSelector(selector));
}

/**
 * `prefix` and the unpadded base64url SHA-224 of `prefix` + `text`: 38 characters that stand for `text` as a set id.
 *
 * @param text well-formed Unicode; half surrogates would all hash alike.
 */
export function hashId(prefix: string, text: string): string {
  return prefix + hash("sha224", prefix + text, "base64url");
}

const OPERATORS = {
  eq: "==",
  ne: "!=",
  contains: "contains",
  startsWith: "starts with",
  endsWith: "ends with",
  in: "in",
  notIn: "not in",
  and: "&&",
  or: "||",
} as const;

/** A tree built by hand may name a label that the language can't write; such a text must not read as another tree. */
function formatLabel(label: string): string {
  for (let index = 0; index < label.length; index++) {
    if (!isLabelUnit(label.charCodeAt(index))) return backquote(label);
  }
  return label === "" ? backquote(label) : label;
}

function formatValue(value: string): string {
  if (!value.includes('"')) return `"${value}"`;
  return value.includes("'") ? backquote(value) : `'${value}'`;
}

/** For what the language can't write; does not parse, and no two texts share a form. */
function backquote(text: string): string {
  return `\`${text.replaceAll("%", "%25").replaceAll("`", "%60")}\``;
}
