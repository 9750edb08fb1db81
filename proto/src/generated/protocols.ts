import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { SpiffeWorkloadAPIClient as _SpiffeWorkloadAPIClient, SpiffeWorkloadAPIDefinition as _SpiffeWorkloadAPIDefinition } from './SpiffeWorkloadAPI.ts';
import type { X509BundlesRequest as _X509BundlesRequest, X509BundlesRequest__Output as _X509BundlesRequest__Output } from './X509BundlesRequest.ts';
import type { X509BundlesResponse as _X509BundlesResponse, X509BundlesResponse__Output as _X509BundlesResponse__Output } from './X509BundlesResponse.ts';
import type { X509SVID as _X509SVID, X509SVID__Output as _X509SVID__Output } from './X509SVID.ts';
import type { X509SVIDRequest as _X509SVIDRequest, X509SVIDRequest__Output as _X509SVIDRequest__Output } from './X509SVIDRequest.ts';
import type { X509SVIDResponse as _X509SVIDResponse, X509SVIDResponse__Output as _X509SVIDResponse__Output } from './X509SVIDResponse.ts';
import type { Address as _envoy_api_v2_core_Address, Address__Output as _envoy_api_v2_core_Address__Output } from './envoy/api/v2/core/Address.ts';
import type { HeaderValue as _envoy_api_v2_core_HeaderValue, HeaderValue__Output as _envoy_api_v2_core_HeaderValue__Output } from './envoy/api/v2/core/HeaderValue.ts';
import type { HeaderValueOption as _envoy_api_v2_core_HeaderValueOption, HeaderValueOption__Output as _envoy_api_v2_core_HeaderValueOption__Output } from './envoy/api/v2/core/HeaderValueOption.ts';
import type { Pipe as _envoy_api_v2_core_Pipe, Pipe__Output as _envoy_api_v2_core_Pipe__Output } from './envoy/api/v2/core/Pipe.ts';
import type { SocketAddress as _envoy_api_v2_core_SocketAddress, SocketAddress__Output as _envoy_api_v2_core_SocketAddress__Output } from './envoy/api/v2/core/SocketAddress.ts';
import type { Address as _envoy_config_core_v3_Address, Address__Output as _envoy_config_core_v3_Address__Output } from './envoy/config/core/v3/Address.ts';
import type { EnvoyInternalAddress as _envoy_config_core_v3_EnvoyInternalAddress, EnvoyInternalAddress__Output as _envoy_config_core_v3_EnvoyInternalAddress__Output } from './envoy/config/core/v3/EnvoyInternalAddress.ts';
import type { HeaderValue as _envoy_config_core_v3_HeaderValue, HeaderValue__Output as _envoy_config_core_v3_HeaderValue__Output } from './envoy/config/core/v3/HeaderValue.ts';
import type { HeaderValueOption as _envoy_config_core_v3_HeaderValueOption, HeaderValueOption__Output as _envoy_config_core_v3_HeaderValueOption__Output } from './envoy/config/core/v3/HeaderValueOption.ts';
import type { Pipe as _envoy_config_core_v3_Pipe, Pipe__Output as _envoy_config_core_v3_Pipe__Output } from './envoy/config/core/v3/Pipe.ts';
import type { SocketAddress as _envoy_config_core_v3_SocketAddress, SocketAddress__Output as _envoy_config_core_v3_SocketAddress__Output } from './envoy/config/core/v3/SocketAddress.ts';
import type { AttributeContext as _envoy_service_auth_v2_AttributeContext, AttributeContext__Output as _envoy_service_auth_v2_AttributeContext__Output } from './envoy/service/auth/v2/AttributeContext.ts';
import type { AuthorizationClient as _envoy_service_auth_v2_AuthorizationClient, AuthorizationDefinition as _envoy_service_auth_v2_AuthorizationDefinition } from './envoy/service/auth/v2/Authorization.ts';
import type { CheckRequest as _envoy_service_auth_v2_CheckRequest, CheckRequest__Output as _envoy_service_auth_v2_CheckRequest__Output } from './envoy/service/auth/v2/CheckRequest.ts';
import type { CheckResponse as _envoy_service_auth_v2_CheckResponse, CheckResponse__Output as _envoy_service_auth_v2_CheckResponse__Output } from './envoy/service/auth/v2/CheckResponse.ts';
import type { DeniedHttpResponse as _envoy_service_auth_v2_DeniedHttpResponse, DeniedHttpResponse__Output as _envoy_service_auth_v2_DeniedHttpResponse__Output } from './envoy/service/auth/v2/DeniedHttpResponse.ts';
import type { OkHttpResponse as _envoy_service_auth_v2_OkHttpResponse, OkHttpResponse__Output as _envoy_service_auth_v2_OkHttpResponse__Output } from './envoy/service/auth/v2/OkHttpResponse.ts';
import type { AuthorizationClient as _envoy_service_auth_v2alpha_AuthorizationClient, AuthorizationDefinition as _envoy_service_auth_v2alpha_AuthorizationDefinition } from './envoy/service/auth/v2alpha/Authorization.ts';
import type { AttributeContext as _envoy_service_auth_v3_AttributeContext, AttributeContext__Output as _envoy_service_auth_v3_AttributeContext__Output } from './envoy/service/auth/v3/AttributeContext.ts';
import type { AuthorizationClient as _envoy_service_auth_v3_AuthorizationClient, AuthorizationDefinition as _envoy_service_auth_v3_AuthorizationDefinition } from './envoy/service/auth/v3/Authorization.ts';
import type { CheckRequest as _envoy_service_auth_v3_CheckRequest, CheckRequest__Output as _envoy_service_auth_v3_CheckRequest__Output } from './envoy/service/auth/v3/CheckRequest.ts';
import type { CheckResponse as _envoy_service_auth_v3_CheckResponse, CheckResponse__Output as _envoy_service_auth_v3_CheckResponse__Output } from './envoy/service/auth/v3/CheckResponse.ts';
import type { DeniedHttpResponse as _envoy_service_auth_v3_DeniedHttpResponse, DeniedHttpResponse__Output as _envoy_service_auth_v3_DeniedHttpResponse__Output } from './envoy/service/auth/v3/DeniedHttpResponse.ts';
import type { OkHttpResponse as _envoy_service_auth_v3_OkHttpResponse, OkHttpResponse__Output as _envoy_service_auth_v3_OkHttpResponse__Output } from './envoy/service/auth/v3/OkHttpResponse.ts';
import type { HttpStatus as _envoy_type_HttpStatus, HttpStatus__Output as _envoy_type_HttpStatus__Output } from './envoy/type/HttpStatus.ts';
import type { HttpStatus as _envoy_type_v3_HttpStatus, HttpStatus__Output as _envoy_type_v3_HttpStatus__Output } from './envoy/type/v3/HttpStatus.ts';
import type { ActivePolicyRemove as _felix_ActivePolicyRemove, ActivePolicyRemove__Output as _felix_ActivePolicyRemove__Output } from './felix/ActivePolicyRemove.ts';
import type { ActivePolicyUpdate as _felix_ActivePolicyUpdate, ActivePolicyUpdate__Output as _felix_ActivePolicyUpdate__Output } from './felix/ActivePolicyUpdate.ts';
import type { ActiveProfileRemove as _felix_ActiveProfileRemove, ActiveProfileRemove__Output as _felix_ActiveProfileRemove__Output } from './felix/ActiveProfileRemove.ts';
import type { ActiveProfileUpdate as _felix_ActiveProfileUpdate, ActiveProfileUpdate__Output as _felix_ActiveProfileUpdate__Output } from './felix/ActiveProfileUpdate.ts';
import type { DataplaneStats as _felix_DataplaneStats, DataplaneStats__Output as _felix_DataplaneStats__Output } from './felix/DataplaneStats.ts';
import type { HTTPMatch as _felix_HTTPMatch, HTTPMatch__Output as _felix_HTTPMatch__Output } from './felix/HTTPMatch.ts';
import type { IPSetDeltaUpdate as _felix_IPSetDeltaUpdate, IPSetDeltaUpdate__Output as _felix_IPSetDeltaUpdate__Output } from './felix/IPSetDeltaUpdate.ts';
import type { IPSetRemove as _felix_IPSetRemove, IPSetRemove__Output as _felix_IPSetRemove__Output } from './felix/IPSetRemove.ts';
import type { IPSetUpdate as _felix_IPSetUpdate, IPSetUpdate__Output as _felix_IPSetUpdate__Output } from './felix/IPSetUpdate.ts';
import type { IcmpTypeAndCode as _felix_IcmpTypeAndCode, IcmpTypeAndCode__Output as _felix_IcmpTypeAndCode__Output } from './felix/IcmpTypeAndCode.ts';
import type { IdentityMatch as _felix_IdentityMatch, IdentityMatch__Output as _felix_IdentityMatch__Output } from './felix/IdentityMatch.ts';
import type { InSync as _felix_InSync, InSync__Output as _felix_InSync__Output } from './felix/InSync.ts';
import type { NamespaceID as _felix_NamespaceID, NamespaceID__Output as _felix_NamespaceID__Output } from './felix/NamespaceID.ts';
import type { NamespaceRemove as _felix_NamespaceRemove, NamespaceRemove__Output as _felix_NamespaceRemove__Output } from './felix/NamespaceRemove.ts';
import type { NamespaceUpdate as _felix_NamespaceUpdate, NamespaceUpdate__Output as _felix_NamespaceUpdate__Output } from './felix/NamespaceUpdate.ts';
import type { NatInfo as _felix_NatInfo, NatInfo__Output as _felix_NatInfo__Output } from './felix/NatInfo.ts';
import type { Policy as _felix_Policy, Policy__Output as _felix_Policy__Output } from './felix/Policy.ts';
import type { PolicyID as _felix_PolicyID, PolicyID__Output as _felix_PolicyID__Output } from './felix/PolicyID.ts';
import type { PolicySyncClient as _felix_PolicySyncClient, PolicySyncDefinition as _felix_PolicySyncDefinition } from './felix/PolicySync.ts';
import type { PortRange as _felix_PortRange, PortRange__Output as _felix_PortRange__Output } from './felix/PortRange.ts';
import type { Profile as _felix_Profile, Profile__Output as _felix_Profile__Output } from './felix/Profile.ts';
import type { ProfileID as _felix_ProfileID, ProfileID__Output as _felix_ProfileID__Output } from './felix/ProfileID.ts';
import type { Protocol as _felix_Protocol, Protocol__Output as _felix_Protocol__Output } from './felix/Protocol.ts';
import type { ReportResult as _felix_ReportResult, ReportResult__Output as _felix_ReportResult__Output } from './felix/ReportResult.ts';
import type { Rule as _felix_Rule, Rule__Output as _felix_Rule__Output } from './felix/Rule.ts';
import type { RuleMetadata as _felix_RuleMetadata, RuleMetadata__Output as _felix_RuleMetadata__Output } from './felix/RuleMetadata.ts';
import type { ServiceAccountID as _felix_ServiceAccountID, ServiceAccountID__Output as _felix_ServiceAccountID__Output } from './felix/ServiceAccountID.ts';
import type { ServiceAccountMatch as _felix_ServiceAccountMatch, ServiceAccountMatch__Output as _felix_ServiceAccountMatch__Output } from './felix/ServiceAccountMatch.ts';
import type { ServiceAccountRemove as _felix_ServiceAccountRemove, ServiceAccountRemove__Output as _felix_ServiceAccountRemove__Output } from './felix/ServiceAccountRemove.ts';
import type { ServiceAccountUpdate as _felix_ServiceAccountUpdate, ServiceAccountUpdate__Output as _felix_ServiceAccountUpdate__Output } from './felix/ServiceAccountUpdate.ts';
import type { SyncRequest as _felix_SyncRequest, SyncRequest__Output as _felix_SyncRequest__Output } from './felix/SyncRequest.ts';
import type { TierInfo as _felix_TierInfo, TierInfo__Output as _felix_TierInfo__Output } from './felix/TierInfo.ts';
import type { ToDataplane as _felix_ToDataplane, ToDataplane__Output as _felix_ToDataplane__Output } from './felix/ToDataplane.ts';
import type { WorkloadEndpoint as _felix_WorkloadEndpoint, WorkloadEndpoint__Output as _felix_WorkloadEndpoint__Output } from './felix/WorkloadEndpoint.ts';
import type { WorkloadEndpointID as _felix_WorkloadEndpointID, WorkloadEndpointID__Output as _felix_WorkloadEndpointID__Output } from './felix/WorkloadEndpointID.ts';
import type { WorkloadEndpointRemove as _felix_WorkloadEndpointRemove, WorkloadEndpointRemove__Output as _felix_WorkloadEndpointRemove__Output } from './felix/WorkloadEndpointRemove.ts';
import type { WorkloadEndpointUpdate as _felix_WorkloadEndpointUpdate, WorkloadEndpointUpdate__Output as _felix_WorkloadEndpointUpdate__Output } from './felix/WorkloadEndpointUpdate.ts';
import type { ListValue as _google_protobuf_ListValue, ListValue__Output as _google_protobuf_ListValue__Output } from './google/protobuf/ListValue.ts';
import type { Struct as _google_protobuf_Struct, Struct__Output as _google_protobuf_Struct__Output } from './google/protobuf/Struct.ts';
import type { Value as _google_protobuf_Value, Value__Output as _google_protobuf_Value__Output } from './google/protobuf/Value.ts';
import type { Status as _google_rpc_Status, Status__Output as _google_rpc_Status__Output } from './google/rpc/Status.ts';
import type { HealthClient as _grpc_health_v1_HealthClient, HealthDefinition as _grpc_health_v1_HealthDefinition } from './grpc/health/v1/Health.ts';
import type { HealthCheckRequest as _grpc_health_v1_HealthCheckRequest, HealthCheckRequest__Output as _grpc_health_v1_HealthCheckRequest__Output } from './grpc/health/v1/HealthCheckRequest.ts';
import type { HealthCheckResponse as _grpc_health_v1_HealthCheckResponse, HealthCheckResponse__Output as _grpc_health_v1_HealthCheckResponse__Output } from './grpc/health/v1/HealthCheckResponse.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  SpiffeWorkloadAPI: SubtypeConstructor<typeof grpc.Client, _SpiffeWorkloadAPIClient> & { service: _SpiffeWorkloadAPIDefinition }
  X509BundlesRequest: MessageTypeDefinition<_X509BundlesRequest, _X509BundlesRequest__Output>
  X509BundlesResponse: MessageTypeDefinition<_X509BundlesResponse, _X509BundlesResponse__Output>
  X509SVID: MessageTypeDefinition<_X509SVID, _X509SVID__Output>
  X509SVIDRequest: MessageTypeDefinition<_X509SVIDRequest, _X509SVIDRequest__Output>
  X509SVIDResponse: MessageTypeDefinition<_X509SVIDResponse, _X509SVIDResponse__Output>
  envoy: {
    api: {
      v2: {
        core: {
          Address: MessageTypeDefinition<_envoy_api_v2_core_Address, _envoy_api_v2_core_Address__Output>
          HeaderValue: MessageTypeDefinition<_envoy_api_v2_core_HeaderValue, _envoy_api_v2_core_HeaderValue__Output>
          HeaderValueOption: MessageTypeDefinition<_envoy_api_v2_core_HeaderValueOption, _envoy_api_v2_core_HeaderValueOption__Output>
          Pipe: MessageTypeDefinition<_envoy_api_v2_core_Pipe, _envoy_api_v2_core_Pipe__Output>
          SocketAddress: MessageTypeDefinition<_envoy_api_v2_core_SocketAddress, _envoy_api_v2_core_SocketAddress__Output>
        }
      }
    }
    config: {
      core: {
        v3: {
          Address: MessageTypeDefinition<_envoy_config_core_v3_Address, _envoy_config_core_v3_Address__Output>
          EnvoyInternalAddress: MessageTypeDefinition<_envoy_config_core_v3_EnvoyInternalAddress, _envoy_config_core_v3_EnvoyInternalAddress__Output>
          HeaderValue: MessageTypeDefinition<_envoy_config_core_v3_HeaderValue, _envoy_config_core_v3_HeaderValue__Output>
          HeaderValueOption: MessageTypeDefinition<_envoy_config_core_v3_HeaderValueOption, _envoy_config_core_v3_HeaderValueOption__Output>
          Pipe: MessageTypeDefinition<_envoy_config_core_v3_Pipe, _envoy_config_core_v3_Pipe__Output>
          SocketAddress: MessageTypeDefinition<_envoy_config_core_v3_SocketAddress, _envoy_config_core_v3_SocketAddress__Output>
        }
      }
    }
    service: {
      auth: {
        v2: {
          AttributeContext: MessageTypeDefinition<_envoy_service_auth_v2_AttributeContext, _envoy_service_auth_v2_AttributeContext__Output>
          Authorization: SubtypeConstructor<typeof grpc.Client, _envoy_service_auth_v2_AuthorizationClient> & { service: _envoy_service_auth_v2_AuthorizationDefinition }
          CheckRequest: MessageTypeDefinition<_envoy_service_auth_v2_CheckRequest, _envoy_service_auth_v2_CheckRequest__Output>
          CheckResponse: MessageTypeDefinition<_envoy_service_auth_v2_CheckResponse, _envoy_service_auth_v2_CheckResponse__Output>
          DeniedHttpResponse: MessageTypeDefinition<_envoy_service_auth_v2_DeniedHttpResponse, _envoy_service_auth_v2_DeniedHttpResponse__Output>
          OkHttpResponse: MessageTypeDefinition<_envoy_service_auth_v2_OkHttpResponse, _envoy_service_auth_v2_OkHttpResponse__Output>
        }
        v2alpha: {
          Authorization: SubtypeConstructor<typeof grpc.Client, _envoy_service_auth_v2alpha_AuthorizationClient> & { service: _envoy_service_auth_v2alpha_AuthorizationDefinition }
        }
        v3: {
          AttributeContext: MessageTypeDefinition<_envoy_service_auth_v3_AttributeContext, _envoy_service_auth_v3_AttributeContext__Output>
          Authorization: SubtypeConstructor<typeof grpc.Client, _envoy_service_auth_v3_AuthorizationClient> & { service: _envoy_service_auth_v3_AuthorizationDefinition }
          CheckRequest: MessageTypeDefinition<_envoy_service_auth_v3_CheckRequest, _envoy_service_auth_v3_CheckRequest__Output>
          CheckResponse: MessageTypeDefinition<_envoy_service_auth_v3_CheckResponse, _envoy_service_auth_v3_CheckResponse__Output>
          DeniedHttpResponse: MessageTypeDefinition<_envoy_service_auth_v3_DeniedHttpResponse, _envoy_service_auth_v3_DeniedHttpResponse__Output>
          OkHttpResponse: MessageTypeDefinition<_envoy_service_auth_v3_OkHttpResponse, _envoy_service_auth_v3_OkHttpResponse__Output>
        }
      }
    }
    type: {
      HttpStatus: MessageTypeDefinition<_envoy_type_HttpStatus, _envoy_type_HttpStatus__Output>
      StatusCode: EnumTypeDefinition
      v3: {
        HttpStatus: MessageTypeDefinition<_envoy_type_v3_HttpStatus, _envoy_type_v3_HttpStatus__Output>
        StatusCode: EnumTypeDefinition
      }
    }
  }
  felix: {
    ActivePolicyRemove: MessageTypeDefinition<_felix_ActivePolicyRemove, _felix_ActivePolicyRemove__Output>
    ActivePolicyUpdate: MessageTypeDefinition<_felix_ActivePolicyUpdate, _felix_ActivePolicyUpdate__Output>
    ActiveProfileRemove: MessageTypeDefinition<_felix_ActiveProfileRemove, _felix_ActiveProfileRemove__Output>
    ActiveProfileUpdate: MessageTypeDefinition<_felix_ActiveProfileUpdate, _felix_ActiveProfileUpdate__Output>
    DataplaneStats: MessageTypeDefinition<_felix_DataplaneStats, _felix_DataplaneStats__Output>
    HTTPMatch: MessageTypeDefinition<_felix_HTTPMatch, _felix_HTTPMatch__Output>
    IPSetDeltaUpdate: MessageTypeDefinition<_felix_IPSetDeltaUpdate, _felix_IPSetDeltaUpdate__Output>
    IPSetRemove: MessageTypeDefinition<_felix_IPSetRemove, _felix_IPSetRemove__Output>
    IPSetUpdate: MessageTypeDefinition<_felix_IPSetUpdate, _felix_IPSetUpdate__Output>
    IPVersion: EnumTypeDefinition
    IcmpTypeAndCode: MessageTypeDefinition<_felix_IcmpTypeAndCode, _felix_IcmpTypeAndCode__Output>
    IdentityMatch: MessageTypeDefinition<_felix_IdentityMatch, _felix_IdentityMatch__Output>
    InSync: MessageTypeDefinition<_felix_InSync, _felix_InSync__Output>
    NamespaceID: MessageTypeDefinition<_felix_NamespaceID, _felix_NamespaceID__Output>
    NamespaceRemove: MessageTypeDefinition<_felix_NamespaceRemove, _felix_NamespaceRemove__Output>
    NamespaceUpdate: MessageTypeDefinition<_felix_NamespaceUpdate, _felix_NamespaceUpdate__Output>
    NatInfo: MessageTypeDefinition<_felix_NatInfo, _felix_NatInfo__Output>
    Policy: MessageTypeDefinition<_felix_Policy, _felix_Policy__Output>
    PolicyID: MessageTypeDefinition<_felix_PolicyID, _felix_PolicyID__Output>
    PolicySync: SubtypeConstructor<typeof grpc.Client, _felix_PolicySyncClient> & { service: _felix_PolicySyncDefinition }
    PortRange: MessageTypeDefinition<_felix_PortRange, _felix_PortRange__Output>
    Profile: MessageTypeDefinition<_felix_Profile, _felix_Profile__Output>
    ProfileID: MessageTypeDefinition<_felix_ProfileID, _felix_ProfileID__Output>
    Protocol: MessageTypeDefinition<_felix_Protocol, _felix_Protocol__Output>
    ReportResult: MessageTypeDefinition<_felix_ReportResult, _felix_ReportResult__Output>
    Rule: MessageTypeDefinition<_felix_Rule, _felix_Rule__Output>
    RuleMetadata: MessageTypeDefinition<_felix_RuleMetadata, _felix_RuleMetadata__Output>
    ServiceAccountID: MessageTypeDefinition<_felix_ServiceAccountID, _felix_ServiceAccountID__Output>
    ServiceAccountMatch: MessageTypeDefinition<_felix_ServiceAccountMatch, _felix_ServiceAccountMatch__Output>
    ServiceAccountRemove: MessageTypeDefinition<_felix_ServiceAccountRemove, _felix_ServiceAccountRemove__Output>
    ServiceAccountUpdate: MessageTypeDefinition<_felix_ServiceAccountUpdate, _felix_ServiceAccountUpdate__Output>
    SyncRequest: MessageTypeDefinition<_felix_SyncRequest, _felix_SyncRequest__Output>
    TierInfo: MessageTypeDefinition<_felix_TierInfo, _felix_TierInfo__Output>
    ToDataplane: MessageTypeDefinition<_felix_ToDataplane, _felix_ToDataplane__Output>
    WorkloadEndpoint: MessageTypeDefinition<_felix_WorkloadEndpoint, _felix_WorkloadEndpoint__Output>
    WorkloadEndpointID: MessageTypeDefinition<_felix_WorkloadEndpointID, _felix_WorkloadEndpointID__Output>
    WorkloadEndpointRemove: MessageTypeDefinition<_felix_WorkloadEndpointRemove, _felix_WorkloadEndpointRemove__Output>
    WorkloadEndpointUpdate: MessageTypeDefinition<_felix_WorkloadEndpointUpdate, _felix_WorkloadEndpointUpdate__Output>
  }
  google: {
    protobuf: {
      ListValue: MessageTypeDefinition<_google_protobuf_ListValue, _google_protobuf_ListValue__Output>
      NullValue: EnumTypeDefinition
      Struct: MessageTypeDefinition<_google_protobuf_Struct, _google_protobuf_Struct__Output>
      Value: MessageTypeDefinition<_google_protobuf_Value, _google_protobuf_Value__Output>
    }
    rpc: {
      Status: MessageTypeDefinition<_google_rpc_Status, _google_rpc_Status__Output>
    }
  }
  grpc: {
    health: {
      v1: {
        Health: SubtypeConstructor<typeof grpc.Client, _grpc_health_v1_HealthClient> & { service: _grpc_health_v1_HealthDefinition }
        HealthCheckRequest: MessageTypeDefinition<_grpc_health_v1_HealthCheckRequest, _grpc_health_v1_HealthCheckRequest__Output>
        HealthCheckResponse: MessageTypeDefinition<_grpc_health_v1_HealthCheckResponse, _grpc_health_v1_HealthCheckResponse__Output>
      }
    }
  }
}

