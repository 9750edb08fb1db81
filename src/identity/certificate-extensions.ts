import {
  DER_BIT_STRING,
  DER_BOOLEAN,
  DER_OCTET_STRING,
  DER_OID,
  DER_SEQUENCE,
  type DerElement,
  readDerChildren,
  readDerElement,
} from "./der.ts";

/** What an X.509-SVID's rules ask of a certificate's extensions. */
export type CertificateExtensions = {
  /**
   * Every URI among the subject alternative names, one char a byte. From the bytes rather than from a printed
   * form of the extension, so that no separator, quote or NUL inside a name can pass for structure.
   */
  readonly uriNames: readonly string[];
  /** Undefined where the certificate has no key usage extension. Bit 0 of RFC 5280 section 4.2.1.3 is the lowest here. */
  readonly keyUsage: number | undefined;
  /** `cA` of the basic constraints. */
  readonly isAuthority: boolean;
};

export const KEY_USAGE_DIGITAL_SIGNATURE: number = 1 << 0;
export const KEY_USAGE_CERT_SIGN: number = 1 << 5;
export const KEY_USAGE_CRL_SIGN: number = 1 << 6;

// Of 2.5.29.x (id-ce), the last byte.
const ID_KEY_USAGE = 15;
const ID_SUBJECT_ALT_NAME = 17;
const ID_BASIC_CONSTRAINTS = 19;

/** `[3]`, the extensions of a TBSCertificate. */
const TAG_EXTENSIONS = 0xa3;
/** `[6]` of a GeneralName: uniformResourceIdentifier. */
const TAG_URI = 0x86;

const TBS_FIELDS_MAX = 10;
const EXTENSIONS_MAX = 64;
const NAMES_MAX = 1_024;

/**
 * Reads the extensions of a DER certificate.
 *
 * Undefined if the structure is not as RFC 5280 has it, or if one of these extensions is there twice (which it forbids, and
 * which readers resolve differently).
 */
export function readCertificateExtensions(der: Uint8Array): CertificateExtensions | undefined {
  const extensions = findExtensions(der);
  if (extensions === undefined) return undefined;
  const seen = new Set<number>();
  let uriNames: readonly string[] | undefined = [];
  let keyUsage: number | undefined;
  let isAuthority: boolean | undefined = false;
  for (const extension of extensions) {
    const read = readExtension(der, extension);
    if (read === undefined) return undefined;
    if (read.id === undefined) continue;
    if (seen.has(read.id)) return undefined;
    seen.add(read.id);
    if (read.id === ID_SUBJECT_ALT_NAME) {
      uriNames = readUriNames(der, read.value);
      if (uriNames === undefined) return undefined;
    } else if (read.id === ID_KEY_USAGE) {
      keyUsage = readKeyUsage(der, read.value);
      if (keyUsage === undefined) return undefined;
    } else if (read.id === ID_BASIC_CONSTRAINTS) {
      isAuthority = readIsAuthority(der, read.value);
      if (isAuthority === undefined) return undefined;
    }
  }
  return { uriNames, keyUsage, isAuthority };
}

function findExtensions(der: Uint8Array): readonly DerElement[] | undefined {
  const certificate = readDerElement(der, 0, der.length);
  if (certificate?.tag !== DER_SEQUENCE || certificate.end !== der.length) return undefined;
  const body = readDerElement(der, certificate.start, certificate.end);
  if (body?.tag !== DER_SEQUENCE) return undefined;
  const fields = readDerChildren(der, body, TBS_FIELDS_MAX);
  if (fields === undefined) return undefined;
  const wrapper = fields.at(-1);
  // A version 1 certificate has no extensions, and so no names.
  if (wrapper?.tag !== TAG_EXTENSIONS) return [];
  const list = readDerElement(der, wrapper.start, wrapper.end);
  if (list?.tag !== DER_SEQUENCE || list.end !== wrapper.end) return undefined;
  return readDerChildren(der, list, EXTENSIONS_MAX);
}

/** An extension's value, and the last byte of its OID if that is below id-ce (2.5.29). */
function readExtension(
  der: Uint8Array,
  extension: DerElement,
): { id: number | undefined; value: DerElement } | undefined {
  const parts = extension.tag === DER_SEQUENCE ? readDerChildren(der, extension, 3) : undefined;
  const oid = parts?.[0];
  const value = parts?.at(-1);
  if (parts === undefined || oid?.tag !== DER_OID || value?.tag !== DER_OCTET_STRING) return undefined;
  if (parts.length === 3 && parts[1]?.tag !== DER_BOOLEAN) return undefined;
  const isOfIdCe = oid.end - oid.start === 3 && der[oid.start] === 0x55 && der[oid.start + 1] === 0x1d;
  return { id: isOfIdCe ? der[oid.start + 2] : undefined, value };
}

function readUriNames(der: Uint8Array, value: DerElement): readonly string[] | undefined {
  const names = readDerElement(der, value.start, value.end);
  if (names?.tag !== DER_SEQUENCE || names.end !== value.end) return undefined;
  return readDerChildren(der, names, NAMES_MAX)
    ?.filter((name) => name.tag === TAG_URI)
    .map((name) => Buffer.from(der.subarray(name.start, name.end)).toString("latin1"));
}

function readKeyUsage(der: Uint8Array, value: DerElement): number | undefined {
  const bits = readDerElement(der, value.start, value.end);
  if (bits?.tag !== DER_BIT_STRING || bits.end !== value.end || bits.end - bits.start < 1) return undefined;
  const unused = der[bits.start]!;
  if (unused > 7 || (unused > 0 && bits.end - bits.start === 1)) return undefined;
  let usage = 0;
  // The first bit is a byte's highest. Nine are defined; two bytes hold them.
  for (let i = 0; i < 2 && bits.start + 1 + i < bits.end; i++) {
    const byte = der[bits.start + 1 + i]!;
    for (let bit = 0; bit < 8; bit++) {
      if ((byte & (0x80 >> bit)) !== 0) usage |= 1 << (i * 8 + bit);
    }
  }
  return usage;
}

function readIsAuthority(der: Uint8Array, value: DerElement): boolean | undefined {
  const constraints = readDerElement(der, value.start, value.end);
  if (constraints?.tag !== DER_SEQUENCE || constraints.end !== value.end) return undefined;
  const parts = readDerChildren(der, constraints, 2);
  if (parts === undefined) return undefined;
  const flag = parts[0];
  // Absent is the default, false.
  return flag?.tag === DER_BOOLEAN && flag.end - flag.start === 1 && der[flag.start] !== 0;
}
