// Original file: protos/envoy/service/auth/v2/authorization.proto

import type { HttpStatus as _envoy_type_HttpStatus, HttpStatus__Output as _envoy_type_HttpStatus__Output } from '../../../../envoy/type/HttpStatus.ts';
import type { HeaderValueOption as _envoy_api_v2_core_HeaderValueOption, HeaderValueOption__Output as _envoy_api_v2_core_HeaderValueOption__Output } from '../../../../envoy/api/v2/core/HeaderValueOption.ts';

export interface DeniedHttpResponse {
  'status'?: (_envoy_type_HttpStatus | null);
  'headers'?: (_envoy_api_v2_core_HeaderValueOption)[];
  'body'?: (string);
}

export interface DeniedHttpResponse__Output {
  'status'?: (_envoy_type_HttpStatus__Output);
  'headers'?: (_envoy_api_v2_core_HeaderValueOption__Output)[];
  'body'?: (string);
}
