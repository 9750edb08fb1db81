// Original file: protos/felix/policy_sync.proto


export interface IdentityMatch {
  'ids'?: (string)[];
  'prefixes'?: (string)[];
  'trust_domains'?: (string)[];
}

export interface IdentityMatch__Output {
  'ids'?: (string)[];
  'prefixes'?: (string)[];
  'trust_domains'?: (string)[];
}
