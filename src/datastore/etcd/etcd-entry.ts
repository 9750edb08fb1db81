/** What answers of etcd are made of: headers, and keys with their values. */
import type { EtcdKeyValueOutput, EtcdResponseHeaderOutput } from "envoy-ext-authz-proto";

/** Whose answer it is and how far its history goes. */
export type EtcdHeader = {
  readonly clusterId: string;
  readonly revision: bigint;
  readonly raftTerm: bigint;
};

export type EtcdEntry = {
  readonly key: Buffer;
  readonly value: Buffer;
  /** Another one after the key was deleted and made anew. */
  readonly createRevision: bigint;
  readonly modRevision: bigint;
};

/** The same. */
export function readHeader(header: EtcdResponseHeaderOutput | undefined): EtcdHeader {
  const { cluster_id = "0", revision = "0", raft_term = "0" } = header ?? {};
  return { clusterId: cluster_id, revision: BigInt(revision), raftTerm: BigInt(raft_term) };
}

const NOTHING = Buffer.alloc(0);

/** What is absent on the wire is empty or 0. */
export function readEntry({
  key,
  value,
  create_revision = "0",
  mod_revision = "0",
}: EtcdKeyValueOutput): EtcdEntry {
  return {
    key: key ?? NOTHING,
    value: value ?? NOTHING,
    createRevision: BigInt(create_revision),
    modRevision: BigInt(mod_revision),
  };
}
