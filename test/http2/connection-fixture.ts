import { BodyRoom } from "../../src/http2/body-keeper.ts";
import { Connection } from "../../src/http2/connection.ts";
import { encodeHeaders } from "../../src/http2/hpack-encoder.ts";
import { Output } from "../../src/http2/output.ts";
import type { ConnectionOptions, RequestHandler, Responder } from "../../src/http2/request-handler.ts";
import type { RequestHead } from "../../src/http2/request-head.ts";
import type { Stream, Unread } from "../../src/http2/stream.ts";
import { StreamPool } from "../../src/http2/stream-pool.ts";
import { type Frame, FrameSplitter, frames, PREFACE, TYPE } from "./raw-frames.ts";

export const ANSWER_HEAD: Buffer = encodeHeaders([[":status", "200"]]);
export const ANSWER_TRAILERS: Buffer = encodeHeaders([["done", "yes"]]);

/** A request's head, with a few fields more. */
export function requestBlock(path = "/", ...more: readonly (readonly [string, string])[]): Buffer {
  return encodeHeaders([[":method", "POST"], [":scheme", "http"], [":path", path], ...more]);
}

/** What a request came to. */
export type Seen = { readonly path: string; readonly body: string; readonly unread: Unread | undefined };

/**
 * A connection without a socket, whose requests are answered with `answer` after their ends, in a body with trailers.
 *
 * The path `/early` is answered by its head alone.
 */
export class ConnectionFixture implements RequestHandler<RequestHead> {
  readonly time = { nowMs: 1_000_000 };
  readonly seen: Seen[] = [];
  readonly bodies = new BodyRoom();
  readonly output = new Output();
  readonly connection: Connection<RequestHead>;
  answer: Buffer = Buffer.from("answer");
  headsRead = 0;
  readonly #splitter = new FrameSplitter();

  constructor(options: Partial<ConnectionOptions> = {}) {
    const shared = { output: this.output, streams: new StreamPool<RequestHead>(), bodies: this.bodies };
    this.connection = new Connection({ nowMs: () => this.time.nowMs, wallMs: () => 0 }, this, shared, {
      streamsMax: 100,
      bodyMaxBytes: 4_194_304,
      bodyReadMaxBytes: 67_108_864,
      ...options,
    });
  }

  /** One whose preface and settings are exchanged. */
  static open(options: Partial<ConnectionOptions> = {}): ConnectionFixture {
    const fixture = new ConnectionFixture(options);
    fixture.send(PREFACE, frames.settings(), frames.settingsAck());
    return fixture;
  }

  /** What the connection says to bytes that come in one read. */
  send(...parts: readonly Uint8Array[]): Frame[] {
    this.connection.receive(Buffer.concat(parts));
    return this.said();
  }

  /** What it has to say by now. */
  said(): Frame[] {
    return this.output.take().flatMap((bytes) => this.#splitter.push(bytes));
  }

  /** What it says once time has passed. */
  after(ms: number): Frame[] {
    this.time.nowMs += ms;
    this.connection.checkTimes();
    return this.said();
  }

  readHead(head: RequestHead): RequestHead {
    this.headsRead++;
    return head;
  }

  readLargeHead(): RequestHead {
    return { method: "POST", path: "/early", bodyBytes: -1, fields: new Map() };
  }

  onHead(responder: Responder<RequestHead>, stream: Stream<RequestHead>): void {
    if (stream.call.path === "/early") this.#respond(responder, stream);
  }

  onRequest(
    responder: Responder<RequestHead>,
    stream: Stream<RequestHead>,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const body = bytes.toString("latin1", start, end);
    this.seen.push({ path: stream.call.path, body, unread: undefined });
    this.#respond(responder, stream);
  }

  onUnread(responder: Responder<RequestHead>, stream: Stream<RequestHead>, why: Unread): void {
    this.seen.push({ path: stream.call.path, body: "", unread: why });
    this.#respond(responder, stream);
  }

  #respond(responder: Responder<RequestHead>, stream: Stream<RequestHead>): void {
    responder.respond(stream, ANSWER_HEAD, Buffer.alloc(0), this.answer, ANSWER_TRAILERS);
  }
}

/** The error code of a GOAWAY among the frames, undefined where there is none. */
export function goAwayCode(said: readonly Frame[]): number | undefined {
  return said.find(({ type }) => type === TYPE.goaway)?.payload.readUInt32BE(4);
}

/** `stream: code` of each RST_STREAM among the frames. */
export function resets(said: readonly Frame[]): string[] {
  return said
    .filter(({ type }) => type === TYPE.rstStream)
    .map(({ streamId, payload }) => `${streamId}: ${payload.readUInt32BE(0)}`);
}

/** The body bytes that were sent on a stream. */
export function bodyOn(streamId: number, said: readonly Frame[]): string {
  const parts = said.filter((frame) => frame.type === TYPE.data && frame.streamId === streamId);
  return Buffer.concat(parts.map(({ payload }) => payload)).toString("latin1");
}

/** Streams whose end was said. */
export function endedStreams(said: readonly Frame[]): number[] {
  return said
    .filter(({ type, flags }) => (type === TYPE.data || type === TYPE.headers) && (flags & 1) !== 0)
    .map(({ streamId }) => streamId);
}
