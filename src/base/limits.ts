/**
 * Limits on everything that comes from outside, in one place: each with its unit and its reason.
 * Exceeding one is an issue or a reasoned refusal, never a slow path.
 */

// Selectors. The API's own cap is 1,024 characters a field; combined ones and those
// received over PolicySync are longer.
export const SELECTOR_TEXT_MAX_CHARS = 8_192;
/** Nesting of parentheses and `!`; bounds the recursion of parser and evaluator. */
export const SELECTOR_DEPTH_MAX = 64;
/** Calico's own tokenizer limit for a label name. */
export const LABEL_NAME_MAX_CHARS = 512;
