// Original file: protos/felix/policy_sync.proto


export interface PolicyID {
  'name'?: (string);
  'namespace'?: (string);
  'kind'?: (string);
}

export interface PolicyID__Output {
  'name'?: (string);
  'namespace'?: (string);
  'kind'?: (string);
}
