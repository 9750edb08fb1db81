// Original file: protos/felix/policy_sync.proto


export interface ReportResult {
  'successful'?: (boolean);
}

export interface ReportResult__Output {
  'successful'?: (boolean);
}
