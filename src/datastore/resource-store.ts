/**
 * Objects as they are stored, to be read and changed one by one: what `get`, `apply` and `delete` work on.
 *
 * A datastore yields what is in force; a store yields what is written, broken or not, each object with its revision,
 * and changes it only from the revision that its caller has seen.
 */
import { compareUtf8 } from "../base/compare-utf8.ts";
import type { Issue } from "../base/issue.ts";
import type { CalicoKind } from "./calico-kinds.ts";
import type { GivenObject } from "./given-objects.ts";
import type { ObjectValue } from "./object-value.ts";
import type { ResourceKey } from "./resources.ts";

export type StoredObject = {
  /** Its name is the one it is stored under. */
  readonly key: ResourceKey;
  /** Opaque: another one after every change. */
  readonly revision: string;
  /** `policies/web.yaml:12`, or the key in etcd. */
  readonly place: string;
  /** As it is shown, with its revision as `metadata.resourceVersion`; undefined where the text can't be read. */
  readonly value: ObjectValue | undefined;
  readonly issues: readonly Issue[];
};

export type Listing = {
  /** By namespace, then name. */
  readonly objects: readonly StoredObject[];
  /** Of what can't be told to be one object or another, such as a file that can't be read. */
  readonly issues: readonly Issue[];
};

/** What became of a change. */
export type Written =
  | { readonly kind: "written" }
  /** It is no longer what the caller has seen: nothing was written. */
  | { readonly kind: "conflict" }
  /** It may not be changed here, and why. */
  | { readonly kind: "refused"; readonly why: string };

export type ResourceStore = {
  /** For messages. */
  readonly name: string;
  list(kind: CalicoKind): Promise<Listing>;
  /** The object of that name as it is now. */
  read(key: ResourceKey): Promise<StoredObject | undefined>;
  /** Why this object can't be kept here, before anything is written; undefined if it can. */
  objection(given: GivenObject): string | undefined;
  /** What would be written for `given` in place of `stored`, without a revision. */
  prepare(given: GivenObject, stored: StoredObject | undefined): ObjectValue;
  /** Conflicts if there is one already. `value` is what `prepare` gave. */
  create(given: GivenObject, value: ObjectValue): Promise<Written>;
  /** Conflicts if it is not `stored` any more. */
  update(stored: StoredObject, value: ObjectValue): Promise<Written>;
  delete(stored: StoredObject): Promise<Written>;
  close(): Promise<void>;
};

/** What stands in the way of the whole command: a server that doesn't answer, a directory that can't be written. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/** By namespace, then name. */
export function compareKeys(a: ResourceKey, b: ResourceKey): number {
  return compareUtf8(a.namespace, b.namespace) || compareUtf8(a.name, b.name);
}
