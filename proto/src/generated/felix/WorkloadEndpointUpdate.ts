// Original file: protos/felix/policy_sync.proto

import type { WorkloadEndpointID as _felix_WorkloadEndpointID, WorkloadEndpointID__Output as _felix_WorkloadEndpointID__Output } from '../felix/WorkloadEndpointID.ts';
import type { WorkloadEndpoint as _felix_WorkloadEndpoint, WorkloadEndpoint__Output as _felix_WorkloadEndpoint__Output } from '../felix/WorkloadEndpoint.ts';

export interface WorkloadEndpointUpdate {
  'id'?: (_felix_WorkloadEndpointID | null);
  'endpoint'?: (_felix_WorkloadEndpoint | null);
}

export interface WorkloadEndpointUpdate__Output {
  'id'?: (_felix_WorkloadEndpointID__Output);
  'endpoint'?: (_felix_WorkloadEndpoint__Output);
}
