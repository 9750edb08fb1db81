/** The selector language: parse, canonical text and id, match. Pure. */
export { formatSelector, hashId, selectorId } from "./format-selector.ts";
export { compileSelector, type LabelLookup, matchSelector } from "./match-selector.ts";
export { parseSelector, type SelectorError } from "./parse-selector.ts";
export { type RequiredLabel, requiredLabel, requiredLabels } from "./required-label.ts";
export {
  ALL,
  and,
  equals,
  GLOBAL,
  has,
  isIn,
  isNotIn,
  mentionsGlobal,
  not,
  or,
  prefixLabels,
  replaceAllAndGlobal,
  type Selector,
} from "./selector.ts";
