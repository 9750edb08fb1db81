import { CHAIN_AUTHORITIES_MAX, CHAIN_SIGNATURES_MAX } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import { type Certificate, hasStrongKey } from "./certificate.ts";
import {
  EXTENDED_USAGE_ANY,
  EXTENDED_USAGE_CLIENT,
  KEY_USAGE_CERT_SIGN,
  type UriConstraints,
} from "./certificate-extensions.ts";

/** When a verified path holds: milliseconds since the Unix epoch, both ends included. */
export type Validity = { readonly fromMs: number; readonly toMs: number };

export type PathQuestion = {
  readonly leaf: Certificate;
  /** Of the leaf, whose one URI name is a SPIFFE ID of this domain. */
  readonly trustDomain: string;
  /** The authorities of that trust domain, and of no other. Each ends a path, whether or not it signed itself. */
  readonly anchors: readonly Certificate[];
  /** What the peer sent beside its leaf, in any order. */
  readonly intermediates: readonly Certificate[];
  readonly nowMs: number;
};

/**
 * Looks for a path from a leaf to an authority of its trust domain (X.509-SVID standard section 5.1, RFC 5280 section 6): signatures by
 * algorithms that count, names and key identifiers that fit, authorities that may sign, their path lengths, the dates of all of it, URI
 * name constraints, extended key usages that let a client's leaf through, no critical extension that is not understood. An intermediate
 * that names a SPIFFE ID names that of the trust domain (section 4.1 there).
 *
 * Bounded by CHAIN_AUTHORITIES_MAX and CHAIN_SIGNATURES_MAX.
 */
export function verifyPath(question: PathQuestion): Result<Validity, string> {
  return new PathSearch(question).run();
}

class PathSearch {
  readonly #question: PathQuestion;
  #signatures = 0;
  /** Of the authority that came nearest; refined as the search goes on. */
  #why: string;

  constructor(question: PathQuestion) {
    this.#question = question;
    this.#why = `no authority of ${question.trustDomain} signed the certificate`;
  }

  run(): Result<Validity, string> {
    const { leaf, nowMs } = this.#question;
    if (nowMs < leaf.validFromMs) return err("the certificate is not valid yet");
    if (nowMs > leaf.validToMs) return err("the certificate has expired");
    const path = this.#extend([leaf]);
    if (path === undefined) return err(this.#why);
    return ok({
      fromMs: Math.max(...path.map(({ validFromMs }) => validFromMs)),
      toMs: Math.min(...path.map(({ validToMs }) => validToMs)),
    });
  }

  /** @param path leaf first; all but the leaf are authorities. */
  #extend(path: readonly Certificate[]): readonly Certificate[] | undefined {
    const { anchors, intermediates } = this.#question;
    const last = path.at(-1);
    if (last === undefined) return undefined;
    for (const anchor of anchors) {
      if (this.#issued(anchor, last, path, true)) return [...path, anchor];
    }
    if (path.length > CHAIN_AUTHORITIES_MAX) {
      this.#why = `the path is longer than ${CHAIN_AUTHORITIES_MAX} authorities`;
      return undefined;
    }
    for (const intermediate of intermediates) {
      const isThere = path.some(({ x509 }) => x509.raw.equals(intermediate.x509.raw));
      if (isThere || !this.#issued(intermediate, last, path, false)) continue;
      const found = this.#extend([...path, intermediate]);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #issued(
    issuer: Certificate,
    subject: Certificate,
    path: readonly Certificate[],
    isAnchor: boolean,
  ): boolean {
    // First the name, since whose authority it is not says nothing of why the path failed.
    if (issuer.x509.subject !== subject.x509.issuer) return false;
    const problem = this.#problemOf(issuer, subject, path, isAnchor);
    if (problem !== undefined) this.#why = problem;
    return problem === undefined;
  }

  #problemOf(
    issuer: Certificate,
    subject: Certificate,
    path: readonly Certificate[],
    isAnchor: boolean,
  ): string | undefined {
    const { nowMs, trustDomain } = this.#question;
    const { extensions } = issuer;
    const what = isAnchor ? "the authority" : "an intermediate authority";
    const inherited = authorityProblem(issuer, isAnchor);
    if (inherited !== undefined) return `${what} ${inherited}`;
    if (nowMs < issuer.validFromMs) return `${what} is not valid yet`;
    if (nowMs > issuer.validToMs) return `${what} has expired`;
    const below = path.slice(1).filter(({ x509 }) => x509.subject !== x509.issuer).length;
    if (extensions.pathLength !== undefined && extensions.pathLength < below) {
      return `${what} allows for fewer authorities below`;
    }
    if (!allowsTrustDomain(extensions.nameConstraints, trustDomain)) {
      return `${what} has name constraints that do not allow for ${trustDomain}`;
    }
    const usage = extensions.extendedKeyUsage;
    if (
      usage !== undefined &&
      !usage.includes(EXTENDED_USAGE_CLIENT) &&
      !usage.includes(EXTENDED_USAGE_ANY)
    ) {
      return `${what} may not sign clients' certificates`;
    }
    if (!isAnchor && !isOfTrustDomain(issuer, trustDomain)) {
      return `${what} is that of another trust domain`;
    }
    if (!subject.hasStrongSignature) return "a signature on the path is by an algorithm that does not count";
    if (!subject.x509.checkIssued(issuer.x509)) return `${what} of that name has another key`;
    if (++this.#signatures > CHAIN_SIGNATURES_MAX) {
      return `no path was found within ${CHAIN_SIGNATURES_MAX} signatures`;
    }
    return isSignedBy(subject, issuer) ? undefined : `no authority of ${trustDomain} signed the certificate`;
  }
}

/**
 * Why a certificate can't be an authority's, whatever it signed; undefined if it can.
 *
 * One that an operator put into a bundle may lack the key usage extension, which then limits nothing (RFC 5280 section 4.2.1.3), as many
 * a root does; an intermediate is held to the X.509-SVID standard, section 4.3.
 */
export function authorityProblem({ extensions, x509 }: Certificate, isAnchor: boolean): string | undefined {
  if (!extensions.isAuthority || !x509.ca) return "is not that of an authority";
  const { keyUsage, unknownCritical } = extensions;
  const maySign = keyUsage === undefined ? isAnchor : (keyUsage & KEY_USAGE_CERT_SIGN) !== 0;
  if (!maySign) return "may not sign certificates";
  if (unknownCritical !== undefined)
    return `has a critical extension that is not understood: ${unknownCritical}`;
  return undefined;
}

function isSignedBy(subject: Certificate, issuer: Certificate): boolean {
  try {
    return hasStrongKey(issuer) && subject.x509.verify(issuer.x509.publicKey);
  } catch {
    return false; // a key that does not go with the signature's algorithm
  }
}

function isOfTrustDomain({ extensions }: Certificate, trustDomain: string): boolean {
  return extensions.uriNames.every((uri) => !uri.startsWith("spiffe:") || uri === `spiffe://${trustDomain}`);
}

function allowsTrustDomain(constraints: UriConstraints | "other" | undefined, trustDomain: string): boolean {
  if (constraints === undefined) return true;
  if (constraints === "other") return false;
  const covers = (host: string): boolean =>
    host.startsWith(".") ? trustDomain.endsWith(host) : trustDomain === host;
  return (
    !constraints.excluded.some(covers) &&
    (constraints.permitted.length === 0 || constraints.permitted.some(covers))
  );
}
