import { createRequire } from "node:module";
import type forge from "node-forge";
import { CERTIFICATE_NAMES_MAX } from "../base/limits.ts";

/** What the rules of an X.509-SVID and of a path ask of a certificate's extensions. */
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
  /** `pathLenConstraint`; undefined: any length. */
  readonly pathLength: number | undefined;
  /** Dotted; undefined where the certificate has no such extension. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** Undefined: none. "other": it constrains names that are not URIs, which are not judged here. */
  readonly nameConstraints: UriConstraints | "other" | undefined;
  /** A critical extension that is not one of these, in dotted form (RFC 5280 section 4.2 has it refused). */
  readonly unknownCritical: string | undefined;
};

/** RFC 5280 section 4.2.1.10: hosts, or with a leading dot all hosts below. */
export type UriConstraints = {
  /** Empty: any. */
  readonly permitted: readonly string[];
  readonly excluded: readonly string[];
};

/** A certificate's extensions, and the algorithm by which it is signed, dotted. */
export type CertificateStructure = {
  readonly extensions: CertificateExtensions;
  readonly signatureAlgorithm: string;
};

export const KEY_USAGE_DIGITAL_SIGNATURE: number = 1 << 0;
export const KEY_USAGE_CERT_SIGN: number = 1 << 5;
export const KEY_USAGE_CRL_SIGN: number = 1 << 6;

export const EXTENDED_USAGE_ANY = "2.5.29.37.0";
export const EXTENDED_USAGE_CLIENT = "1.3.6.1.5.5.7.3.2";

const KEY_USAGE = "2.5.29.15";
const SUBJECT_ALT_NAME = "2.5.29.17";
const BASIC_CONSTRAINTS = "2.5.29.19";
const NAME_CONSTRAINTS = "2.5.29.30";
const CERTIFICATE_POLICIES = "2.5.29.32";
const EXTENDED_KEY_USAGE = "2.5.29.37";

/** GeneralName `[6]`, uniformResourceIdentifier. */
const NAME_URI = 6;
/** `[3]` of a TBSCertificate. */
const TBS_EXTENSIONS = 3;

type Node = forge.asn1.Asn1;

/** With the options that the library knows and its types do not. */
type Asn1Library = Omit<typeof forge.asn1, "fromDer"> & {
  readonly fromDer: (der: string, options: { strict: boolean; decodeBitStrings: boolean }) => Node;
};

let library: Asn1Library | undefined;

/** Loaded when the first certificate is read: many a process never sees one. */
function asn1(): Asn1Library {
  library ??= createRequire(import.meta.url)("node-forge/lib/asn1.js") as Asn1Library;
  return library;
}

function parse(der: string): Node {
  return asn1().fromDer(der, { strict: true, decodeBitStrings: false });
}

/**
 * Reads the structure of a DER certificate, which `node:crypto` has parsed already but does not tell whole.
 *
 * Undefined if it is not as RFC 5280 has it, if it is encoded otherwise than DER has it, or if an extension is there twice (which the
 * RFC forbids, and which readers resolve differently).
 */
export function readCertificateStructure(der: Buffer): CertificateStructure | undefined {
  try {
    const text = der.toString("latin1");
    const certificate = parse(text);
    // One encoding only: what another reader might see differently is not read at all.
    if (asn1().toDer(certificate).getBytes() !== text) return undefined;
    const [body, algorithm] = childrenOf(certificate);
    const wrapper = childrenOf(body).at(-1);
    const extensions =
      wrapper?.tagClass === asn1().Class.CONTEXT_SPECIFIC && Number(wrapper.type) === TBS_EXTENSIONS
        ? childrenOf(onlyChildOf(wrapper))
        : [];
    return {
      extensions: readExtensions(extensions),
      signatureAlgorithm: oidOf(childrenOf(algorithm)[0]),
    };
  } catch {
    return undefined; // where the structure breaks is nothing that a reader of a denial could mend
  }
}

function readExtensions(extensions: readonly Node[]): CertificateExtensions {
  const read = {
    uriNames: [] as readonly string[],
    keyUsage: undefined as number | undefined,
    isAuthority: false,
    pathLength: undefined as number | undefined,
    extendedKeyUsage: undefined as readonly string[] | undefined,
    nameConstraints: undefined as CertificateExtensions["nameConstraints"],
    unknownCritical: undefined as string | undefined,
  };
  const seen = new Set<string>();
  for (const extension of extensions) {
    const { id, isCritical, value } = readExtension(extension);
    if (seen.has(id)) throw new Error("an extension is there twice");
    seen.add(id);
    if (id === SUBJECT_ALT_NAME) read.uriNames = readUriNames(value());
    else if (id === KEY_USAGE) read.keyUsage = readKeyUsage(value());
    else if (id === BASIC_CONSTRAINTS) Object.assign(read, readBasicConstraints(value()));
    else if (id === EXTENDED_KEY_USAGE) read.extendedKeyUsage = childrenOf(value()).map(oidOf);
    else if (id === NAME_CONSTRAINTS) read.nameConstraints = readNameConstraints(value());
    else if (isCritical && id !== CERTIFICATE_POLICIES) read.unknownCritical ??= id;
  }
  return read;
}

