// Original file: protos/felix/policy_sync.proto

import type { InSync as _felix_InSync, InSync__Output as _felix_InSync__Output } from '../felix/InSync.ts';
import type { IPSetUpdate as _felix_IPSetUpdate, IPSetUpdate__Output as _felix_IPSetUpdate__Output } from '../felix/IPSetUpdate.ts';
import type { IPSetDeltaUpdate as _felix_IPSetDeltaUpdate, IPSetDeltaUpdate__Output as _felix_IPSetDeltaUpdate__Output } from '../felix/IPSetDeltaUpdate.ts';
import type { IPSetRemove as _felix_IPSetRemove, IPSetRemove__Output as _felix_IPSetRemove__Output } from '../felix/IPSetRemove.ts';
import type { ActiveProfileUpdate as _felix_ActiveProfileUpdate, ActiveProfileUpdate__Output as _felix_ActiveProfileUpdate__Output } from '../felix/ActiveProfileUpdate.ts';
import type { ActiveProfileRemove as _felix_ActiveProfileRemove, ActiveProfileRemove__Output as _felix_ActiveProfileRemove__Output } from '../felix/ActiveProfileRemove.ts';
import type { ActivePolicyUpdate as _felix_ActivePolicyUpdate, ActivePolicyUpdate__Output as _felix_ActivePolicyUpdate__Output } from '../felix/ActivePolicyUpdate.ts';
import type { ActivePolicyRemove as _felix_ActivePolicyRemove, ActivePolicyRemove__Output as _felix_ActivePolicyRemove__Output } from '../felix/ActivePolicyRemove.ts';
import type { WorkloadEndpointUpdate as _felix_WorkloadEndpointUpdate, WorkloadEndpointUpdate__Output as _felix_WorkloadEndpointUpdate__Output } from '../felix/WorkloadEndpointUpdate.ts';
import type { WorkloadEndpointRemove as _felix_WorkloadEndpointRemove, WorkloadEndpointRemove__Output as _felix_WorkloadEndpointRemove__Output } from '../felix/WorkloadEndpointRemove.ts';
import type { ServiceAccountUpdate as _felix_ServiceAccountUpdate, ServiceAccountUpdate__Output as _felix_ServiceAccountUpdate__Output } from '../felix/ServiceAccountUpdate.ts';
import type { ServiceAccountRemove as _felix_ServiceAccountRemove, ServiceAccountRemove__Output as _felix_ServiceAccountRemove__Output } from '../felix/ServiceAccountRemove.ts';
import type { NamespaceUpdate as _felix_NamespaceUpdate, NamespaceUpdate__Output as _felix_NamespaceUpdate__Output } from '../felix/NamespaceUpdate.ts';
import type { NamespaceRemove as _felix_NamespaceRemove, NamespaceRemove__Output as _felix_NamespaceRemove__Output } from '../felix/NamespaceRemove.ts';
import type { Long } from '@grpc/proto-loader';

export interface ToDataplane {
  'in_sync'?: (_felix_InSync | null);
  'ipset_update'?: (_felix_IPSetUpdate | null);
  'ipset_delta_update'?: (_felix_IPSetDeltaUpdate | null);
  'ipset_remove'?: (_felix_IPSetRemove | null);
  'active_profile_update'?: (_felix_ActiveProfileUpdate | null);
  'active_profile_remove'?: (_felix_ActiveProfileRemove | null);
  'active_policy_update'?: (_felix_ActivePolicyUpdate | null);
  'active_policy_remove'?: (_felix_ActivePolicyRemove | null);
  'workload_endpoint_update'?: (_felix_WorkloadEndpointUpdate | null);
  'workload_endpoint_remove'?: (_felix_WorkloadEndpointRemove | null);
  'sequence_number'?: (number | string | Long);
  'service_account_update'?: (_felix_ServiceAccountUpdate | null);
  'service_account_remove'?: (_felix_ServiceAccountRemove | null);
  'namespace_update'?: (_felix_NamespaceUpdate | null);
  'namespace_remove'?: (_felix_NamespaceRemove | null);
  'more'?: (boolean);
  'payload'?: "in_sync"|"ipset_update"|"ipset_delta_update"|"ipset_remove"|"active_profile_update"|"active_profile_remove"|"active_policy_update"|"active_policy_remove"|"workload_endpoint_update"|"workload_endpoint_remove"|"service_account_update"|"service_account_remove"|"namespace_update"|"namespace_remove";
}

export interface ToDataplane__Output {
  'in_sync'?: (_felix_InSync__Output);
  'ipset_update'?: (_felix_IPSetUpdate__Output);
  'ipset_delta_update'?: (_felix_IPSetDeltaUpdate__Output);
  'ipset_remove'?: (_felix_IPSetRemove__Output);
  'active_profile_update'?: (_felix_ActiveProfileUpdate__Output);
  'active_profile_remove'?: (_felix_ActiveProfileRemove__Output);
  'active_policy_update'?: (_felix_ActivePolicyUpdate__Output);
  'active_policy_remove'?: (_felix_ActivePolicyRemove__Output);
  'workload_endpoint_update'?: (_felix_WorkloadEndpointUpdate__Output);
  'workload_endpoint_remove'?: (_felix_WorkloadEndpointRemove__Output);
  'sequence_number'?: (string);
  'service_account_update'?: (_felix_ServiceAccountUpdate__Output);
  'service_account_remove'?: (_felix_ServiceAccountRemove__Output);
  'namespace_update'?: (_felix_NamespaceUpdate__Output);
  'namespace_remove'?: (_felix_NamespaceRemove__Output);
  'more'?: (boolean);
}
