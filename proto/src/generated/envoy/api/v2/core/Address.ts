// Original file: protos/envoy/api/v2/core/address.proto

import type { SocketAddress as _envoy_api_v2_core_SocketAddress, SocketAddress__Output as _envoy_api_v2_core_SocketAddress__Output } from '../../../../envoy/api/v2/core/SocketAddress.ts';
import type { Pipe as _envoy_api_v2_core_Pipe, Pipe__Output as _envoy_api_v2_core_Pipe__Output } from '../../../../envoy/api/v2/core/Pipe.ts';

export interface Address {
  'socket_address'?: (_envoy_api_v2_core_SocketAddress | null);
  'pipe'?: (_envoy_api_v2_core_Pipe | null);
  'address'?: "socket_address"|"pipe";
}

export interface Address__Output {
  'socket_address'?: (_envoy_api_v2_core_SocketAddress__Output);
  'pipe'?: (_envoy_api_v2_core_Pipe__Output);
}
