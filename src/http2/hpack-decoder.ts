import { assert } from "../base/assert.ts";
import { DynamicTable, ENTRY_OVERHEAD_BYTES } from "./hpack-dynamic-table.ts";
import { decodeHuffman } from "./hpack-huffman.ts";
import { HpackReader } from "./hpack-integer.ts";
import { STATIC_FIELDS, STATIC_INDEX_MAX } from "./hpack-static-table.ts";

/**
 * What became of a block.
 *
 * `compression_error`: the bytes are not HPACK, and nothing on this connection can be decoded any more (RFC 9113, 4.3).
 * `list_too_large`: the fields together exceed the limit. The whole block was processed all the same, so later ones decode right.
 */
export type HpackStatus = "ok" | "compression_error" | "list_too_large";

/** Takes the fields of a block, in order. Strings are latin1: one character a byte. */
export interface HeaderSink {
  header(name: string, value: string): void;
}

/** SETTINGS_HEADER_TABLE_SIZE before a peer has read ours (RFC 9113, 6.5.2). */
const TABLE_BYTES_INITIAL = 4_096;
/** Changes of the table's size at the start of a block: the least since the last block, and the last (RFC 7541, 4.2). */
const SIZE_UPDATES_MAX = 2;

/** What a string that no limit has room for is read as. */
const TOO_LONG = Symbol("too long");
type ReadString = string | typeof TOO_LONG | undefined;

// Where Huffman strings are decoded to; grows up to the longest string that any limit allows.
let scratch = Buffer.allocUnsafeSlow(1_024);
const reader = new HpackReader();

/**
 * Decodes the blocks of header fields of one connection (RFC 7541).
 *
 * Bounded: time is linear in a block's bytes plus the fields' up to the limit, the table has at most the announced size (or 4,096
 * bytes, which a peer may use until it has read a smaller one), and a string longer than any limit is not kept.
 */
export class HpackDecoder {
  readonly #table: DynamicTable;
  readonly #tableBytesMax: number;
  readonly #listBytesMax: number;
  /** A longer string fits neither a list nor the table. */
  readonly #stringBytesMax: number;

  /**
   * @param options `tableBytesMax` is the SETTINGS_HEADER_TABLE_SIZE that we announce, `listBytesMax` the largest sum of names, values
   * and 32 bytes a field.
   */
  constructor(options: { readonly tableBytesMax: number; readonly listBytesMax: number }) {
    const capacityBytes = Math.max(options.tableBytesMax, TABLE_BYTES_INITIAL);
    this.#table = new DynamicTable(capacityBytes, TABLE_BYTES_INITIAL);
    this.#tableBytesMax = options.tableBytesMax;
    this.#listBytesMax = options.listBytesMax;
    this.#stringBytesMax = Math.max(capacityBytes, options.listBytesMax);
  }

  /**
   * Number of insertions, evictions and size changes so far: equal bytes at equal revision that leave it unchanged decode to equal
   * fields.
   */
  get revision(): number {
    return this.#table.revision;
  }

  /**
   * Decodes one whole block, `bytes` from `start` to before `end`.
   *
   * The sink has the fields in order, up to the one that an error is in or the limit is exceeded by. It must not call decode().
   */
  decode(bytes: Uint8Array, start: number, end: number, sink: HeaderSink): HpackStatus {
    assert(start >= 0 && end <= bytes.length, "a block lies within its bytes");
    reader.reset(bytes, start, end);
    if (!this.#readSizeUpdates()) return "compression_error";
    const table = this.#table;
    let listBytes = 0;
    while (reader.at < reader.end) {
      const first = bytes[reader.at]!;
      let name: ReadString;
      let value: ReadString;
      if (first >= 0x80) {
        const index = reader.integer(0x7f);
        if (index <= 0 || index > STATIC_INDEX_MAX + table.count) return "compression_error";
        // One byte may stand for thousands: what isn't told any more isn't fetched either.
        if (listBytes > this.#listBytesMax) continue;
        if (index <= STATIC_INDEX_MAX) {
          const field = STATIC_FIELDS[index - 1]!;
          name = field[0];
          value = field[1];
        } else {
          const age = index - STATIC_INDEX_MAX - 1;
          name = table.name(age);
          value = table.value(age);
        }
      } else {
        if ((first & 0xe0) === 0x20) return "compression_error"; // a size update after a field
        const isInserted = first >= 0x40;
        name = this.#readName(isInserted ? 0x3f : 0x0f);
        if (name === undefined) return "compression_error";
        value = this.#readString();
        if (value === undefined) return "compression_error";
        if (isInserted) {
          if (name === TOO_LONG || value === TOO_LONG) table.clear();
          else table.insert(name, value);
        }
      }
      if (name === TOO_LONG || value === TOO_LONG) {
        listBytes = Number.POSITIVE_INFINITY;
        continue;
      }
      listBytes += name.length + value.length + ENTRY_OVERHEAD_BYTES;
      if (listBytes <= this.#listBytesMax) sink.header(name, value);
    }
    return listBytes <= this.#listBytesMax ? "ok" : "list_too_large";
  }

  /** Changes of the table's size, which only the start of a block may have. */
  #readSizeUpdates(): boolean {
    for (let count = 0; reader.at < reader.end && (reader.bytes[reader.at]! & 0xe0) === 0x20; count++) {
      const bytesMax = reader.integer(0x1f);
      if (bytesMax < 0 || bytesMax > this.#tableBytesMax || count === SIZE_UPDATES_MAX) return false;
      this.#table.resize(bytesMax);
    }
    return true;
  }

  /** A literal field's name, from one of the tables or spelled out; undefined where it is broken. */
  #readName(prefixMask: number): ReadString {
    const index = reader.integer(prefixMask);
    if (index < 0) return undefined;
    if (index === 0) return this.#readString();
    if (index <= STATIC_INDEX_MAX) return STATIC_FIELDS[index - 1]![0];
    const age = index - STATIC_INDEX_MAX - 1;
    return age < this.#table.count ? this.#table.name(age) : undefined;
  }

  /** A string literal; undefined where it is broken. */
  #readString(): ReadString {
    if (reader.at >= reader.end) return undefined;
    const { bytes } = reader;
    const isHuffman = bytes[reader.at]! >= 0x80;
    const length = reader.integer(0x7f);
    const start = reader.at;
    if (length < 0 || length > reader.end - start) return undefined;
    reader.at = start + length;
    if (!isHuffman) return length > this.#stringBytesMax ? TOO_LONG : latin1(bytes, start, reader.at);
    // The shortest code has five bits.
    const room = Math.min(Math.floor((length * 8) / 5), this.#stringBytesMax);
    if (scratch.length < room) scratch = Buffer.allocUnsafeSlow(Math.min(2 * room, this.#stringBytesMax));
    const decoded = decodeHuffman(bytes, start, reader.at, scratch);
    if (decoded < 0) return undefined;
    return decoded > this.#stringBytesMax ? TOO_LONG : latin1(scratch, 0, decoded);
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  if (start === end) return "";
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString("latin1", start, end);
}
