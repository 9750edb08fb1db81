// Original file: protos/felix/policy_sync.proto


export interface NamespaceID {
  'name'?: (string);
}

export interface NamespaceID__Output {
  'name'?: (string);
}
