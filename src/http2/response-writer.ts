import type { Output } from "./output.ts";
import {
  FLAG_END_HEADERS,
  FLAG_END_STREAM,
  FRAME_DATA,
  FRAME_HEADERS,
  FRAME_PAYLOAD_MAX_BYTES,
  MAX_31_BITS,
  WINDOW_DEFAULT_BYTES,
} from "./protocol.ts";
import type { PendingResponse, Stream } from "./stream.ts";

/** HPACK's "the table has no room any more" (RFC 7541 §6.3): we never put anything in. */
const TABLE_SIZE_ZERO = 0x20;

/** Writes responses as far as the peer's flow-control windows allow, and the rest when they open. */
export class ResponseWriter<Call> {
  readonly #output: Output;
  readonly #pending = new Set<Stream<Call>>();
  /** Of the connection; may not become negative. */
  #window = WINDOW_DEFAULT_BYTES;
  #isTableUpdateDue = false;
  /** What new streams start with. */
  initialWindow: number = WINDOW_DEFAULT_BYTES;
  /** Bytes of responses that wait for windows. */
  pendingBytes = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** A peer that made our table smaller expects to hear of it in the next header block (RFC 7541 §4.2). */
  tableShrunk(): void {
    this.#isTableUpdateDue = true;
  }

  /**
   * Writes a response, or its beginning.
   *
   * @param head a header block, as are `trailers`.
   * @param preamble goes before `body`, so that the two need not be joined.
   * @returns whether it is written whole; what is not is written from `open…` calls.
   */
  write(
    stream: Stream<Call>,
    head: Uint8Array,
    preamble: Uint8Array,
    body: Uint8Array,
    trailers: Uint8Array | undefined,
  ): boolean {
    const length = preamble.length + body.length;
    this.#writeBlock(stream.id, head, length === 0 && trailers === undefined);
    if (length > this.#window || length > stream.sendWindow || length > FRAME_PAYLOAD_MAX_BYTES) {
      stream.pending = { body: Buffer.concat([preamble, body]), written: 0, trailers };
      this.#pending.add(stream);
      this.pendingBytes += length;
      return this.#writePending(stream, stream.pending);
    }
    if (length > 0) {
      this.#output.frame(length, FRAME_DATA, trailers === undefined ? FLAG_END_STREAM : 0, stream.id);
      this.#output.bytes(preamble);
      this.#output.bytes(body);
      this.#window -= length;
      stream.sendWindow -= length;
    }
    if (trailers !== undefined) this.#writeBlock(stream.id, trailers, true);
    return true;
  }

  /** @returns false where the window would be larger than allowed. */
  openConnection(increment: number): boolean {
    this.#window += increment;
    return this.#window <= MAX_31_BITS;
  }

  /** @returns false where the window would be larger than allowed. */
  openStream(stream: Stream<Call>, increment: number): boolean {
    stream.sendWindow += increment;
    return stream.sendWindow <= MAX_31_BITS;
  }

  /**
   * Writes on, in the order that responses came to wait, after windows were opened.
   *
   * @param onWritten told of each stream whose response is written whole.
   */
  writeOn(onWritten: (stream: Stream<Call>) => void): void {
    for (const stream of this.#pending) {
      if (this.#window <= 0) return;
      if (stream.pending !== undefined && this.#writePending(stream, stream.pending)) onWritten(stream);
    }
  }

  /** Forgets what waits for a stream. */
  drop(stream: Stream<Call>): void {
    if (stream.pending === undefined) return;
    this.pendingBytes -= stream.pending.body.length - stream.pending.written;
    stream.pending = undefined;
    this.#pending.delete(stream);
  }

  #writePending(stream: Stream<Call>, pending: PendingResponse): boolean {
    const { body, trailers } = pending;
    while (pending.written < body.length) {
      const left = body.length - pending.written;
      const length = Math.min(left, this.#window, stream.sendWindow, FRAME_PAYLOAD_MAX_BYTES);
      if (length <= 0) return false;
      const isEnd = length === left && trailers === undefined;
      this.#output.frame(length, FRAME_DATA, isEnd ? FLAG_END_STREAM : 0, stream.id);
      this.#output.bytes(body, pending.written, pending.written + length);
      pending.written += length;
      this.pendingBytes -= length;
      this.#window -= length;
      stream.sendWindow -= length;
    }
    if (trailers !== undefined) this.#writeBlock(stream.id, trailers, true);
    this.drop(stream);
    return true;
  }

  /** Our blocks are far smaller than a frame may be. */
  #writeBlock(streamId: number, block: Uint8Array, isEnd: boolean): void {
    const flags = isEnd ? FLAG_END_HEADERS | FLAG_END_STREAM : FLAG_END_HEADERS;
    if (this.#isTableUpdateDue) {
      this.#isTableUpdateDue = false;
      this.#output.frame(block.length + 1, FRAME_HEADERS, flags, streamId);
      this.#output.uint8(TABLE_SIZE_ZERO);
    } else {
      this.#output.frame(block.length, FRAME_HEADERS, flags, streamId);
    }
    this.#output.bytes(block);
  }
}
