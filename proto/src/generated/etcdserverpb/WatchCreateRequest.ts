// Original file: protos/etcd/etcd.proto

import type { Long } from '@grpc/proto-loader';

export interface WatchCreateRequest {
  'key'?: (Buffer | Uint8Array | string);
  'range_end'?: (Buffer | Uint8Array | string);
  'start_revision'?: (number | string | Long);
  'fragment'?: (boolean);
}

export interface WatchCreateRequest__Output {
  'key'?: (Buffer);
  'range_end'?: (Buffer);
  'start_revision'?: (string);
  'fragment'?: (boolean);
}
