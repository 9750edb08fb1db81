// Original file: protos/felix/policy_sync.proto


export interface ServiceAccountMatch {
  'selector'?: (string);
  'names'?: (string)[];
}

export interface ServiceAccountMatch__Output {
  'selector'?: (string);
  'names'?: (string)[];
}
