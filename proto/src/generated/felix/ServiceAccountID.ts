// Original file: protos/felix/policy_sync.proto


export interface ServiceAccountID {
  'namespace'?: (string);
  'name'?: (string);
}

export interface ServiceAccountID__Output {
  'namespace'?: (string);
  'name'?: (string);
}
