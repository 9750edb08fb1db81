import { FORWARDED_CERTIFICATE_MAX_CHARS } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import { type Certificate, hasStrongKey, readPemCertificates } from "./certificate.ts";
import {
  EXTENDED_USAGE_CLIENT,
  KEY_USAGE_CERT_SIGN,
  KEY_USAGE_CRL_SIGN,
  KEY_USAGE_DIGITAL_SIGNATURE,
} from "./certificate-extensions.ts";

/**
 * Checks a certificate as the leaf of an X.509-SVID (that standard's sections 2, 4 and 5.2): exactly one URI name, not a certificate
 * authority, key usage with digitalSignature and without keyCertSign and cRLSign, an extended key usage, if there is one, that lets it
 * be a client's, no critical extension that is not understood. Neither its path nor its dates are judged here.
 *
 * @returns the one URI name, one char a byte; a SPIFFE ID if the certificate is an X.509-SVID.
 */
export function checkSvid(certificate: Certificate): Result<string, string> {
  const { extensions } = certificate;
  const [uri] = extensions.uriNames;
  if (uri === undefined || extensions.uriNames.length !== 1) {
    return err(`the certificate has ${extensions.uriNames.length} URI names, an X.509-SVID has exactly one`);
  }
  if (extensions.isAuthority || certificate.x509.ca) return err("the certificate is that of an authority");
  const { keyUsage, extendedKeyUsage, unknownCritical } = extensions;
  if (keyUsage === undefined || (keyUsage & KEY_USAGE_DIGITAL_SIGNATURE) === 0) {
    return err("the certificate's key usage lacks digitalSignature");
  }
  if ((keyUsage & (KEY_USAGE_CERT_SIGN | KEY_USAGE_CRL_SIGN)) !== 0) {
    return err("the certificate's key may sign certificates or revocation lists");
  }
  if (extendedKeyUsage !== undefined && !extendedKeyUsage.includes(EXTENDED_USAGE_CLIENT)) {
    return err("the certificate's extended key usage lacks clientAuth");
  }
  if (unknownCritical !== undefined) {
    return err(`the certificate has a critical extension that is not understood: ${unknownCritical}`);
  }
  if (!hasStrongKey(certificate)) return err("the certificate's key is too short or of another kind");
  return ok(uri);
}

/** Certificates in PEM with nothing around them: whatever else is there, two readers might disagree about it. */
const NOTHING_ELSE =
  /^(-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----(\r?\n|$))+$/;

/**
 * Reads certificates as Envoy forwards them: the leaf, and where a chain is forwarded what the peer sent beside it.
 *
 * @param forwarded URL-encoded PEM.
 */
export function readForwarded(forwarded: string): Result<readonly Certificate[], string> {
  const pem = decodeForwardedPem(forwarded);
  if (pem === undefined || !NOTHING_ELSE.test(pem)) {
    return err("the forwarded certificate is not URL-encoded PEM");
  }
  const certificates = readPemCertificates(pem);
  return certificates.ok ? certificates : err(`what was forwarded ${certificates.error}`);
}

function decodeForwardedPem(forwarded: string): string | undefined {
  if (forwarded.length > FORWARDED_CERTIFICATE_MAX_CHARS) return undefined;
  try {
    return decodeURIComponent(forwarded);
  } catch {
    return undefined; // a malformed escape
  }
}
