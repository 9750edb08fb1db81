// Original file: protos/felix/policy_sync.proto

import type { WorkloadEndpointID as _felix_WorkloadEndpointID, WorkloadEndpointID__Output as _felix_WorkloadEndpointID__Output } from '../felix/WorkloadEndpointID.ts';

export interface WorkloadEndpointRemove {
  'id'?: (_felix_WorkloadEndpointID | null);
}

export interface WorkloadEndpointRemove__Output {
  'id'?: (_felix_WorkloadEndpointID__Output);
}
