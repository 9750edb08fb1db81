// Original file: protos/felix/policy_sync.proto

import type { TierInfo as _felix_TierInfo, TierInfo__Output as _felix_TierInfo__Output } from '../felix/TierInfo.ts';
import type { NatInfo as _felix_NatInfo, NatInfo__Output as _felix_NatInfo__Output } from '../felix/NatInfo.ts';

export interface WorkloadEndpoint {
  'state'?: (string);
  'name'?: (string);
  'mac'?: (string);
  'profile_ids'?: (string)[];
  'ipv4_nets'?: (string)[];
  'ipv6_nets'?: (string)[];
  'tiers'?: (_felix_TierInfo)[];
  'ipv4_nat'?: (_felix_NatInfo)[];
  'ipv6_nat'?: (_felix_NatInfo)[];
  'allow_spoofed_source_prefixes'?: (string)[];
  'annotations'?: ({[key: string]: string});
  'is_istio_ambient'?: (boolean);
  'live_migration_role'?: (number);
  'live_migration_uid'?: (string);
  'live_migration_vmi_name'?: (string);
}

export interface WorkloadEndpoint__Output {
  'state'?: (string);
  'name'?: (string);
  'mac'?: (string);
  'profile_ids'?: (string)[];
  'ipv4_nets'?: (string)[];
  'ipv6_nets'?: (string)[];
  'tiers'?: (_felix_TierInfo__Output)[];
  'ipv4_nat'?: (_felix_NatInfo__Output)[];
  'ipv6_nat'?: (_felix_NatInfo__Output)[];
  'allow_spoofed_source_prefixes'?: (string)[];
  'annotations'?: ({[key: string]: string});
  'is_istio_ambient'?: (boolean);
  'live_migration_role'?: (number);
  'live_migration_uid'?: (string);
  'live_migration_vmi_name'?: (string);
}
