// Original file: protos/felix/policy_sync.proto


export interface RuleMetadata {
  'annotations'?: ({[key: string]: string});
}

export interface RuleMetadata__Output {
  'annotations'?: ({[key: string]: string});
}
