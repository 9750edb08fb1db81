import { encodeFailure, GRPC_INTERNAL, GRPC_RESOURCE_EXHAUSTED, GRPC_UNIMPLEMENTED } from "./grpc-status.ts";
import { encodeHeaders } from "./hpack-encoder.ts";
import type { RequestHead } from "./request-head.ts";
import type { UnaryMethod } from "./unary-method.ts";

/** A response that a request gets for its head alone. */
export type Refusal = {
  readonly head: Buffer;
  readonly body: Buffer;
  /** Without waiting for the request's end: gRPC clients may wait for an answer before they go on. */
  readonly isAtOnce: boolean;
};

/** What a request's head says to gRPC. One object serves all requests with the same head. */
export type GrpcCall = {
  /** `grpc-timeout`; Infinity where there is none. */
  readonly timeoutMs: number;
  readonly metadata: ReadonlyMap<string, string>;
} & (
  | { readonly method: UnaryMethod; readonly refusal: undefined }
  /** Not a request that a method of ours could answer. */
  | { readonly method: undefined; readonly refusal: Refusal }
);

const EMPTY = Buffer.alloc(0);
const NO_METADATA: ReadonlyMap<string, string> = new Map();
const GRPC_ONLY = Buffer.from(
  "This server speaks gRPC: POST with content-type application/grpc.\n",
  "latin1",
);

/** Units of `grpc-timeout` in milliseconds. */
const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ["H", 3_600_000],
  ["M", 60_000],
  ["S", 1_000],
  ["m", 1],
  ["u", 1e-3],
  ["n", 1e-6],
]);

/** Reads a head by gRPC's rules over HTTP/2. */
export function readGrpcCall(head: RequestHead, methods: ReadonlyMap<string, UnaryMethod>): GrpcCall {
  if (head.method !== "POST") return refused(httpRefusal("405", [["allow", "POST"]]));
  const contentType = head.fields.get("content-type") ?? "";
  if (!isGrpc(contentType)) return refused(httpRefusal("415", []));
  const method = methods.get(head.path);
  if (method === undefined) return refused(failure(GRPC_UNIMPLEMENTED, "there is no such method"));
  const timeoutMs = parseTimeout(head.fields.get("grpc-timeout"));
  if (timeoutMs === undefined) return refused(failure(GRPC_INTERNAL, "grpc-timeout is malformed"));
  return { method, refusal: undefined, timeoutMs, metadata: head.fields };
}

/** For a head that is too large to be read. */
export function refuseLargeHead(): GrpcCall {
  return refused(failure(GRPC_RESOURCE_EXHAUSTED, "the metadata is too large"));
}

/** The value of `grpc-timeout` in milliseconds: Infinity where there is none, undefined where it is malformed. */
export function parseTimeout(value: string | undefined): number | undefined {
  if (value === undefined) return Infinity;
  const unitMs = UNITS_MS.get(value.at(-1) ?? "");
  const digits = value.slice(0, -1);
  if (unitMs === undefined || !/^[0-9]{1,8}$/.test(digits)) return undefined;
  return Number(digits) * unitMs;
}

function isGrpc(contentType: string): boolean {
  if (!contentType.startsWith("application/grpc")) return false;
  const next = contentType.charAt("application/grpc".length);
  return next === "" || next === "+" || next === ";";
}

function refused(refusal: Refusal): GrpcCall {
  return { method: undefined, refusal, timeoutMs: Infinity, metadata: NO_METADATA };
}

function failure(code: number, message: string): Refusal {
  return { head: encodeFailure({ code, message }), body: EMPTY, isAtOnce: true };
}

function httpRefusal(status: string, more: readonly (readonly [string, string])[]): Refusal {
  const head = encodeHeaders([[":status", status], ["content-type", "text/plain"], ...more]);
  return { head, body: GRPC_ONLY, isAtOnce: false };
}
