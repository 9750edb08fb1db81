import { WIRE_GROUP_DEPTH_MAX } from "./limits.ts";

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_GROUP_START = 3;
export const WIRE_GROUP_END = 4;
export const WIRE_FIXED32 = 5;

/** What the reading methods return where there is nothing to return: the message ended, or is broken (`failed`). */
export const NOTHING = -1;

/**
 * Reads protobuf's wire format in place: one reader, reused, no allocation.
 *
 * Errors do not throw. They set `failed`, after which every read returns NOTHING, so a caller may ask once, at the end.
 * Bounded: each byte is passed at most once, and groups nest at most WIRE_GROUP_DEPTH_MAX deep.
 */
export class WireReader {
  bytes: Uint8Array = new Uint8Array(0);
  /** The next byte to read. */
  offset = 0;
  failed = false;
  /** The field number and wire type of the tag read last. */
  field = 0;
  wireType = 0;

  reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.offset = 0;
    this.failed = false;
  }

  /** Reads the next field's tag into `field` and `wireType`; false at `end` or on an error. */
  nextField(end: number): boolean {
    if (this.offset >= end || this.failed) return false;
    const tag = this.#shortVarint(end);
    this.field = tag >>> 3;
    this.wireType = tag & 7;
    if (this.failed || this.field === 0) return this.fail();
    return true;
  }

  /**
   * Reads the length of a length-delimited field.
   *
   * @returns where the field's content ends, at most `end`; the content begins at `offset`. NOTHING on an error.
   */
  contentEnd(end: number): number {
    const length = this.#shortVarint(end);
    if (this.failed) return NOTHING;
    const contentEnd = this.offset + length;
    if (contentEnd > end) {
      this.fail();
      return NOTHING;
    }
    return contentEnd;
  }

  /**
   * Reads a varint and keeps its low 32 bits, as protobuf has it for `uint32`, `int32` and enumerations; unsigned.
   * More than ten bytes, or a missing end, is an error.
   */
  varint32(end: number): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.offset >= end) {
        this.fail();
        return 0;
      }
      const byte = this.bytes[this.offset++]!;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    this.fail();
    return 0;
  }

  /** A varint that must fit 32 bits in five bytes: tags and lengths. One byte is the common case. */
  #shortVarint(end: number): number {
    let value = 0;
    for (let shift = 0; shift < 35 && this.offset < end; shift += 7) {
      const byte = this.bytes[this.offset++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) break;
        return value >>> 0;
      }
    }
    this.fail();
    return 0;
  }

  /** Passes over the field whose tag was read last. */
  skip(end: number): void {
    this.#skip(end, 0);
  }

  #skip(end: number, depth: number): void {
    switch (this.wireType) {
      case WIRE_VARINT:
        this.varint32(end);
        return;
      case WIRE_FIXED64:
        this.#advance(8, end);
        return;
      case WIRE_BYTES: {
        const contentEnd = this.contentEnd(end);
        if (contentEnd !== NOTHING) this.offset = contentEnd;
        return;
      }
      case WIRE_GROUP_START:
        this.#skipGroup(end, depth);
        return;
      case WIRE_FIXED32:
        this.#advance(4, end);
        return;
      default: // the end of a group that never began, or a type that does not exist
        this.fail();
    }
  }

  #skipGroup(end: number, depth: number): void {
    const group = this.field;
    if (depth === WIRE_GROUP_DEPTH_MAX) {
      this.fail();
      return;
    }
    while (this.nextField(end)) {
      if (this.wireType === WIRE_GROUP_END) {
        if (this.field !== group) this.fail();
        return;
      }
      this.#skip(end, depth + 1);
    }
    this.fail(); // the message ended inside the group
  }

  #advance(count: number, end: number): void {
    if (this.offset + count > end) this.fail();
    else this.offset += count;
  }

  /** Marks the message as broken; false, so that a reading method can return it. */
  fail(): false {
    this.failed = true;
    return false;
  }
}
