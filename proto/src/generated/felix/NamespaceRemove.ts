// Original file: protos/felix/policy_sync.proto

import type { NamespaceID as _felix_NamespaceID, NamespaceID__Output as _felix_NamespaceID__Output } from '../felix/NamespaceID.ts';

export interface NamespaceRemove {
  'id'?: (_felix_NamespaceID | null);
}

export interface NamespaceRemove__Output {
  'id'?: (_felix_NamespaceID__Output);
}
