// Original file: protos/felix/policy_sync.proto

import type { NamespaceID as _felix_NamespaceID, NamespaceID__Output as _felix_NamespaceID__Output } from '../felix/NamespaceID.ts';

export interface NamespaceUpdate {
  'id'?: (_felix_NamespaceID | null);
  'labels'?: ({[key: string]: string});
}

export interface NamespaceUpdate__Output {
  'id'?: (_felix_NamespaceID__Output);
  'labels'?: ({[key: string]: string});
}
