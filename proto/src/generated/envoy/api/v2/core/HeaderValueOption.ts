// Original file: protos/envoy/api/v2/core/header.proto

import type { HeaderValue as _envoy_api_v2_core_HeaderValue, HeaderValue__Output as _envoy_api_v2_core_HeaderValue__Output } from '../../../../envoy/api/v2/core/HeaderValue.ts';

export interface HeaderValueOption {
  'header'?: (_envoy_api_v2_core_HeaderValue | null);
}

export interface HeaderValueOption__Output {
  'header'?: (_envoy_api_v2_core_HeaderValue__Output);
}
