/**
 * Just enough of DER (X.690) to find the parts of a certificate: definite lengths, tags of one byte.
 *
 * Reads in place; values are ranges of the bytes they came from. Anything irregular is undefined, never a guess.
 */
export type DerElement = {
  readonly tag: number;
  /** The content's first byte and the byte after its last. */
  readonly start: number;
  readonly end: number;
};

export const DER_BOOLEAN = 0x01;
export const DER_BIT_STRING = 0x03;
export const DER_OCTET_STRING = 0x04;
export const DER_OID = 0x06;
export const DER_SEQUENCE = 0x30;

/** The element that begins at `offset` and lies wholly before `limit`. */
export function readDerElement(bytes: Uint8Array, offset: number, limit: number): DerElement | undefined {
  if (offset + 2 > limit) return undefined;
  const tag = bytes[offset]!;
  if ((tag & 0x1f) === 0x1f) return undefined; // a tag of several bytes; certificates have none
  const first = bytes[offset + 1]!;
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 3 || start + count > limit) return undefined;
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + bytes[start + i]!;
    // DER: the shortest form only.
    if (length < 0x80 || bytes[start] === 0) return undefined;
    start += count;
  }
  const end = start + length;
  return end > limit ? undefined : { tag, start, end };
}

/** The elements that fill `parent` exactly, or undefined if something else does. */
export function readDerChildren(
  bytes: Uint8Array,
  parent: DerElement,
  max: number,
): readonly DerElement[] | undefined {
  const children: DerElement[] = [];
  let offset = parent.start;
  while (offset < parent.end) {
    const child = children.length < max ? readDerElement(bytes, offset, parent.end) : undefined;
    if (child === undefined) return undefined;
    children.push(child);
    offset = child.end;
  }
  return children;
}
