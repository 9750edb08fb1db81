import { SPIFFE_ID_MAX_BYTES, TRUST_DOMAIN_MAX_BYTES } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";

/** A SPIFFE ID as the SPIFFE ID standard (sections 2.1 to 2.4) has it; comparison is by `text`. */
export type SpiffeId = {
  readonly text: string;
  readonly trustDomain: string;
  /** Begins with `/`, or empty for the ID of a trust domain itself. */
  readonly path: string;
};

const SCHEME = "spiffe://";

/**
 * Parses a SPIFFE ID, without any normalisation: two texts are either the same ID or different ones.
 *
 * Strict where URIs are loose: scheme and trust domain in lower case, no user, port, query, fragment or percent-encoding,
 * no empty, `.` or `..` segment, no closing `/`, letters, digits, `.`, `-` and `_` only.
 */
export function parseSpiffeId(text: string): Result<SpiffeId, string> {
  // Every accepted character is one byte; any other is refused below, so characters bound the work.
  if (text.length > SPIFFE_ID_MAX_BYTES) return err(`longer than ${SPIFFE_ID_MAX_BYTES} bytes`);
  if (!text.startsWith(SCHEME)) return err("does not begin with `spiffe://`");
  const slash = text.indexOf("/", SCHEME.length);
  const trustDomain = slash === -1 ? text.slice(SCHEME.length) : text.slice(SCHEME.length, slash);
  const path = slash === -1 ? "" : text.slice(slash);
  const problem = trustDomainProblem(trustDomain) ?? pathProblem(path);
  return problem === undefined ? ok({ text, trustDomain, path }) : err(problem);
}

/** Whether a text is a trust domain's name, as a flag or a SPIFFE ID carries it. */
export function isTrustDomain(text: string): boolean {
  return trustDomainProblem(text) === undefined;
}

function trustDomainProblem(name: string): string | undefined {
  if (name === "") return "has no trust domain";
  if (name.length > TRUST_DOMAIN_MAX_BYTES)
    return `has a trust domain longer than ${TRUST_DOMAIN_MAX_BYTES} bytes`;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (!isLowerOrDigit(code) && !isPunctuation(code)) {
      return "has a trust domain with other characters than lower-case letters, digits, `.`, `-` and `_`";
    }
  }
  return undefined;
}

function pathProblem(path: string): string | undefined {
  if (path === "") return undefined;
  let segmentFirst = 1;
  for (let i = 1; i <= path.length; i++) {
    const code = i === path.length ? SLASH : path.charCodeAt(i);
    if (code === SLASH) {
      if (i === segmentFirst) return "has an empty path segment or ends with `/`";
      const segment = i - segmentFirst <= 2 ? path.slice(segmentFirst, i) : "";
      if (segment === "." || segment === "..") return "has a path segment `.` or `..`";
      segmentFirst = i + 1;
    } else if (!isLowerOrDigit(code) && !isUpper(code) && !isPunctuation(code)) {
      return "has a path with other characters than letters, digits, `.`, `-` and `_`";
    }
  }
  return undefined;
}

const SLASH = 0x2f;

function isLowerOrDigit(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);
}

function isUpper(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

/** `-`, `.` and `_`. */
function isPunctuation(code: number): boolean {
  return code === 0x2d || code === 0x2e || code === 0x5f;
}
