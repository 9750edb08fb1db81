// Original file: protos/felix/policy_sync.proto


export interface Protocol {
  'number'?: (number);
  'name'?: (string);
  'number_or_name'?: "number"|"name";
}

export interface Protocol__Output {
  'number'?: (number);
  'name'?: (string);
}
