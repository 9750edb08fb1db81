// Original file: protos/felix/policy_sync.proto


export interface InSync {
}

export interface InSync__Output {
}
