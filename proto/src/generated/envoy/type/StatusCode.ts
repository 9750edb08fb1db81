// Original file: protos/envoy/type/http_status.proto

export const StatusCode = {
  Empty: 'Empty',
  Unauthorized: 'Unauthorized',
  Forbidden: 'Forbidden',
} as const;

export type StatusCode =
  | 'Empty'
  | 0
  | 'Unauthorized'
  | 401
  | 'Forbidden'
  | 403

export type StatusCode__Output = typeof StatusCode[keyof typeof StatusCode]
