import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import { loadSync, type Options, type PackageDefinition } from "@grpc/proto-loader";
import type { ProtoGrpcType as EtcdProtoGrpcType } from "./generated/etcd.ts";
import type { ProtoGrpcType } from "./generated/protocols.ts";

export type {
  CheckRequest as CheckRequestV2,
  CheckRequest__Output as CheckRequestV2Output,
} from "./generated/envoy/service/auth/v2/CheckRequest.ts";
export type {
  CheckResponse as CheckResponseV2,
  CheckResponse__Output as CheckResponseV2Output,
} from "./generated/envoy/service/auth/v2/CheckResponse.ts";
export type {
  AttributeContext,
  AttributeContext__Output as AttributeContextOutput,
} from "./generated/envoy/service/auth/v3/AttributeContext.ts";
export type { AuthorizationClient } from "./generated/envoy/service/auth/v3/Authorization.ts";
export type {
  CheckRequest,
  CheckRequest__Output as CheckRequestOutput,
} from "./generated/envoy/service/auth/v3/CheckRequest.ts";
export type {
  CheckResponse,
  CheckResponse__Output as CheckResponseOutput,
} from "./generated/envoy/service/auth/v3/CheckResponse.ts";
export type { AuthClient as EtcdAuthClient } from "./generated/etcdserverpb/Auth.ts";
export type { Event__Output as EtcdEventOutput } from "./generated/etcdserverpb/Event.ts";
export type { KeyValue__Output as EtcdKeyValueOutput } from "./generated/etcdserverpb/KeyValue.ts";
export type { KVClient as EtcdKvClient } from "./generated/etcdserverpb/KV.ts";
export type { RangeResponse__Output as EtcdRangeResponseOutput } from "./generated/etcdserverpb/RangeResponse.ts";
export type { RequestOp as EtcdRequestOp } from "./generated/etcdserverpb/RequestOp.ts";
export type { ResponseHeader__Output as EtcdResponseHeaderOutput } from "./generated/etcdserverpb/ResponseHeader.ts";
export type { TxnResponse__Output as EtcdTxnResponseOutput } from "./generated/etcdserverpb/TxnResponse.ts";
export type { WatchClient as EtcdWatchClient } from "./generated/etcdserverpb/Watch.ts";
export type { WatchRequest as EtcdWatchRequest } from "./generated/etcdserverpb/WatchRequest.ts";
export type { WatchResponse__Output as EtcdWatchResponseOutput } from "./generated/etcdserverpb/WatchResponse.ts";
export type {
  PolicySyncClient,
  PolicySyncDefinition,
  PolicySyncHandlers,
} from "./generated/felix/PolicySync.ts";
export type {
  ToDataplane,
  ToDataplane__Output as ToDataplaneOutput,
} from "./generated/felix/ToDataplane.ts";
export type { HealthClient } from "./generated/grpc/health/v1/Health.ts";
export type { X509BundlesResponse__Output as X509BundlesResponseOutput } from "./generated/X509BundlesResponse.ts";
export type { X509SVIDResponse__Output as X509SvidResponseOutput } from "./generated/X509SVIDResponse.ts";
export { CHECK_PATH_V2, CHECK_PATH_V2ALPHA, CHECK_PATH_V3 } from "./paths.ts";
export type { ProtoGrpcType };

/** Where the protocol texts lie: beside the compiled files, in a checkout and in an installed package alike. */
export const PROTO_DIRECTORY: string = fileURLToPath(new URL("../protos/", import.meta.url));

/** The text that imports all others, relative to PROTO_DIRECTORY. */
export const PROTOCOLS_FILE = "protocols.proto";

/**
 * How messages look as plain objects: field names as in the texts, enumerations by name (a number where the name is
 * unknown), 64-bit integers as decimal strings, absent fields absent. The generated types are made for these options.
 */
export const LOADER_OPTIONS: Options = { keepCase: true, longs: String, enums: String };

/** What an etcd speaks; beside the others, for only few need it. */
export const ETCD_FILE = "etcd/etcd.proto";

let definition: PackageDefinition | undefined;
let protocols: ProtoGrpcType | undefined;
let etcd: EtcdProtoGrpcType | undefined;

/** Every service and message of the texts, parsed once; takes some ten milliseconds the first time. */
export function loadDefinition(): PackageDefinition {
  definition ??= loadSync(PROTOCOLS_FILE, { ...LOADER_OPTIONS, includeDirs: [PROTO_DIRECTORY] });
  return definition;
}

/** The same as clients and service definitions for `@grpc/grpc-js`, as in `loadProtocols().felix.PolicySync.service`. */
export function loadProtocols(): ProtoGrpcType {
  protocols ??= grpc.loadPackageDefinition(loadDefinition()) as unknown as ProtoGrpcType;
  return protocols;
}

/** etcd's services, parsed once: `loadEtcdProtocols().etcdserverpb.KV` is a client of them. */
export function loadEtcdProtocols(): EtcdProtoGrpcType {
  etcd ??= grpc.loadPackageDefinition(
    loadSync(ETCD_FILE, { ...LOADER_OPTIONS, includeDirs: [PROTO_DIRECTORY] }),
  ) as unknown as EtcdProtoGrpcType;
  return etcd;
}
