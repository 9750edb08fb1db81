import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import forge from "node-forge";

const { asn1 } = forge;
type Node = forge.asn1.Asn1;

export type KeyKind = "rsa" | "rsa1024" | "ec" | "ed25519";

/** GeneralName tags of RFC 5280. */
export type AltName = { readonly type: 2 | 6 | 7; readonly value: string };

export type ChainShape = {
  /** Common name of the subject. */
  readonly name?: string;
  readonly altNames?: readonly AltName[];
  readonly isAuthority?: boolean;
  readonly pathLength?: number;
  /** Bits of RFC 5280 section 4.2.1.3, or none at all. */
  readonly keyUsage?: readonly number[] | "absent";
  /** Dotted. */
  readonly extendedKeyUsage?: readonly string[];
  readonly permittedUris?: readonly string[];
  /** A critical extension of that id, with no content to speak of. */
  readonly critical?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly key?: KeyKind;
  /** SHA-1 instead of SHA-256. */
  readonly weakSignature?: boolean;
};

/** A certificate with its key, able to sign others. */
export type Minted = {
  readonly pem: string;
  readonly der: Buffer;
  readonly keyPem: string;
  readonly name: string;
  readonly key: KeyObject;
};

export const DIGITAL_SIGNATURE = 0;
export const KEY_CERT_SIGN = 5;
export const CRL_SIGN = 6;
export const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
export const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/** A root of a trust domain, valid through 2030. */
export function mintRoot(trustDomain: string, shape: ChainShape = {}): Minted {
  return mint({ name: `${trustDomain} root`, ...authority(trustDomain), ...shape }, undefined);
}

export function mintIntermediate(trustDomain: string, issuer: Minted, shape: ChainShape = {}): Minted {
  return mint({ name: `${trustDomain} intermediate`, ...authority(trustDomain), ...shape }, issuer);
}

/** An X.509-SVID as it should be, for both ends of a connection. */
export function mintSvid(id: string, issuer: Minted, shape: ChainShape = {}): Minted {
  return mint(
    {
      name: "workload",
      altNames: [{ type: 6, value: id }],
      keyUsage: [DIGITAL_SIGNATURE],
      extendedKeyUsage: [SERVER_AUTH, CLIENT_AUTH],
      ...shape,
    },
    issuer,
  );
}

function authority(trustDomain: string): ChainShape {
  return {
    isAuthority: true,
    keyUsage: [KEY_CERT_SIGN, CRL_SIGN],
    altNames: [{ type: 6, value: `spiffe://${trustDomain}` }],
  };
}

/** Any shape, signed by an issuer or by itself. */
export function mint(shape: ChainShape, issuer: Minted | undefined): Minted {
  const name = shape.name ?? "nobody";
  const keys = generateKeys(shape.key ?? "ec");
  const signer = issuer?.key ?? keys.privateKey;
  const algorithm = signatureAlgorithm(signer, shape.weakSignature ?? false);
  const spki = parse(keys.publicKey.export({ type: "spki", format: "der" }));
  const body = sequence(
    context(0, [integer(Buffer.from([2]))]),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(12)])),
    algorithm.node,
    distinguishedName(issuer?.name ?? name),
    sequence(
      time(shape.notBefore ?? new Date("2020-01-01T00:00:00Z")),
      time(shape.notAfter ?? new Date("2030-12-31T00:00:00Z")),
    ),
    distinguishedName(name),
    spki,
    context(3, [sequence(...extensions(shape))]),
  );
  const signature = sign(algorithm.digest, encode(body), signer);
  const bits = `\0${signature.toString("latin1")}`;
  const der = encode(sequence(body, algorithm.node, primitive(asn1.Type.BITSTRING, bits)));
  const base64 = der.toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  return {
    pem: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    der,
    keyPem: keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    name,
    key: keys.privateKey,
  };
}

function generateKeys(kind: KeyKind): { publicKey: KeyObject; privateKey: KeyObject } {
  if (kind === "ec") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  if (kind === "ed25519") return generateKeyPairSync("ed25519");
  return generateKeyPairSync("rsa", { modulusLength: kind === "rsa" ? 2_048 : 1_024 });
}

