// Original file: protos/envoy/api/v2/core/address.proto


// Original file: protos/envoy/api/v2/core/address.proto

export const _envoy_api_v2_core_SocketAddress_Protocol = {
  TCP: 'TCP',
  UDP: 'UDP',
} as const;

export type _envoy_api_v2_core_SocketAddress_Protocol =
  | 'TCP'
  | 0
  | 'UDP'
  | 1

export type _envoy_api_v2_core_SocketAddress_Protocol__Output = typeof _envoy_api_v2_core_SocketAddress_Protocol[keyof typeof _envoy_api_v2_core_SocketAddress_Protocol]

export interface SocketAddress {
  'protocol'?: (_envoy_api_v2_core_SocketAddress_Protocol);
  'address'?: (string);
  'port_value'?: (number);
  'named_port'?: (string);
  'port_specifier'?: "port_value"|"named_port";
}

export interface SocketAddress__Output {
  'protocol'?: (_envoy_api_v2_core_SocketAddress_Protocol__Output);
  'address'?: (string);
  'port_value'?: (number);
  'named_port'?: (string);
}
