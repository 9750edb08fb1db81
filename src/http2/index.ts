/** A gRPC server for unary methods over HTTP/2, of our own. */
export { GrpcServer, type GrpcServerOptions } from "./grpc-server.ts";
export {
  GRPC_INTERNAL,
  GRPC_INVALID_ARGUMENT,
  GRPC_NOT_FOUND,
  GRPC_RESOURCE_EXHAUSTED,
  GRPC_UNIMPLEMENTED,
  type GrpcFailure,
} from "./grpc-status.ts";
export type { UnaryCall, UnaryMethod, Unseen } from "./unary-method.ts";
