// Original file: protos/envoy/service/auth/v2/authorization.proto

import type { Status as _google_rpc_Status, Status__Output as _google_rpc_Status__Output } from '../../../../google/rpc/Status.ts';
import type { DeniedHttpResponse as _envoy_service_auth_v2_DeniedHttpResponse, DeniedHttpResponse__Output as _envoy_service_auth_v2_DeniedHttpResponse__Output } from '../../../../envoy/service/auth/v2/DeniedHttpResponse.ts';
import type { OkHttpResponse as _envoy_service_auth_v2_OkHttpResponse, OkHttpResponse__Output as _envoy_service_auth_v2_OkHttpResponse__Output } from '../../../../envoy/service/auth/v2/OkHttpResponse.ts';

export interface CheckResponse {
  'status'?: (_google_rpc_Status | null);
  'denied_response'?: (_envoy_service_auth_v2_DeniedHttpResponse | null);
  'ok_response'?: (_envoy_service_auth_v2_OkHttpResponse | null);
  'http_response'?: "denied_response"|"ok_response";
}

export interface CheckResponse__Output {
  'status'?: (_google_rpc_Status__Output);
  'denied_response'?: (_envoy_service_auth_v2_DeniedHttpResponse__Output);
  'ok_response'?: (_envoy_service_auth_v2_OkHttpResponse__Output);
}
