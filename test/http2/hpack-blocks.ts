import { type HeaderSink, HpackDecoder, type HpackStatus } from "../../src/http2/hpack-decoder.ts";

export type Field = readonly [name: string, value: string];

/** What a connection commonly announces: the protocol's initial table, and a list that no honest block exceeds. */
export const USUAL_LIMITS = { tableBytesMax: 4_096, listBytesMax: 16_384 };

/** Bytes from hexadecimal digits; spaces are for the reader. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(" ", ""), "hex");
}

/** Collects the fields of one block. */
export function decodeBlock(
  decoder: HpackDecoder,
  block: Uint8Array,
): { status: HpackStatus; fields: Field[] } {
  const fields: Field[] = [];
  const sink: HeaderSink = { header: (name, value) => fields.push([name, value]) };
  const status = decoder.decode(block, 0, block.length, sink);
  return { status, fields };
}

/** Status and fields of a block that is the first of its connection. */
export function decodeFirst(
  block: Uint8Array,
  limits = USUAL_LIMITS,
): { status: HpackStatus; fields: Field[] } {
  return decodeBlock(new HpackDecoder(limits), block);
}

/** Makes blocks by hand, each representation as the specification draws it (RFC 7541, 6). */
export const wire = {
  /** An integer after a prefix of some bits, with `flags` above it; `zeros` lengthens it by bytes that add nothing. */
  integer(value: number, prefixBits: number, flags = 0, zeros = 0): Buffer {
    const max = 2 ** prefixBits - 1;
    if (value < max) return Buffer.of(flags | value);
    const digits: number[] = [];
    let rest = value - max;
    for (; rest >= 128; rest = Math.floor(rest / 128)) digits.push(rest % 128);
    digits.push(rest, ...new Array<number>(zeros).fill(0));
    return Buffer.of(
      flags | max,
      ...digits.map((digit, at) => (at < digits.length - 1 ? digit | 0x80 : digit)),
    );
  },
  string(text: string | Uint8Array, isHuffman = false): Buffer {
    const bytes = typeof text === "string" ? Buffer.from(text, "latin1") : text;
    return Buffer.concat([wire.integer(bytes.length, 7, isHuffman ? 0x80 : 0), bytes]);
  },
  indexed: (index: number): Buffer => wire.integer(index, 7, 0x80),
  inserted: (name: string | number, value: string): Buffer => wire.literal(name, value, 6, 0x40),
  unindexed: (name: string | number, value: string): Buffer => wire.literal(name, value, 4, 0),
  neverIndexed: (name: string | number, value: string): Buffer => wire.literal(name, value, 4, 0x10),
  literal(name: string | number, value: string, prefixBits: number, flags: number): Buffer {
    const head =
      typeof name === "number"
        ? [wire.integer(name, prefixBits, flags)]
        : [wire.integer(0, prefixBits, flags), wire.string(name)];
    return Buffer.concat([...head, wire.string(value)]);
  },
  size: (bytes: number): Buffer => wire.integer(bytes, 5, 0x20),
};
