import { FRAME_HEADER_BYTES } from "./protocol.ts";

/** Taken from the system at once; the replies of many reads come out of one. */
const SLAB_BYTES = 65_536;

/**
 * Where a connection writes its frames, until the socket takes them all in one go.
 *
 * Bytes are written into slabs that are handed on as views and never written again, so a socket may keep what it was given for as long
 * as it likes. Connections of one server may share an output, since only one of them works at a time and `take()` ends its turn.
 */
export class Output {
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** From here to `#end` is written and not yet taken. */
  #start = 0;
  #end = 0;
  /** Full slabs of this turn, before what is in `#slab`. */
  #full: Buffer[] = [];

  get isEmpty(): boolean {
    return this.#start === this.#end && this.#full.length === 0;
  }

  /** What was written since the last call, in order; it is the caller's. Usually one buffer. */
  take(): Buffer[] {
    const taken = this.#full;
    if (this.#start !== this.#end) taken.push(this.#slab.subarray(this.#start, this.#end));
    this.#full = [];
    this.#start = this.#end;
    return taken;
  }

  /** The nine bytes before a frame's payload. */
  frame(length: number, type: number, flags: number, streamId: number): void {
    this.#reserve(FRAME_HEADER_BYTES);
    const slab = this.#slab;
    const at = this.#end;
    slab[at] = length >>> 16;
    slab[at + 1] = length >>> 8;
    slab[at + 2] = length;
    slab[at + 3] = type;
    slab[at + 4] = flags;
    slab[at + 5] = streamId >>> 24;
    slab[at + 6] = streamId >>> 16;
    slab[at + 7] = streamId >>> 8;
    slab[at + 8] = streamId;
    this.#end = at + FRAME_HEADER_BYTES;
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#slab[this.#end++] = value;
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#slab[this.#end++] = value >>> 8;
    this.#slab[this.#end++] = value;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#slab[this.#end++] = value >>> 24;
    this.#slab[this.#end++] = value >>> 16;
    this.#slab[this.#end++] = value >>> 8;
    this.#slab[this.#end++] = value;
  }

  /** Copies bytes in. */
  bytes(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const length = end - start;
    this.#reserve(length);
    const slab = this.#slab;
    let at = this.#end;
    this.#end = at + length;
    if (length <= SHORT_COPY_BYTES) {
      for (let i = start; i < end; i++) slab[at++] = bytes[i]!;
    } else {
      slab.set(length === bytes.length ? bytes : bytes.subarray(start, end), at);
    }
  }

  #reserve(length: number): void {
    if (this.#slab.length - this.#end >= length) return;
    if (this.#start !== this.#end) this.#full.push(this.#slab.subarray(this.#start, this.#end));
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, length));
    this.#start = 0;
    this.#end = 0;
  }
}

/** Up to here a loop is quicker than a call of the run-time's copy. */
const SHORT_COPY_BYTES = 48;
