// Original file: protos/envoy/service/auth/v2/authorization.proto

import type { AttributeContext as _envoy_service_auth_v2_AttributeContext, AttributeContext__Output as _envoy_service_auth_v2_AttributeContext__Output } from '../../../../envoy/service/auth/v2/AttributeContext.ts';

export interface CheckRequest {
  'attributes'?: (_envoy_service_auth_v2_AttributeContext | null);
}

export interface CheckRequest__Output {
  'attributes'?: (_envoy_service_auth_v2_AttributeContext__Output);
}
