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

// Logs and the admin listener.
/** Log lines waiting for a slow reader of standard error; more are dropped rather than waited for. */
export const LOG_BUFFER_MAX_BYTES = 1_048_576;
/** Denials logged a second on average, and at once; the rest are counted. */
export const DENIAL_LOG_RATE_PER_SECOND = 20;
export const DENIAL_LOG_BURST = 100;
/** Bytes of a path, method or principal in a log line. */
export const LOG_TEXT_MAX_CHARS = 256;
/** Probes, a scraper and a person at once; each answer takes a millisecond. */
export const ADMIN_CONNECTIONS_MAX = 64;
export const ADMIN_HEADER_MAX_BYTES = 8_192;
/** A request to the admin listener that is not complete by then is dropped. */
export const ADMIN_REQUEST_TIMEOUT_MS = 5_000;
/** Issues listed in `/status`; the count says how many there are. */
export const STATUS_ISSUES_MAX = 100;
