// Original file: protos/felix/policy_sync.proto

import type { ServiceAccountID as _felix_ServiceAccountID, ServiceAccountID__Output as _felix_ServiceAccountID__Output } from '../felix/ServiceAccountID.ts';

export interface ServiceAccountUpdate {
  'id'?: (_felix_ServiceAccountID | null);
  'labels'?: ({[key: string]: string});
}

export interface ServiceAccountUpdate__Output {
  'id'?: (_felix_ServiceAccountID__Output);
  'labels'?: ({[key: string]: string});
}
