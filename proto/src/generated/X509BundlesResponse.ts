// Original file: protos/spiffe/workload.proto


export interface X509BundlesResponse {
  'bundles'?: ({[key: string]: Buffer | Uint8Array | string});
}

export interface X509BundlesResponse__Output {
  'bundles'?: ({[key: string]: Buffer});
}
