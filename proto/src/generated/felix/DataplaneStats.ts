// Original file: protos/felix/policy_sync.proto


export interface DataplaneStats {
}

export interface DataplaneStats__Output {
}
