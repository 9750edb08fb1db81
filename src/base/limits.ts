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

// Identities.
/** The SPIFFE ID standard's own limit for a whole ID. */
export const SPIFFE_ID_MAX_BYTES = 2_048;
/** The SPIFFE ID standard's limit for the trust domain, that of a URI's host. */
export const TRUST_DOMAIN_MAX_BYTES = 255;
/** RFC 1123 as Kubernetes applies it: a label (namespaces) and a subdomain (service accounts). */
export const DNS_LABEL_MAX_CHARS = 63;
export const DNS_SUBDOMAIN_MAX_CHARS = 253;
/** A forwarded certificate, URL-encoded PEM. A leaf takes about 2,000 characters with an RSA key. */
export const FORWARDED_CERTIFICATE_MAX_CHARS = 65_536;
/** Distinct principals kept judged. More than that only costs judging again. */
export const IDENTITY_CACHE_MAX = 8_192;
/** Distinct certificates kept checked, and the characters that they may hold together. */
export const CERTIFICATE_CACHE_MAX = 4_096;
export const CERTIFICATE_CACHE_MAX_CHARS = 16_777_216;
/** Characters of an identity that can't be judged, kept for logs and explanations. */
export const FOREIGN_ID_MAX_CHARS = 256;

// Checks.
/**
 * A CheckRequest. Envoy sends the headers, `:path` among them a second time, so header blocks of 1 MiB come to
 * about 2 MiB, and a body if told to.
 */
export const CHECK_REQUEST_MAX_BYTES = 4_194_304;
/**
 * What the transport takes in. Larger than CHECK_REQUEST_MAX_BYTES because the transport can only answer with an error,
 * which hands the decision to Envoy's failure mode; up to here a too large check is denied in a good reply.
 */
export const CHECK_TRANSPORT_MAX_BYTES = 67_108_864;
/** Nested groups, which proto3 does not have, in a CheckRequest's unknown fields. */
export const WIRE_GROUP_DEPTH_MAX = 16;
/** Connections of one server. Envoy opens one a worker thread, and one more for each CHECK_STREAMS_MAX calls under way. */
export const CHECK_CONNECTIONS_MAX = 1_024;
/** Calls under way on one connection. */
export const CHECK_STREAMS_MAX = 1_000;
/** Once a check has waited this long it is refused at once; half of Envoy's default timeout of 200 ms. */
export const CHECK_WAIT_MAX_MS = 100;
/** Open calls get this long to end after the last GOAWAY. */
export const SHUTDOWN_GRACE_MS = 1_000;
/** Bytes of the body that a denied client sees. */
export const DENIAL_BODY_MAX_BYTES = 1_024;
