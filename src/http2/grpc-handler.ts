import { toError } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import { type GrpcCall, type Refusal, readGrpcCall, refuseLargeHead } from "./grpc-call.ts";
import {
  encodeFailure,
  GOOD_HEAD,
  GOOD_TRAILERS,
  GRPC_INTERNAL,
  GRPC_RESOURCE_EXHAUSTED,
  GRPC_UNIMPLEMENTED,
  type GrpcFailure,
} from "./grpc-status.ts";
import type { RequestHandler, Responder } from "./request-handler.ts";
import type { RequestHead } from "./request-head.ts";
import type { Stream, Unread } from "./stream.ts";
import type { UnaryCall, UnaryMethod, Unseen } from "./unary-method.ts";

/** Before each message: whether it is compressed, and its length in four bytes. */
export const MESSAGE_PREFIX_BYTES = 5;
const EMPTY = Buffer.alloc(0);

const TOO_LARGE: GrpcFailure = { code: GRPC_RESOURCE_EXHAUSTED, message: "the message is too large" };
const NO_ROOM: GrpcFailure = { code: GRPC_RESOURCE_EXHAUSTED, message: "too many messages at once" };
const NOT_ONE: GrpcFailure = { code: GRPC_UNIMPLEMENTED, message: "the method takes exactly one message" };
const TRUNCATED: GrpcFailure = { code: GRPC_INTERNAL, message: "the message is cut short" };
const COMPRESSED: GrpcFailure = { code: GRPC_UNIMPLEMENTED, message: "messages must not be compressed" };
const BROKEN: GrpcFailure = { code: GRPC_INTERNAL, message: "the method failed" };

/** gRPC over HTTP/2, for methods that take one message and answer with one. */
export class GrpcHandler implements RequestHandler<GrpcCall> {
  readonly #clock: Clock;
  readonly #methods: ReadonlyMap<string, UnaryMethod>;
  readonly #onError: (error: Error) => void;
  /** Reused: a method may not keep it. */
  readonly #call: { metadata: ReadonlyMap<string, string>; remainingMs: number } = {
    metadata: new Map(),
    remainingMs: Infinity,
  };
  readonly #prefix = Buffer.alloc(MESSAGE_PREFIX_BYTES);

  /**
   * @param methods by path, as `/package.Service/Method`.
   * @param onError told of what a method throws; its call fails with INTERNAL.
   */
  constructor(clock: Clock, methods: ReadonlyMap<string, UnaryMethod>, onError: (error: Error) => void) {
    this.#clock = clock;
    this.#methods = methods;
    this.#onError = onError;
  }

  readHead(head: RequestHead): GrpcCall {
    return readGrpcCall(head, this.#methods);
  }

  readLargeHead(): GrpcCall {
    return refuseLargeHead();
  }

  onHead(responder: Responder<GrpcCall>, stream: Stream<GrpcCall>): void {
    const { refusal } = stream.call;
    if (refusal?.isAtOnce === true) refuse(responder, stream, refusal);
  }

  onRequest(
    responder: Responder<GrpcCall>,
    stream: Stream<GrpcCall>,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const { method, refusal } = stream.call;
    if (method === undefined) {
      refuse(responder, stream, refusal);
      return;
    }
    const broken = checkFraming(bytes, start, end);
    this.#answer(
      responder,
      stream,
      broken ?? this.#handle(method, stream, bytes, start + MESSAGE_PREFIX_BYTES, end),
    );
  }

  onUnread(responder: Responder<GrpcCall>, stream: Stream<GrpcCall>, why: Unread): void {
    const { method, refusal } = stream.call;
    if (method === undefined) refuse(responder, stream, refusal);
    else if (why === "endless") this.#answer(responder, stream, TOO_LARGE);
    else this.#answer(responder, stream, this.#handleUnseen(method, stream, why));
  }

  #handle(
    method: UnaryMethod,
    stream: Stream<GrpcCall>,
    bytes: Buffer,
    start: number,
    end: number,
  ): Uint8Array | GrpcFailure {
    try {
      return method.handle(bytes.subarray(start, end), this.#about(stream));
    } catch (reason) {
      this.#onError(toError(reason));
      return BROKEN;
    }
  }

  #handleUnseen(method: UnaryMethod, stream: Stream<GrpcCall>, why: Unseen): Uint8Array | GrpcFailure {
    try {
      const answer = method.handleUnseen?.(why, this.#about(stream));
      return answer ?? (why === "too_large" ? TOO_LARGE : NO_ROOM);
    } catch (reason) {
      this.#onError(toError(reason));
      return BROKEN;
    }
  }

  #about(stream: Stream<GrpcCall>): UnaryCall {
    const { call, startedAtMs } = stream;
    this.#call.metadata = call.metadata;
    this.#call.remainingMs =
      call.timeoutMs === Infinity ? Infinity : call.timeoutMs - (this.#clock.nowMs() - startedAtMs);
    return this.#call;
  }

  #answer(responder: Responder<GrpcCall>, stream: Stream<GrpcCall>, answer: Uint8Array | GrpcFailure): void {
    if (answer instanceof Uint8Array) {
      this.#prefix.writeUInt32BE(answer.length, 1);
      responder.respond(stream, GOOD_HEAD, this.#prefix, answer, GOOD_TRAILERS);
    } else {
      responder.respond(stream, encodeFailure(answer), EMPTY, EMPTY, undefined);
    }
  }
}

function refuse(responder: Responder<GrpcCall>, stream: Stream<GrpcCall>, refusal: Refusal): void {
  responder.respond(stream, refusal.head, EMPTY, refusal.body, undefined);
}

/** What is wrong with a body that should be one message, if anything is. */
function checkFraming(bytes: Buffer, start: number, end: number): GrpcFailure | undefined {
  if (start === end) return NOT_ONE;
  if (end - start < MESSAGE_PREFIX_BYTES) return TRUNCATED;
  const messageEnd = start + MESSAGE_PREFIX_BYTES + bytes.readUInt32BE(start + 1);
  if (messageEnd > end) return TRUNCATED;
  if (messageEnd < end) return NOT_ONE;
  switch (bytes[start]) {
    case 0:
      return undefined;
    case 1:
      return COMPRESSED;
    default:
      return { code: GRPC_INTERNAL, message: "the message's first byte means nothing" };
  }
}
