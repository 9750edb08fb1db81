// Original file: protos/felix/policy_sync.proto


export interface SyncRequest {
}

export interface SyncRequest__Output {
}
