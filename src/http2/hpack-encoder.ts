import { assert } from "../base/assert.ts";
import { encodeHuffman, huffmanBytes } from "./hpack-huffman.ts";
import { integerBytes, writeInteger } from "./hpack-integer.ts";
import { STATIC_FIELDS } from "./hpack-static-table.ts";

// Representations (RFC 7541, 6): the bits above the prefix, and the prefix.
const INDEXED = 0x80;
const INDEXED_MASK = 0x7f;
const UNINDEXED = 0x00;
const UNINDEXED_MASK = 0x0f;
const HUFFMAN = 0x80;
const STRING_MASK = 0x7f;

const staticNames = new Map<string, number>();
const staticFields = new Map<string, number>();
for (const [index, [name, value]] of STATIC_FIELDS.entries()) {
  if (!staticNames.has(name)) staticNames.set(name, index + 1);
  staticFields.set(fieldKey(name, value), index + 1);
}

/**
 * Encodes header fields (RFC 7541) without touching a dynamic table: equal fields give equal bytes, on every connection and at any
 * time, and a block need not be sent in the order in which it was made.
 *
 * @param fields names and values in latin1, one character a byte; names in lower case, as HTTP/2 wants them.
 */
export function encodeHeaders(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  let size = 0;
  for (const [name, value] of fields) {
    const known = staticFields.get(fieldKey(name, value));
    if (known !== undefined) size += 1;
    else size += nameBytes(name) + stringBytes(value);
  }
  const block = Buffer.allocUnsafeSlow(size);
  let next = 0;
  for (const [name, value] of fields) {
    const known = staticFields.get(fieldKey(name, value));
    if (known !== undefined) {
      next = writeInteger(known, INDEXED_MASK, INDEXED, block, next);
      continue;
    }
    const nameIndex = staticNames.get(name) ?? 0;
    next = writeInteger(nameIndex, UNINDEXED_MASK, UNINDEXED, block, next);
    if (nameIndex === 0) next = writeString(name, block, next);
    next = writeString(value, block, next);
  }
  assert(next === size, "a block has the size that was computed");
  return block;
}

/** No name has the separator: the static table's have no colon but in front. */
function fieldKey(name: string, value: string): string {
  return `${name}: ${value}`;
}

function nameBytes(name: string): number {
  const index = staticNames.get(name);
  return index === undefined ? 1 + stringBytes(name) : integerBytes(index, UNINDEXED_MASK);
}

function stringBytes(text: string): number {
  const bytes = Math.min(text.length, huffmanBytes(text));
  return integerBytes(bytes, STRING_MASK) + bytes;
}

/** A string literal, in Huffman's code where that is shorter. */
function writeString(text: string, into: Buffer, start: number): number {
  const bytes = huffmanBytes(text);
  if (bytes < text.length)
    return encodeHuffman(text, into, writeInteger(bytes, STRING_MASK, HUFFMAN, into, start));
  const next = writeInteger(text.length, STRING_MASK, 0, into, start);
  return next + into.write(text, next, "latin1");
}
