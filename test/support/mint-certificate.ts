import { generateKeyPairSync } from "node:crypto";
import forge from "node-forge";

/** GeneralName tags of RFC 5280. */
export const SAN_DNS = 2;
export const SAN_URI = 6;

export type CertificateShape = {
  /** Subject alternative names; each value one char a byte. */
  readonly altNames?: readonly { readonly type: number; readonly value: string }[];
  readonly keyUsage?: object | "absent";
  readonly isAuthority?: boolean;
  /** Further extensions as node-forge has them. */
  readonly extensions?: readonly object[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
};

const keys = generateKeyPairSync("rsa", {
  modulusLength: 2_048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

/** The key of every certificate minted here. */
export const mintedKeyPem: string = keys.privateKey;

/** A self-signed certificate in PEM: by default a good X.509-SVID leaf but for the names. Valid through 2030. */
export function mintCertificate(shape: CertificateShape): string {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(keys.publicKey);
  certificate.serialNumber = "01";
  certificate.validity.notBefore = shape.notBefore ?? new Date("2020-01-01T00:00:00Z");
  certificate.validity.notAfter = shape.notAfter ?? new Date("2030-12-31T00:00:00Z");
  const name = [{ name: "commonName", value: "localhost" }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([
    { name: "basicConstraints", cA: shape.isAuthority ?? false, critical: true },
    ...(shape.keyUsage === "absent"
      ? []
      : [{ name: "keyUsage", critical: true, ...(shape.keyUsage ?? { digitalSignature: true }) }]),
    ...(shape.altNames === undefined ? [] : [{ name: "subjectAltName", altNames: shape.altNames }]),
    ...(shape.extensions ?? []),
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(keys.privateKey), forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate).replaceAll("\r\n", "\n");
}

/** As Envoy forwards a certificate: everything but unreserved characters escaped. */
export function forwardCertificate(pem: string): string {
  return encodeURIComponent(pem);
}
