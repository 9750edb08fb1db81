// Original file: protos/felix/policy_sync.proto


export interface IPSetRemove {
  'id'?: (string);
}

export interface IPSetRemove__Output {
  'id'?: (string);
}
