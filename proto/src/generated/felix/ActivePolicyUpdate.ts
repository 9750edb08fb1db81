// Original file: protos/felix/policy_sync.proto

import type { PolicyID as _felix_PolicyID, PolicyID__Output as _felix_PolicyID__Output } from '../felix/PolicyID.ts';
import type { Policy as _felix_Policy, Policy__Output as _felix_Policy__Output } from '../felix/Policy.ts';

export interface ActivePolicyUpdate {
  'id'?: (_felix_PolicyID | null);
  'policy'?: (_felix_Policy | null);
}

export interface ActivePolicyUpdate__Output {
  'id'?: (_felix_PolicyID__Output);
  'policy'?: (_felix_Policy__Output);
}
