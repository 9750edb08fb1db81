import { WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "../base/wire-reader.ts";

/** Protobuf fields as bytes, to be concatenated. For what is made once and sent often; it allocates freely. */
export function encodeVarintField(field: number, value: number): Buffer {
  return Buffer.concat([encodeVarint((field << 3) | WIRE_VARINT), encodeVarint(value)]);
}

export function encodeBytesField(field: number, ...content: readonly Uint8Array[]): Buffer {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([encodeVarint((field << 3) | WIRE_BYTES), encodeVarint(length), ...content]);
}

export function encodeStringField(field: number, text: string): Buffer {
  return encodeBytesField(field, Buffer.from(text));
}

export function encodeDoubleField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([encodeVarint((field << 3) | WIRE_FIXED64), bytes]);
}

/** @param value an unsigned 32-bit number. */
function encodeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
