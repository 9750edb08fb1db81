import type { Command } from "commander";
import { type Clock, systemClock } from "../base/clock.ts";
import { CALICO_KINDS, type CalicoKind, findCalicoKind } from "../datastore/calico-kinds.ts";
import { nearMiss } from "../datastore/near-miss.ts";
import type { ResourceStore } from "../datastore/resource-store.ts";
import { addEtcdFlags, type EtcdFlags, etcdAccessFrom, refuseEtcdFlags } from "./etcd-flags.ts";
import { ChoiceFlag, flag, readText } from "./flags.ts";
import { UsageError } from "./io.ts";

/** Where objects are kept, and which of them are meant. */
export type StoreFlags = EtcdFlags & {
  readonly datastore?: "files" | "etcd";
  readonly policies?: string;
  readonly namespace?: string;
};

const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ["kubernetes", "a cluster's objects are for kubectl get, apply and delete"],
]);

export function addStoreFlags(command: Command): Command {
  command
    .addOption(
      new ChoiceFlag(
        "--datastore <word>",
        "where the objects are kept (default: files)",
        ["files", "etcd"],
        ELSEWHERE,
      ),
    )
    .addOption(flag("--policies <dir>", "with --datastore files: the directory", readText));
  return addEtcdFlags(command);
}

/** Opens the store that the flags ask for, works with it, and closes it. */
export async function withStore<T>(
  flags: StoreFlags,
  work: (store: ResourceStore) => Promise<T>,
): Promise<T> {
  const { StoreError } = await import("../datastore/resource-store.ts");
  const store = await openStore(systemClock, flags);
  try {
    return await work(store);
  } catch (reason) {
    throw reason instanceof StoreError ? new UsageError(reason.message) : reason;
  } finally {
    await store.close();
  }
}

/** What reads one kind of store is loaded only where that is used. */
async function openStore(clock: Clock, flags: StoreFlags): Promise<ResourceStore> {
  const { policies } = flags;
  if (flags.datastore === "etcd") {
    if (policies !== undefined) throw new UsageError("--policies goes with --datastore files");
    const access = etcdAccessFrom(flags);
    const { EtcdStore } = await import("../datastore/etcd/etcd-store.ts");
    return new EtcdStore(clock, access);
  }
  refuseEtcdFlags(flags);
  if (policies === undefined) throw new UsageError("--policies DIR is required, or --datastore etcd");
  const { FileStore } = await import("../datastore/files/file-store.ts");
  return new FileStore(clock, policies);
}

export function kindFrom(word: string): CalicoKind {
  const kind = findCalicoKind(word);
  if (kind !== undefined) return kind;
  const words = CALICO_KINDS.flatMap(({ kind: name, plural, aliases }) => [
    name.toLowerCase(),
    plural,
    ...aliases,
  ]);
  // Short ones are near to everything.
  const near = nearMiss(
    word.toLowerCase(),
    words.filter(({ length }) => length > 4),
  );
  const hint =
    near === undefined
      ? `one of ${CALICO_KINDS.map(({ plural }) => plural).join(", ")}`
      : `did you mean ${near}?`;
  throw new UsageError(`unknown kind \`${word}\`: ${hint}`);
}

/** For help: each kind with the other words for it. */
export function kindsHelp(): string {
  const lines = CALICO_KINDS.map(({ kind, plural, aliases, isNamespaced }) => {
    const words = [plural, ...aliases].join(", ");
    return `  ${kind.toLowerCase().padEnd(30)} ${words}${isNamespaced ? " (namespaced)" : ""}`;
  });
  return `Kinds, and other words for them:\n${lines.join("\n")}`;
}

/** Of objects that are named without one: what `kubectl` and `calicoctl` take. */
export const DEFAULT_NAMESPACE = "default";
