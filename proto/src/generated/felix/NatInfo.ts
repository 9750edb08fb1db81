// Original file: protos/felix/policy_sync.proto


export interface NatInfo {
  'ext_ip'?: (string);
  'int_ip'?: (string);
}

export interface NatInfo__Output {
  'ext_ip'?: (string);
  'int_ip'?: (string);
}
