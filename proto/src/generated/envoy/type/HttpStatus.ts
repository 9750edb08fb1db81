// Original file: protos/envoy/type/http_status.proto

import type { StatusCode as _envoy_type_StatusCode, StatusCode__Output as _envoy_type_StatusCode__Output } from '../../envoy/type/StatusCode.ts';

export interface HttpStatus {
  'code'?: (_envoy_type_StatusCode);
}

export interface HttpStatus__Output {
  'code'?: (_envoy_type_StatusCode__Output);
}
