/**
 * Certificate authorities and X.509-SVIDs for the demo and the tests, minted on the spot.
 *
 * Shapes as the X.509-SVID standard has them: the CA names its trust domain, a leaf has one URI SAN, digitalSignature
 * and no CA bit. Never used for anything that has to stay secret: keys live as long as the run.
 */
import { generateKeyPair, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import forge from "node-forge";
import type { Clock } from "../../base/clock.ts";

/** Texts in PEM, as Envoy and `node:tls` take them. */
export type Credential = { readonly certificate: string; readonly privateKey: string };

/** What a leaf certificate says about its holder. */
export type Subject = {
  /** Normally one SPIFFE ID; none or several make what must not pass for an X.509-SVID. */
  readonly uris: readonly string[];
  readonly dnsNames?: readonly string[];
  /** It ended yesterday. */
  readonly isExpired?: boolean;
  /** It may sign others, which no leaf may. */
  readonly isAuthority?: boolean;
};

/** Long enough for any run, short enough to be useless afterwards. */
const VALIDITY_MS = 24 * 60 * 60 * 1_000;
/** Clocks that differ a little must not matter. */
const BACKDATING_MS = 5 * 60 * 1_000;
const RSA_BITS = 2_048;
/** GeneralName tags of RFC 5280. */
const SAN_DNS = 2;
const SAN_URI = 6;

const generateKeyPairAsync = promisify(generateKeyPair);

/** Able to issue leaves of one trust domain; `certificate` is what a verifier is given. */
export class CertificateAuthority {
  readonly certificate: string;
  readonly #clock: Clock;
  readonly #issuer: forge.pki.Certificate;
  readonly #key: forge.pki.rsa.PrivateKey;

  private constructor(clock: Clock, issuer: forge.pki.Certificate, key: forge.pki.rsa.PrivateKey) {
    this.#clock = clock;
    this.#issuer = issuer;
    this.#key = key;
    this.certificate = forge.pki.certificateToPem(issuer);
  }

  /** @param trustDomain without scheme: `cluster.local`. */
  static async create(clock: Clock, trustDomain: string): Promise<CertificateAuthority> {
    const keys = await generateKeys();
    const certificate = blank(clock, keys.publicKey, `${trustDomain} demo CA`);
    certificate.setIssuer(certificate.subject.attributes);
    certificate.setExtensions([
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
      { name: "subjectAltName", altNames: [{ type: SAN_URI, value: `spiffe://${trustDomain}` }] },
      { name: "subjectKeyIdentifier" },
    ]);
    certificate.sign(keys.privateKey, forge.md.sha256.create());
    return new CertificateAuthority(clock, certificate, keys.privateKey);
  }

  /** A leaf for both ends of a connection. */
  async issue(subject: Subject): Promise<Credential> {
    const keys = await generateKeys();
    const certificate = blank(this.#clock, keys.publicKey, "demo workload");
    certificate.setIssuer(this.#issuer.subject.attributes);
    const { isAuthority = false } = subject;
    if (subject.isExpired) {
      certificate.validity.notBefore = new Date(this.#clock.wallMs() - 2 * VALIDITY_MS);
      certificate.validity.notAfter = new Date(this.#clock.wallMs() - VALIDITY_MS);
    }
    const altNames = [
      ...subject.uris.map((value) => ({ type: SAN_URI, value })),
      ...(subject.dnsNames ?? []).map((value) => ({ type: SAN_DNS, value })),
    ];
    certificate.setExtensions([
      { name: "basicConstraints", cA: isAuthority, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: isAuthority, critical: true },
      { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      { name: "subjectAltName", altNames },
      { name: "subjectKeyIdentifier" },
      {
        name: "authorityKeyIdentifier",
        keyIdentifier: this.#issuer.generateSubjectKeyIdentifier().getBytes(),
      },
    ]);
    certificate.sign(this.#key, forge.md.sha256.create());
    return {
      certificate: forge.pki.certificateToPem(certificate),
      privateKey: forge.pki.privateKeyToPem(keys.privateKey),
    };
  }
}

function blank(clock: Clock, publicKey: forge.pki.rsa.PublicKey, name: string): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  // A positive serial number: the first byte's sign bit stays clear.
  certificate.serialNumber = `01${randomBytes(15).toString("hex")}`;
  certificate.validity.notBefore = new Date(clock.wallMs() - BACKDATING_MS);
  certificate.validity.notAfter = new Date(clock.wallMs() + VALIDITY_MS);
  certificate.setSubject([
    { name: "organizationName", value: "Ephor demo" },
    { name: "commonName", value: name },
  ]);
  return certificate;
}

/** Keys come from `node:crypto`, off the event loop; forge's own generator takes seconds. */
async function generateKeys(): Promise<forge.pki.rsa.KeyPair> {
  const pair = await generateKeyPairAsync("rsa", {
    modulusLength: RSA_BITS,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  return {
    publicKey: forge.pki.publicKeyFromPem(pair.publicKey),
    privateKey: forge.pki.privateKeyFromPem(pair.privateKey),
  };
}
