import { FRAME_HEADER_BYTES, FRAME_PAYLOAD_MAX_BYTES } from "./protocol.ts";

/** Told of each frame as soon as it is complete. */
export type FrameSink = {
  /**
   * The payload is `bytes` from `start` to `end`, valid during the call only.
   *
   * @returns whether to go on; false ends the connection, and what follows is never looked at.
   */
  frame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): boolean;
  /** A frame with a payload over FRAME_PAYLOAD_MAX_BYTES was announced. Ends the connection. */
  frameTooLarge(type: number, streamId: number): void;
};

/**
 * Cuts what comes from a socket into frames.
 *
 * Frames that are complete within one read are told in place. Only a frame that the end of a read cut in two is copied, into a buffer that
 * is given up once it is complete, so that a connection at rest holds none.
 */
export class FrameSplitter {
  readonly #sink: FrameSink;
  #isOver = false;
  /** The beginning of a frame, in the first `#partBytes` bytes. */
  #part: Buffer | undefined;
  #partBytes = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Whether a frame has begun and not ended. */
  get isWithinFrame(): boolean {
    return this.#partBytes > 0;
  }

  /** Passes the frames of `chunk` from `offset` on to the sink. */
  split(chunk: Buffer, offset: number): void {
    let at = this.#partBytes > 0 ? this.#completePart(chunk, offset) : offset;
    while (!this.#isOver && chunk.length - at >= FRAME_HEADER_BYTES) {
      const start = at + FRAME_HEADER_BYTES;
      const length = (chunk[at]! << 16) | (chunk[at + 1]! << 8) | chunk[at + 2]!;
      if (length > FRAME_PAYLOAD_MAX_BYTES) {
        this.#refuse(chunk, at);
        return;
      }
      if (chunk.length - start < length) break;
      at = start + length;
      this.#tell(chunk, start, at);
    }
    if (!this.#isOver && at < chunk.length) this.#keep(chunk, at, chunk.length);
  }

  /** @returns where the frames after the completed one begin, the end of `chunk` where it isn't complete yet. */
  #completePart(chunk: Buffer, offset: number): number {
    const header = Math.min(FRAME_HEADER_BYTES - this.#partBytes, chunk.length - offset);
    let at = offset;
    if (header > 0) {
      this.#keep(chunk, at, at + header);
      at += header;
    }
    const part = this.#part;
    if (part === undefined || this.#partBytes < FRAME_HEADER_BYTES) return at;
    const length = (part[0]! << 16) | (part[1]! << 8) | part[2]!;
    if (length > FRAME_PAYLOAD_MAX_BYTES) {
      this.#refuse(part, 0);
      return chunk.length;
    }
    const frameBytes = FRAME_HEADER_BYTES + length;
    const missing = Math.min(frameBytes - this.#partBytes, chunk.length - at);
    this.#keep(chunk, at, at + missing);
    if (this.#partBytes === frameBytes) {
      const complete = this.#part ?? part;
      this.#part = undefined;
      this.#partBytes = 0;
      this.#tell(complete, FRAME_HEADER_BYTES, frameBytes);
    }
    return at + missing;
  }

  #tell(bytes: Buffer, start: number, end: number): void {
    const goesOn = this.#sink.frame(
      bytes[start - 6]!,
      bytes[start - 5]!,
      streamIdAt(bytes, start - 4),
      bytes,
      start,
      end,
    );
    if (!goesOn) this.#isOver = true;
  }

  #refuse(bytes: Buffer, at: number): void {
    this.#isOver = true;
    this.#sink.frameTooLarge(bytes[at + 3]!, streamIdAt(bytes, at + 5));
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const bytes = this.#partBytes + end - start;
    const part = this.#part;
    if (part === undefined || part.length < bytes) {
      // A header first, in a small buffer; then the frame that it announces, in one of its size.
      const grown = Buffer.allocUnsafeSlow(
        bytes <= FRAME_HEADER_BYTES ? FRAME_HEADER_BYTES : frameBytes(part, chunk, start),
      );
      part?.copy(grown, 0, 0, this.#partBytes);
      this.#part = grown;
    }
    chunk.copy(this.#part as Buffer, this.#partBytes, start, end);
    this.#partBytes = bytes;
  }
}

/** The bytes of the frame whose header is at the start of `part`, or else at `start` of `chunk`. */
function frameBytes(part: Buffer | undefined, chunk: Buffer, start: number): number {
  const [header, at] = part === undefined ? [chunk, start] : [part, 0];
  return FRAME_HEADER_BYTES + header.readUIntBE(at, 3);
}

function streamIdAt(bytes: Buffer, at: number): number {
  // The first bit is reserved and means nothing.
  return ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
