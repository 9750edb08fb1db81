// Original file: protos/felix/policy_sync.proto


export interface ProfileID {
  'name'?: (string);
}

export interface ProfileID__Output {
  'name'?: (string);
}
