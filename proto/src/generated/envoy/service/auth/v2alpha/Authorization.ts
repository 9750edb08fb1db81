// Original file: protos/envoy/service/auth/v2alpha/authorization.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CheckRequest as _envoy_service_auth_v2_CheckRequest, CheckRequest__Output as _envoy_service_auth_v2_CheckRequest__Output } from '../../../../envoy/service/auth/v2/CheckRequest.ts';
import type { CheckResponse as _envoy_service_auth_v2_CheckResponse, CheckResponse__Output as _envoy_service_auth_v2_CheckResponse__Output } from '../../../../envoy/service/auth/v2/CheckResponse.ts';

export interface AuthorizationClient extends grpc.Client {
  Check(argument: _envoy_service_auth_v2_CheckRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_envoy_service_auth_v2_CheckResponse__Output>): grpc.ClientUnaryCall;
  Check(argument: _envoy_service_auth_v2_CheckRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_envoy_service_auth_v2_CheckResponse__Output>): grpc.ClientUnaryCall;
  Check(argument: _envoy_service_auth_v2_CheckRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_envoy_service_auth_v2_CheckResponse__Output>): grpc.ClientUnaryCall;
  Check(argument: _envoy_service_auth_v2_CheckRequest, callback: grpc.requestCallback<_envoy_service_auth_v2_CheckResponse__Output>): grpc.ClientUnaryCall;
  check(argument: _envoy_service_auth_v2_CheckRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_envoy_service_auth_v2_CheckResponse__Output>): grpc.ClientUnaryCall;
  check(argument: _envoy_service_auth_v2_CheckRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_envoy_service_auth_v2_CheckResponse__Output>): grpc.ClientUnaryCall;
  check(argument: _envoy_service_auth_v2_CheckRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_envoy_service_auth_v2_CheckResponse__Output>): grpc.ClientUnaryCall;
  check(argument: _envoy_service_auth_v2_CheckRequest, callback: grpc.requestCallback<_envoy_service_auth_v2_CheckResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface AuthorizationHandlers extends grpc.UntypedServiceImplementation {
  Check: grpc.handleUnaryCall<_envoy_service_auth_v2_CheckRequest__Output, _envoy_service_auth_v2_CheckResponse>;
  
}

export interface AuthorizationDefinition extends grpc.ServiceDefinition {
  Check: MethodDefinition<_envoy_service_auth_v2_CheckRequest, _envoy_service_auth_v2_CheckResponse, _envoy_service_auth_v2_CheckRequest__Output, _envoy_service_auth_v2_CheckResponse__Output>
}
