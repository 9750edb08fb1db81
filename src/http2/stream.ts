/** Why a request's body was not kept: larger than is kept, too much kept for others already, or no end to it. */
export type Unread = "too_large" | "no_room" | "endless";

/** The part of a response that waits for the peer's windows to open. Its HEADERS frame has been written. */
export type PendingResponse = {
  readonly body: Buffer;
  /** How much of it has been written. */
  written: number;
  /** A header block; undefined where the body ends the stream. */
  readonly trailers: Uint8Array | undefined;
};

/**
 * One request and its response, RFC 9113 §5.1. Records are reused: keep none beyond the end of its stream.
 *
 * States: *open*, neither side has ended; *half-closed (remote)*, `isRequestEnded`; *closed*, which has no record any more. A response that
 * waits for windows to open is `pending`; the end of one that is written closes the stream.
 */
export class Stream<Call> {
  id = 0;
  /** What the request's head was read as. */
  call: Call;
  isRequestEnded = false;
  isAnswered = false;
  /** When the head was read. */
  startedAtMs = 0;
  /** Bytes that the peer may still send us, and we the peer; the latter may be negative, RFC 9113 §6.9.2. */
  receiveWindow = 0;
  sendWindow = 0;
  /** What `content-length` announced, -1 where it did not. */
  bodyBytesDeclared = -1;
  bodyBytes = 0;
  /** The body so far where it came in several frames, in the first `bodyKept` bytes; undefined otherwise. */
  body: Buffer | undefined = undefined;
  bodyKept = 0;
  /** Set once the body is not kept any more. */
  unread: Unread | undefined = undefined;
  pending: PendingResponse | undefined = undefined;

  constructor(call: Call) {
    this.call = call;
  }

  reset(id: number, call: Call, startedAtMs: number): void {
    this.id = id;
    this.call = call;
    this.isRequestEnded = false;
    this.isAnswered = false;
    this.startedAtMs = startedAtMs;
    this.bodyBytesDeclared = -1;
    this.bodyBytes = 0;
    this.body = undefined;
    this.bodyKept = 0;
    this.unread = undefined;
    this.pending = undefined;
  }
}
