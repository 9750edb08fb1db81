// Original file: protos/felix/policy_sync.proto

import type { ProfileID as _felix_ProfileID, ProfileID__Output as _felix_ProfileID__Output } from '../felix/ProfileID.ts';
import type { Profile as _felix_Profile, Profile__Output as _felix_Profile__Output } from '../felix/Profile.ts';

export interface ActiveProfileUpdate {
  'id'?: (_felix_ProfileID | null);
  'profile'?: (_felix_Profile | null);
}

export interface ActiveProfileUpdate__Output {
  'id'?: (_felix_ProfileID__Output);
  'profile'?: (_felix_Profile__Output);
}
