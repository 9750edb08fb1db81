import { X509Certificate } from "node:crypto";
import { FORWARDED_CERTIFICATE_MAX_CHARS } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import {
  KEY_USAGE_CERT_SIGN,
  KEY_USAGE_CRL_SIGN,
  KEY_USAGE_DIGITAL_SIGNATURE,
  readCertificateExtensions,
} from "./certificate-extensions.ts";

/** What a leaf certificate says of its holder, apart from the time. */
export type CheckedSvid = {
  /** The one URI name, one char a byte; a SPIFFE ID if the certificate is an X.509-SVID. */
  readonly uri: string;
  /** Milliseconds since the Unix epoch; valid on both ends. */
  readonly validFromMs: number;
  readonly validToMs: number;
};

/**
 * Checks a forwarded certificate as the leaf of an X.509-SVID (that standard's sections 2, 4 and 5): exactly one URI name,
 * not a certificate authority, key usage with digitalSignature and without keyCertSign and cRLSign.
 *
 * Whether its chain ends in a bundle of ours is for whoever finished the handshake. The dates are left to the caller, since they
 * outlive the answer.
 *
 * @param forwarded URL-encoded PEM, as Envoy forwards it.
 */
export function checkForwardedSvid(forwarded: string): Result<CheckedSvid, string> {
  const pem = decodeForwardedPem(forwarded);
  if (pem === undefined) return err("the forwarded certificate is not URL-encoded PEM of one certificate");
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    // Which part of it OpenSSL could not read helps nobody who reads a denial.
    return err("the forwarded certificate does not parse");
  }
  const extensions = readCertificateExtensions(certificate.raw);
  if (extensions === undefined) return err("the forwarded certificate has extensions that can't be read");
  const [uri] = extensions.uriNames;
  if (uri === undefined || extensions.uriNames.length !== 1) {
    return err(`the certificate has ${extensions.uriNames.length} URI names, an X.509-SVID has exactly one`);
  }
  if (extensions.isAuthority || certificate.ca) return err("the certificate is that of an authority");
  const { keyUsage } = extensions;
  if (keyUsage === undefined || (keyUsage & KEY_USAGE_DIGITAL_SIGNATURE) === 0) {
    return err("the certificate's key usage lacks digitalSignature");
  }
  if ((keyUsage & (KEY_USAGE_CERT_SIGN | KEY_USAGE_CRL_SIGN)) !== 0) {
    return err("the certificate's key may sign certificates or revocation lists");
  }
  const validFromMs = certificate.validFromDate.getTime();
  const validToMs = certificate.validToDate.getTime();
  if (Number.isNaN(validFromMs) || Number.isNaN(validToMs))
    return err("the certificate's dates can't be read");
  return ok({ uri, validFromMs, validToMs });
}

/** One certificate's PEM with nothing around it: whatever else is there, two readers might disagree about it. */
const ONE_CERTIFICATE =
  /^-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----\r?\n?$/;

function decodeForwardedPem(forwarded: string): string | undefined {
  if (forwarded.length > FORWARDED_CERTIFICATE_MAX_CHARS) return undefined;
  let pem: string;
  try {
    pem = decodeURIComponent(forwarded);
  } catch {
    return undefined; // a malformed escape
  }
  return ONE_CERTIFICATE.test(pem) ? pem : undefined;
}
