// Original file: protos/felix/policy_sync.proto


export interface PortRange {
  'first'?: (number);
  'last'?: (number);
}

export interface PortRange__Output {
  'first'?: (number);
  'last'?: (number);
}
