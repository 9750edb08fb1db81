/** The server that gRPC's interoperability tests want, as far as calls of one message go: `grpc.testing.TestService`. */
import protobuf from "protobufjs";
import type { GrpcFailure, UnaryMethod } from "../../src/http2/index.ts";

const { root } = protobuf.parse(`
  syntax = "proto3";
  package grpc.testing;
  message Empty {}
  message Payload { int32 type = 1; bytes body = 2; }
  message EchoStatus { int32 code = 1; string message = 2; }
  message SimpleRequest {
    int32 response_type = 1;
    int32 response_size = 2;
    Payload payload = 3;
    EchoStatus response_status = 7;
  }
  message SimpleResponse { Payload payload = 1; }
`);

/** For clients that are written here. */
export const SIMPLE_REQUEST: protobuf.Type = root.lookupType("grpc.testing.SimpleRequest");
export const SIMPLE_RESPONSE: protobuf.Type = root.lookupType("grpc.testing.SimpleResponse");

type SimpleRequest = {
  readonly responseSize: number;
  readonly responseStatus?: { readonly code: number; readonly message: string } | null;
};

function answerSimple(message: Uint8Array): Uint8Array | GrpcFailure {
  const request = SIMPLE_REQUEST.decode(message) as unknown as SimpleRequest;
  const { responseStatus: status } = request;
  if (status != null && status.code !== 0) return { code: status.code, message: status.message };
  return SIMPLE_RESPONSE.encode({ payload: { body: Buffer.alloc(request.responseSize) } }).finish();
}

/** By path. `FullDuplexCall` is there for the part of a test that sends one message and is answered with a status. */
export const TEST_SERVICE: ReadonlyMap<string, UnaryMethod> = new Map<string, UnaryMethod>([
  ["/grpc.testing.TestService/EmptyCall", { handle: () => new Uint8Array(0) }],
  ["/grpc.testing.TestService/UnaryCall", { handle: answerSimple }],
  ["/grpc.testing.TestService/FullDuplexCall", { handle: answerSimple }],
]);