function signatureAlgorithm(key: KeyObject, weak: boolean): { node: Node; digest: string | null } {
  switch (createPublicKey(key).asymmetricKeyType) {
    case "ed25519":
      return { node: sequence(oid("1.3.101.112")), digest: null };
    case "ec":
      return {
        node: sequence(oid(weak ? "1.2.840.10045.4.1" : "1.2.840.10045.4.3.2")),
        digest: weak ? "sha1" : "sha256",
      };
    default: {
      const id = weak ? "1.2.840.113549.1.1.5" : "1.2.840.113549.1.1.11";
      return { node: sequence(oid(id), primitive(asn1.Type.NULL, "")), digest: weak ? "sha1" : "sha256" };
    }
  }
}

function extensions(shape: ChainShape): readonly Node[] {
  const {
    isAuthority = false,
    pathLength,
    keyUsage,
    extendedKeyUsage,
    altNames,
    permittedUris,
    critical,
  } = shape;
  const constraints = [
    ...(isAuthority ? [primitive(asn1.Type.BOOLEAN, "\xff")] : []),
    ...(pathLength === undefined ? [] : [integer(Buffer.from([pathLength]))]),
  ];
  return [
    extension("2.5.29.19", true, sequence(...constraints)),
    ...(keyUsage === undefined || keyUsage === "absent"
      ? []
      : [extension("2.5.29.15", true, bits(keyUsage))]),
    ...(extendedKeyUsage === undefined
      ? []
      : [extension("2.5.29.37", false, sequence(...extendedKeyUsage.map(oid)))]),
    ...(altNames === undefined
      ? []
      : [extension("2.5.29.17", false, sequence(...altNames.map(({ type, value }) => name(type, value))))]),
    ...(permittedUris === undefined
      ? []
      : [
          extension(
            "2.5.29.30",
            true,
            sequence(
              context(
                0,
                permittedUris.map((value) => sequence(name(6, value))),
              ),
            ),
          ),
        ]),
    ...(critical === undefined ? [] : [extension(critical, true, sequence())]),
  ];
}

function extension(id: string, isCritical: boolean, value: Node): Node {
  const flag = isCritical ? [primitive(asn1.Type.BOOLEAN, "\xff")] : [];
  return sequence(oid(id), ...flag, primitive(asn1.Type.OCTETSTRING, encode(value).toString("latin1")));
}

function bits(set: readonly number[]): Node {
  const byte = set.reduce((all, bit) => all | (0x80 >> bit), 0);
  return primitive(asn1.Type.BITSTRING, `\0${String.fromCharCode(byte)}`);
}

function name(type: number, value: string): Node {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, type as forge.asn1.Type, false, value);
}

function distinguishedName(commonName: string): Node {
  const attribute = sequence(oid("2.5.4.3"), primitive(asn1.Type.UTF8, commonName));
  return sequence(asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SET, true, [attribute]));
}

function time(date: Date): Node {
  const text = `${date.toISOString().replace(/[-:T]|\.\d+/g, "")}`;
  return date.getUTCFullYear() < 2050
    ? primitive(asn1.Type.UTCTIME, text.slice(2))
    : primitive(asn1.Type.GENERALIZEDTIME, text);
}

function sequence(...children: readonly Node[]): Node {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [...children]);
}

function context(tag: number, children: readonly Node[]): Node {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag as forge.asn1.Type, true, [...children]);
}

function primitive(type: forge.asn1.Type, value: string): Node {
  return asn1.create(asn1.Class.UNIVERSAL, type, false, value);
}

function integer(bytes: Buffer): Node {
  return primitive(asn1.Type.INTEGER, bytes.toString("latin1"));
}

function oid(dotted: string): Node {
  return primitive(asn1.Type.OID, asn1.oidToDer(dotted).getBytes());
}

function parse(der: Buffer): Node {
  return asn1.fromDer(der.toString("latin1"));
}

function encode(node: Node): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), "latin1");
}
