// Original file: protos/felix/policy_sync.proto


export interface WorkloadEndpointID {
  'orchestrator_id'?: (string);
  'workload_id'?: (string);
  'endpoint_id'?: (string);
}

export interface WorkloadEndpointID__Output {
  'orchestrator_id'?: (string);
  'workload_id'?: (string);
  'endpoint_id'?: (string);
}
