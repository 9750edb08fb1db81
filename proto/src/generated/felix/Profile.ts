// Original file: protos/felix/policy_sync.proto

import type { Rule as _felix_Rule, Rule__Output as _felix_Rule__Output } from '../felix/Rule.ts';

export interface Profile {
  'inbound_rules'?: (_felix_Rule)[];
  'outbound_rules'?: (_felix_Rule)[];
  'unusable'?: (string);
}

export interface Profile__Output {
  'inbound_rules'?: (_felix_Rule__Output)[];
  'outbound_rules'?: (_felix_Rule__Output)[];
  'unusable'?: (string);
}
