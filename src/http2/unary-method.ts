import type { GrpcFailure } from "./grpc-status.ts";

/** What a method may know of the call it answers. Reused: valid during the call of the method only. */
export type UnaryCall = {
  /** Request header fields but the pseudo ones; those of one name are joined by `, `. */
  readonly metadata: ReadonlyMap<string, string>;
  /** What the caller's deadline still leaves, in milliseconds: Infinity where it has none, zero or less where it is over. */
  readonly remainingMs: number;
};

/** Why a method does not get to see a message: it is longer than the server keeps, or too much is kept for other calls. */
export type Unseen = "too_large" | "no_room";

/** One message in, one message or a failure out, at once. */
export type UnaryMethod = {
  /** @param message is valid during the call. What is returned must not be changed afterwards. */
  handle(message: Uint8Array, call: UnaryCall): Uint8Array | GrpcFailure;
  /** Answers for a message that can't be shown. Default: RESOURCE_EXHAUSTED. */
  handleUnseen?(why: Unseen, call: UnaryCall): Uint8Array | GrpcFailure;
};
