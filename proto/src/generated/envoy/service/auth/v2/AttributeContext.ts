// Original file: protos/envoy/service/auth/v2/authorization.proto

import type { Address as _envoy_api_v2_core_Address, Address__Output as _envoy_api_v2_core_Address__Output } from '../../../../envoy/api/v2/core/Address.ts';
import type { Long } from '@grpc/proto-loader';

export interface _envoy_service_auth_v2_AttributeContext_HttpRequest {
  'id'?: (string);
  'method'?: (string);
  'headers'?: ({[key: string]: string});
  'path'?: (string);
  'host'?: (string);
  'scheme'?: (string);
  'query'?: (string);
  'fragment'?: (string);
  'size'?: (number | string | Long);
  'protocol'?: (string);
  'body'?: (string);
}

export interface _envoy_service_auth_v2_AttributeContext_HttpRequest__Output {
  'id'?: (string);
  'method'?: (string);
  'headers'?: ({[key: string]: string});
  'path'?: (string);
  'host'?: (string);
  'scheme'?: (string);
  'query'?: (string);
  'fragment'?: (string);
  'size'?: (string);
  'protocol'?: (string);
  'body'?: (string);
}

export interface _envoy_service_auth_v2_AttributeContext_Peer {
  'address'?: (_envoy_api_v2_core_Address | null);
  'service'?: (string);
  'labels'?: ({[key: string]: string});
  'principal'?: (string);
  'certificate'?: (string);
}

export interface _envoy_service_auth_v2_AttributeContext_Peer__Output {
  'address'?: (_envoy_api_v2_core_Address__Output);
  'service'?: (string);
  'labels'?: ({[key: string]: string});
  'principal'?: (string);
  'certificate'?: (string);
}

export interface _envoy_service_auth_v2_AttributeContext_Request {
  'http'?: (_envoy_service_auth_v2_AttributeContext_HttpRequest | null);
}

export interface _envoy_service_auth_v2_AttributeContext_Request__Output {
  'http'?: (_envoy_service_auth_v2_AttributeContext_HttpRequest__Output);
}

export interface AttributeContext {
  'source'?: (_envoy_service_auth_v2_AttributeContext_Peer | null);
  'destination'?: (_envoy_service_auth_v2_AttributeContext_Peer | null);
  'request'?: (_envoy_service_auth_v2_AttributeContext_Request | null);
  'context_extensions'?: ({[key: string]: string});
}

export interface AttributeContext__Output {
  'source'?: (_envoy_service_auth_v2_AttributeContext_Peer__Output);
  'destination'?: (_envoy_service_auth_v2_AttributeContext_Peer__Output);
  'request'?: (_envoy_service_auth_v2_AttributeContext_Request__Output);
  'context_extensions'?: ({[key: string]: string});
}
