// Original file: protos/envoy/api/v2/core/address.proto


export interface Pipe {
  'path'?: (string);
}

export interface Pipe__Output {
  'path'?: (string);
}
