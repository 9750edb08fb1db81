// Original file: protos/felix/policy_sync.proto


export interface IPSetDeltaUpdate {
  'id'?: (string);
  'added_members'?: (string)[];
  'removed_members'?: (string)[];
}

export interface IPSetDeltaUpdate__Output {
  'id'?: (string);
  'added_members'?: (string)[];
  'removed_members'?: (string)[];
}
