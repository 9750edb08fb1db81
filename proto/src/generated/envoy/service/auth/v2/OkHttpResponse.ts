// Original file: protos/envoy/service/auth/v2/authorization.proto

import type { HeaderValueOption as _envoy_api_v2_core_HeaderValueOption, HeaderValueOption__Output as _envoy_api_v2_core_HeaderValueOption__Output } from '../../../../envoy/api/v2/core/HeaderValueOption.ts';

export interface OkHttpResponse {
  'headers'?: (_envoy_api_v2_core_HeaderValueOption)[];
}

export interface OkHttpResponse__Output {
  'headers'?: (_envoy_api_v2_core_HeaderValueOption__Output)[];
}
