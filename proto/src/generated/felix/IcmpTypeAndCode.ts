// Original file: protos/felix/policy_sync.proto


export interface IcmpTypeAndCode {
  'type'?: (number);
  'code'?: (number);
}

export interface IcmpTypeAndCode__Output {
  'type'?: (number);
  'code'?: (number);
}
