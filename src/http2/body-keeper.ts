import { CONNECTION_BODIES_MAX_BYTES, SERVER_BODIES_MAX_BYTES } from "../base/limits.ts";
import type { Stream, Unread } from "./stream.ts";

/** What all connections of a server may keep of bodies together. */
export class BodyRoom {
  keptBytes = 0;
}

/** Bytes that a body is expected to have at least once it takes a second frame. */
const BODY_FIRST_BYTES = 4_096;

/**
 * Keeps the bodies of one connection's requests until they are complete.
 *
 * Bounded for each body, for the connection and for the server. A body beyond a limit is not kept but read on, so that its request can be
 * refused in a good reply; the windows that are open to the peer bound nothing here.
 */
export class BodyKeeper<Call> {
  readonly #room: BodyRoom;
  readonly #bodyMaxBytes: number;
  readonly #bodyReadMaxBytes: number;
  #keptBytes = 0;

  constructor(room: BodyRoom, options: { readonly bodyMaxBytes: number; readonly bodyReadMaxBytes: number }) {
    this.#room = room;
    this.#bodyMaxBytes = options.bodyMaxBytes;
    this.#bodyReadMaxBytes = options.bodyReadMaxBytes;
  }

  /** Keeps a piece of a body, which counts among `stream.bodyBytes` already, or notes on the stream why not. */
  keep(stream: Stream<Call>, bytes: Buffer, start: number, end: number): void {
    if (stream.bodyBytes > this.#bodyReadMaxBytes) {
      this.#giveUp(stream, "endless");
      return;
    }
    if (stream.unread !== undefined || start === end) return;
    const kept = stream.bodyKept + end - start;
    if (kept > this.#bodyMaxBytes) {
      this.#giveUp(stream, "too_large");
      return;
    }
    const room = stream.body?.length ?? 0;
    if (kept > room && !this.#grow(stream, kept)) {
      this.#giveUp(stream, "no_room");
      return;
    }
    bytes.copy(stream.body as Buffer, stream.bodyKept, start, end);
    stream.bodyKept = kept;
  }

  /** Lets go of what is kept for a stream. */
  release(stream: Stream<Call>): void {
    if (stream.body === undefined) return;
    this.#keptBytes -= stream.body.length;
    this.#room.keptBytes -= stream.body.length;
    stream.body = undefined;
    stream.bodyKept = 0;
  }

  #grow(stream: Stream<Call>, neededBytes: number): boolean {
    const before = stream.body?.length ?? 0;
    const declared = Math.min(stream.bodyBytesDeclared, before === 0 ? this.#bodyMaxBytes : 0);
    const size = Math.min(
      Math.max(neededBytes, declared, before * 2, BODY_FIRST_BYTES),
      Math.max(this.#bodyMaxBytes, neededBytes),
    );
    const more = size - before;
    if (this.#keptBytes + more > CONNECTION_BODIES_MAX_BYTES) return false;
    if (this.#room.keptBytes + more > SERVER_BODIES_MAX_BYTES) return false;
    const grown = Buffer.allocUnsafeSlow(size);
    stream.body?.copy(grown, 0, 0, stream.bodyKept);
    stream.body = grown;
    this.#keptBytes += more;
    this.#room.keptBytes += more;
    return true;
  }

  #giveUp(stream: Stream<Call>, why: Unread): void {
    this.release(stream);
    stream.unread = why;
  }
}
