// Original file: protos/etcd/etcd.proto


export interface AuthenticateRequest {
  'name'?: (string);
  'password'?: (string);
}

export interface AuthenticateRequest__Output {
  'name'?: (string);
  'password'?: (string);
}
