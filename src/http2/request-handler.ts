import type { BodyRoom } from "./body-keeper.ts";
import type { Output } from "./output.ts";
import type { RequestHead } from "./request-head.ts";
import type { Stream, Unread } from "./stream.ts";
import type { StreamPool } from "./stream-pool.ts";

/** Writes the answer to a request. */
export type Responder<Call> = {
  /**
   * Once a stream, during one of the handler's calls for it.
   *
   * @param head a header block (RFC 7541) that uses no dynamic table, as are `trailers`; without those the body ends the stream.
   * @param preamble goes before `body`, so that the two need not be joined.
   */
  respond(
    stream: Stream<Call>,
    head: Uint8Array,
    preamble: Uint8Array,
    body: Uint8Array,
    trailers: Uint8Array | undefined,
  ): void;
};

/** What requests mean. Everything is called while bytes are received, and answers come at once. */
export type RequestHandler<Call> = {
  /** Reads a request's head; what it returns is used again for heads of the same bytes. */
  readHead(head: RequestHead): Call;
  /** The same where the head's fields are larger than HEADER_LIST_MAX_BYTES together. */
  readLargeHead(): Call;
  /** A request begins. May answer it; else one of the next two follows. */
  onHead(responder: Responder<Call>, stream: Stream<Call>): void;
  /** A request is complete and not answered yet: its body is `bytes` from `start` to `end`, valid during the call. Answers it. */
  onRequest(
    responder: Responder<Call>,
    stream: Stream<Call>,
    bytes: Buffer,
    start: number,
    end: number,
  ): void;
  /** The same, but its body was not kept; or it is `endless`, and not complete. */
  onUnread(responder: Responder<Call>, stream: Stream<Call>, why: Unread): void;
};

/** What connections of one server have in common. */
export type ConnectionShared<Call> = {
  readonly output: Output;
  readonly streams: StreamPool<Call>;
  readonly bodies: BodyRoom;
};

export type ConnectionOptions = {
  /** Requests under way at once; more are refused. */
  readonly streamsMax: number;
  /** A longer body is not kept. */
  readonly bodyMaxBytes: number;
  /** A longer body is not even read to its end. */
  readonly bodyReadMaxBytes: number;
};
