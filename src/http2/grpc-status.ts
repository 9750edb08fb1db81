import { encodeHeaders } from "./hpack-encoder.ts";

/** Codes of gRPC's statuses, as far as we send them. */
export const GRPC_OK = 0;
export const GRPC_INVALID_ARGUMENT = 3;
export const GRPC_NOT_FOUND = 5;
export const GRPC_RESOURCE_EXHAUSTED = 8;
export const GRPC_UNIMPLEMENTED = 12;
export const GRPC_INTERNAL = 13;

/** An answer that is none: the call fails. */
export type GrpcFailure = {
  readonly code: number;
  /** For developers; shown by clients. */
  readonly message: string;
};

/** The header blocks around a good answer. */
export const GOOD_HEAD: Buffer = encodeHeaders([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
export const GOOD_TRAILERS: Buffer = encodeHeaders([["grpc-status", String(GRPC_OK)]]);

/** The one header block of a failure, which ends the stream at once. */
export function encodeFailure(failure: GrpcFailure): Buffer {
  return encodeHeaders([
    [":status", "200"],
    ["content-type", "application/grpc"],
    ["grpc-status", String(failure.code)],
    ["grpc-message", percentEncode(failure.message)],
  ]);
}

/** As gRPC asks for: printable ASCII but `%` stays, the bytes of everything else are written in hexadecimal. */
function percentEncode(text: string): string {
  return Array.from(Buffer.from(text, "utf8"), (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");
}
