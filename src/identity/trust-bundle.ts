import {
  CERTIFICATE_MAX_BYTES,
  TRUST_BUNDLE_AUTHORITIES_MAX,
  TRUST_BUNDLE_MAX_BYTES,
} from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import { type Certificate, readCertificate, readPemCertificates } from "./certificate.ts";
import { isTrustDomain } from "./spiffe-id.ts";
import { authorityProblem } from "./verify-path.ts";

/** The authorities of a trust domain. */
export type TrustBundle = readonly Certificate[];

/** What a file holds: one bundle, whose trust domain it does not say, or several with theirs. */
export type BundleContent =
  | { readonly kind: "one"; readonly bundle: TrustBundle }
  | { readonly kind: "by-trust-domain"; readonly bundles: ReadonlyMap<string, TrustBundle> };

/**
 * Reads a trust bundle: PEM; or JSON as the SPIFFE Trust Domain and Bundle standard has it (section 4: a JWK set, whose keys with `use`
 * "x509-svid" count); or several of those by trust domain, as `{"trust_domains": {NAME: BUNDLE}}`.
 *
 * All or nothing: a bundle with one authority that can't be used is refused whole. A JSON bundle may be empty: that trust domain has
 * revoked all its authorities, and nobody of it is verified.
 */
export function parseTrustBundle(text: string): Result<BundleContent, string> {
  if (text.length > TRUST_BUNDLE_MAX_BYTES) return err(`is longer than ${TRUST_BUNDLE_MAX_BYTES} bytes`);
  if (!text.trimStart().startsWith("{")) {
    const bundle = toBundle(readPemCertificates(text));
    return bundle.ok ? ok({ kind: "one", bundle: bundle.value }) : bundle;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err("is not JSON"); // nor PEM, which begins otherwise
  }
  if (isObject(value) && "trust_domains" in value) return parseBundleMap(value["trust_domains"]);
  const bundle = parseJwks(value);
  return bundle.ok ? ok({ kind: "one", bundle: bundle.value }) : bundle;
}

/** Reads DER certificates one after the other, as the Workload API sends a bundle. */
export function parseDerBundle(bytes: Buffer): Result<TrustBundle, string> {
  const certificates = readDerCertificates(bytes);
  return toBundle(certificates);
}

/** Certificates in DER, concatenated. */
export function readDerCertificates(bytes: Buffer): Result<readonly Certificate[], string> {
  if (bytes.length > TRUST_BUNDLE_MAX_BYTES) return err(`is longer than ${TRUST_BUNDLE_MAX_BYTES} bytes`);
  const certificates: Certificate[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    // The library reads the first certificate and passes over what follows.
    const rest = bytes.subarray(offset, offset + CERTIFICATE_MAX_BYTES);
    const certificate = readCertificate(rest);
    if (!certificate.ok) return err(`certificate ${certificates.length + 1} ${certificate.error}`);
    const { raw } = certificate.value.x509;
    if (!rest.subarray(0, raw.length).equals(raw))
      return err("holds something else than certificates in DER");
    certificates.push(certificate.value);
    offset += raw.length;
  }
  return ok(certificates);
}

function toBundle(certificates: Result<readonly Certificate[], string>): Result<TrustBundle, string> {
  if (!certificates.ok) return certificates;
  if (certificates.value.length > TRUST_BUNDLE_AUTHORITIES_MAX) {
    return err(`holds more than ${TRUST_BUNDLE_AUTHORITIES_MAX} authorities`);
  }
  for (const [i, certificate] of certificates.value.entries()) {
    const problem = authorityProblem(certificate, true);
    if (problem !== undefined) return err(`certificate ${i + 1} ${problem}`);
  }
  return certificates;
}

function parseBundleMap(value: unknown): Result<BundleContent, string> {
  if (!isObject(value)) return err("`trust_domains` is not an object");
  const bundles = new Map<string, TrustBundle>();
  for (const [name, bundle] of Object.entries(value)) {
    if (!isTrustDomain(name)) return err(`\`trust_domains\` names \`${name}\`, which is no trust domain`);
    const parsed = parseJwks(bundle);
    if (!parsed.ok) return err(`the bundle of ${name} ${parsed.error}`);
    bundles.set(name, parsed.value);
  }
  return ok({ kind: "by-trust-domain", bundles });
}

function parseJwks(value: unknown): Result<TrustBundle, string> {
  if (!isObject(value)) return err("is not a SPIFFE bundle: not a JSON object");
  const keys = value["keys"];
  if (!Array.isArray(keys)) return err("is not a SPIFFE bundle: `keys` is not a list");
  for (const name of ["spiffe_sequence", "spiffe_refresh_hint"]) {
    if (value[name] !== undefined && !Number.isSafeInteger(value[name]))
      return err(`has a \`${name}\` that is no integer`);
  }
  const certificates: Certificate[] = [];
  for (const [i, key] of keys.entries()) {
    if (!isObject(key)) return err(`key ${i + 1} is not an object`);
    // Section 4.2.2: keys for other purposes, or for none that is told, are passed over.
    if (key["use"] !== "x509-svid") continue;
    const certificate = parseJwk(key);
    if (!certificate.ok) return err(`key ${i + 1} ${certificate.error}`);
    certificates.push(certificate.value);
  }
  return toBundle(ok(certificates));
}

/** RFC 7518 section 6.1, RFC 8037 section 2. */
const KEY_TYPES = new Set(["RSA", "EC", "OKP"]);

/** X.509-SVID standard section 6.2: the one element of `x5c` is the authority's certificate, in Base64. */
function parseJwk(key: Readonly<Record<string, unknown>>): Result<Certificate, string> {
  if (!KEY_TYPES.has(String(key["kty"]))) return err("has a `kty` that is not RSA, EC or OKP");
  const chain = key["x5c"];
  const [certificate] = Array.isArray(chain) ? chain : [];
  if (!Array.isArray(chain) || chain.length !== 1 || typeof certificate !== "string") {
    return err("does not hold exactly one certificate in `x5c`");
  }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(certificate)) return err("has an `x5c` that is not Base64");
  return readCertificate(Buffer.from(certificate, "base64"));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