function readExtension(extension: Node): { id: string; isCritical: boolean; value: () => Node } {
  const parts = childrenOf(extension);
  const content = parts.at(-1);
  const flag = parts.length === 3 ? parts[1] : undefined;
  if (parts.length < 2 || parts.length > 3) throw new Error("not an extension");
  if (flag !== undefined) expectUniversal(flag, asn1().Type.BOOLEAN);
  const bytes = bytesOf(content, asn1().Type.OCTETSTRING);
  return {
    id: oidOf(parts[0]),
    isCritical: flag !== undefined && flag.value !== "\0",
    value: () => parse(bytes),
  };
}

function readUriNames(names: Node): readonly string[] {
  const all = childrenOf(names);
  if (all.length > CERTIFICATE_NAMES_MAX) throw new Error("too many names");
  return all.filter((name) => isContext(name, NAME_URI)).map(primitiveOf);
}

function readKeyUsage(bits: Node): number {
  const bytes = bytesOf(bits, asn1().Type.BITSTRING);
  const unused = bytes.charCodeAt(0);
  if (bytes.length < 1 || unused > 7 || (unused > 0 && bytes.length === 1))
    throw new Error("not a bit string");
  let usage = 0;
  // The first bit is a byte's highest. Nine are defined; two bytes hold them.
  for (let i = 0; i < 2 && 1 + i < bytes.length; i++) {
    for (let bit = 0; bit < 8; bit++) {
      if ((bytes.charCodeAt(1 + i) & (0x80 >> bit)) !== 0) usage |= 1 << (i * 8 + bit);
    }
  }
  return usage;
}

function readBasicConstraints(constraints: Node): { isAuthority: boolean; pathLength: number | undefined } {
  const [first, second, ...more] = childrenOf(constraints);
  // `cA` is false where it is left out, and then a path length has nothing to say.
  if (first === undefined) return { isAuthority: false, pathLength: undefined };
  const isAuthority = bytesOf(first, asn1().Type.BOOLEAN) !== "\0";
  if (more.length > 0) throw new Error("not basic constraints");
  if (second === undefined) return { isAuthority, pathLength: undefined };
  const length = bytesOf(second, asn1().Type.INTEGER);
  if (length.length !== 1 || length.charCodeAt(0) > 0x7f) throw new Error("not a path length");
  return { isAuthority, pathLength: length.charCodeAt(0) };
}

function readNameConstraints(constraints: Node): UriConstraints | "other" {
  const lists: [string[], string[]] = [[], []];
  let other = false;
  for (const list of childrenOf(constraints)) {
    const kind = Number(list.type);
    if (list.tagClass !== asn1().Class.CONTEXT_SPECIFIC || kind > 1) throw new Error("not name constraints");
    for (const subtree of childrenOf(list)) {
      const [base, ...bounds] = childrenOf(subtree);
      if (base === undefined) throw new Error("not a subtree");
      if (bounds.length > 0 || !isContext(base, NAME_URI)) other = true;
      else lists[kind === 0 ? 0 : 1].push(primitiveOf(base).toLowerCase());
    }
  }
  return other ? "other" : { permitted: lists[0], excluded: lists[1] };
}

function childrenOf(node: Node | undefined): readonly Node[] {
  if (node === undefined || !node.constructed || !Array.isArray(node.value))
    throw new Error("not a sequence");
  return node.value;
}

function onlyChildOf(node: Node): Node {
  const [child, ...more] = childrenOf(node);
  if (child === undefined || more.length > 0) throw new Error("not one element");
  return child;
}

function isContext(node: Node, number: number): boolean {
  return node.tagClass === asn1().Class.CONTEXT_SPECIFIC && Number(node.type) === number;
}

function primitiveOf(node: Node): string {
  if (node.constructed || typeof node.value !== "string") throw new Error("not a value");
  return node.value;
}

function expectUniversal(node: Node, type: forge.asn1.Type): void {
  if (node.tagClass !== asn1().Class.UNIVERSAL || node.type !== type) throw new Error("another type");
}

function bytesOf(node: Node | undefined, type: forge.asn1.Type): string {
  if (node === undefined) throw new Error("nothing there");
  expectUniversal(node, type);
  return primitiveOf(node);
}

function oidOf(node: Node | undefined): string {
  return asn1().derToOid(bytesOf(node, asn1().Type.OID));
}
