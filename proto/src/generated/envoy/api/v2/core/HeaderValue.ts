// Original file: protos/envoy/api/v2/core/header.proto


export interface HeaderValue {
  'key'?: (string);
  'value'?: (string);
}

export interface HeaderValue__Output {
  'key'?: (string);
  'value'?: (string);
}
