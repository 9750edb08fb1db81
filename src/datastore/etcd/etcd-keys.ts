/** Where etcd keeps what: the keys of Calico's resources, in both directions. */
import { isUtf8 } from "node:buffer";
import { CALICO_KINDS, type CalicoKind, calicoKindOf } from "../calico-kinds.ts";
import type { ResourceKey } from "../resources.ts";

/** Of every object's own text, and of its key. */
export const ETCD_API_VERSION = "projectcalico.org/v3";

/** All resources of every kind, those that are not read among them. */
export const ETCD_RESOURCES_PREFIX = "/calico/resources/v3/projectcalico.org/";

/** Whether there is policy to be read at all stands in the one object of this kind that counts. */
export const CLUSTER_INFORMATION_KEY: string = `${ETCD_RESOURCES_PREFIX}clusterinformations/default`;

const BY_PLURAL: ReadonlyMap<string, CalicoKind> = new Map(CALICO_KINDS.map((kind) => [kind.plural, kind]));

/** `unknown`: of a kind that is not read. `misplaced`: under a kind that is, but no object of it can have such a key. */
export type EtcdKey =
  | { readonly kind: "resource"; readonly key: ResourceKey }
  | { readonly kind: "cluster_information" }
  | { readonly kind: "unknown" }
  | { readonly kind: "misplaced"; readonly text: string };

/** Names are taken as they are; whether they may be names is for the object's schema to say. */
export function parseEtcdKey(bytes: Buffer): EtcdKey {
  const text = bytes.toString("utf8");
  if (!text.startsWith(ETCD_RESOURCES_PREFIX)) return { kind: "unknown" };
  if (text === CLUSTER_INFORMATION_KEY) return { kind: "cluster_information" };
  const [plural = "", ...names] = text.slice(ETCD_RESOURCES_PREFIX.length).split("/");
  const kind = BY_PLURAL.get(plural);
  if (kind === undefined) return { kind: "unknown" };
  const isShaped = names.length === (kind.isNamespaced ? 2 : 1) && names.every((name) => name !== "");
  // Bytes that are no text become the same characters, so that two keys would be taken for one.
  if (!isShaped || !isUtf8(bytes)) return { kind: "misplaced", text };
  const [first = "", second = ""] = names;
  const named = kind.isNamespaced ? { namespace: first, name: second } : { namespace: "", name: first };
  return { kind: "resource", key: { kind: kind.kind, ...named } };
}

/** Undefined for what etcd can't hold: a kind of another API, or a name that would be part of another's key. */
export function formatEtcdKey({ kind, namespace, name }: ResourceKey): string | undefined {
  const found = calicoKindOf(kind);
  if (found === undefined || name === "" || name.includes("/") || namespace.includes("/")) return undefined;
  if (found.isNamespaced !== (namespace !== "")) return undefined;
  return `${etcdKindPrefix(found)}${found.isNamespaced ? `${namespace}/` : ""}${name}`;
}

/** Of all objects of one kind, with the slash at its end. */
export function etcdKindPrefix({ plural }: CalicoKind): string {
  return `${ETCD_RESOURCES_PREFIX}${plural}/`;
}
