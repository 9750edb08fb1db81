import assert from "node:assert/strict";
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

/**
 * The one difference that is meant between our decoder and others: of a block's changes of the table's size we read two, since an
 * encoder has no reason to send more (RFC 7541, 4.2), and they read any number.
 */
export function hasThreeSizeUpdates(block: Buffer): boolean {
  let at = 0;
  for (let count = 0; count < 3; count++) {
    if ((block[at] ?? 0) >>> 5 !== 1) return false;
    const isLong = (block[at++]! & 0x1f) === 0x1f;
    if (isLong) while ((block[at++] ?? 0) >= 0x80);
  }
  return true;
}

/** What a comparison with another implementation has seen, so that it can't pass for having seen too little. */
export class BlockTally {
  accepted = 0;
  refused = 0;
  /** Blocks that differ as we mean them to. */
  meant = 0;
  /** Entries of dynamic tables that were compared. */
  entries = 0;

  /** @param sequences how many were compared, of four or five blocks each. */
  check(sequences: number): void {
    const seen = JSON.stringify(this);
    assert.ok(this.accepted > 2 * sequences, `too few blocks are accepted: ${seen}`);
    assert.ok(this.refused > sequences / 4, `too few blocks are refused: ${seen}`);
    assert.ok(this.meant < this.refused / 4, `too many blocks are left out: ${seen}`);
    assert.ok(this.entries > sequences, `too few entries are compared: ${seen}`);
  }
}
