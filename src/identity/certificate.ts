import { X509Certificate } from "node:crypto";
import { CERTIFICATE_MAX_BYTES, RSA_KEY_MIN_BITS } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import { type CertificateExtensions, readCertificateStructure } from "./certificate-extensions.ts";

/** A certificate, parsed; nothing about it verified. */
export type Certificate = {
  readonly x509: X509Certificate;
  readonly extensions: CertificateExtensions;
  /** Milliseconds since the Unix epoch; valid on both ends. */
  readonly validFromMs: number;
  readonly validToMs: number;
  /** Signed by an algorithm that counts. */
  readonly hasStrongSignature: boolean;
};

/** RSA (PKCS #1) and ECDSA with SHA-256 and up, Ed25519 and Ed448. */
const STRONG_SIGNATURES = new Set([
  "1.2.840.113549.1.1.11",
  "1.2.840.113549.1.1.12",
  "1.2.840.113549.1.1.13",
  "1.2.840.10045.4.3.2",
  "1.2.840.10045.4.3.3",
  "1.2.840.10045.4.3.4",
  "1.3.101.112",
  "1.3.101.113",
]);

/** Parses one certificate, DER or PEM. */
export function readCertificate(bytes: Buffer | string): Result<Certificate, string> {
  if (bytes.length > CERTIFICATE_MAX_BYTES) return err(`is longer than ${CERTIFICATE_MAX_BYTES} bytes`);
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(bytes);
  } catch {
    return err("does not parse"); // which part of it OpenSSL could not read helps nobody who reads a denial
  }
  const structure = readCertificateStructure(x509.raw);
  if (structure === undefined) return err("has extensions or an encoding that can't be read");
  const validFromMs = x509.validFromDate.getTime();
  const validToMs = x509.validToDate.getTime();
  if (Number.isNaN(validFromMs) || Number.isNaN(validToMs)) return err("has dates that can't be read");
  return ok({
    x509,
    extensions: structure.extensions,
    validFromMs,
    validToMs,
    hasStrongSignature: STRONG_SIGNATURES.has(structure.signatureAlgorithm),
  });
}

/** Whether the key is of a kind and size that counts: RSA of RSA_KEY_MIN_BITS and up, elliptic curves, Edwards curves. */
export function hasStrongKey(certificate: Certificate): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.x509.publicKey;
    if (asymmetricKeyType === "rsa") return (asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_KEY_MIN_BITS;
    return asymmetricKeyType === "ec" || asymmetricKeyType === "ed25519" || asymmetricKeyType === "ed448";
  } catch {
    return false; // a key that OpenSSL does not know
  }
}

/** The blocks of PEM, each with its label; text around them is passed over, as is usual in files of authorities. */
const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----/g;

/** The certificates of a PEM text, in its order. Anything else between PEM's marks is an error. */
export function readPemCertificates(text: string): Result<readonly Certificate[], string> {
  const certificates: Certificate[] = [];
  for (const [, label, base64] of text.matchAll(PEM_BLOCK)) {
    if (label !== "CERTIFICATE") return err(`holds a block of \`${label}\`, not a certificate`);
    const certificate = readCertificate(Buffer.from(base64 ?? "", "base64"));
    if (!certificate.ok) return err(`certificate ${certificates.length + 1} ${certificate.error}`);
    certificates.push(certificate.value);
  }
  if (certificates.length !== text.split("-----BEGIN ").length - 1) return err("holds a broken block of PEM");
  return certificates.length === 0 ? err("holds no certificate in PEM") : ok(certificates);
}
