/** Where etcd keeps what: the keys of Calico's resources, in both directions. */
import { isUtf8 } from "node:buffer";
import type { ResourceKey, ResourceKind } from "../resources.ts";
import { findKind } from "../schema/kinds.ts";

/** Of every object's own text, and of its key. */
export const ETCD_API_VERSION = "projectcalico.org/v3";

/** All resources of every kind, those that are not read among them. */
export const ETCD_RESOURCES_PREFIX = "/calico/resources/v3/projectcalico.org/";

export type EtcdKind = {
  readonly kind: ResourceKind;
  readonly plural: string;
  readonly isNamespaced: boolean;
};

/** Every kind that is read, those of no other API among them; the others of Calico's are passed over. */
export const ETCD_KINDS: readonly EtcdKind[] = [
  etcdKind("Tier", "tiers"),
  etcdKind("NetworkPolicy", "networkpolicies"),
  etcdKind("GlobalNetworkPolicy", "globalnetworkpolicies"),
  etcdKind("StagedNetworkPolicy", "stagednetworkpolicies"),
  etcdKind("StagedGlobalNetworkPolicy", "stagedglobalnetworkpolicies"),
  etcdKind("StagedKubernetesNetworkPolicy", "stagedkubernetesnetworkpolicies"),
  etcdKind("NetworkSet", "networksets"),
  etcdKind("GlobalNetworkSet", "globalnetworksets"),
  etcdKind("HostEndpoint", "hostendpoints"),
  etcdKind("Profile", "profiles"),
  etcdKind("WorkloadEndpoint", "workloadendpoints"),
];

/** Whether there is policy to be read at all stands in the one object of this kind that counts. */
export const CLUSTER_INFORMATION_KEY: string = `${ETCD_RESOURCES_PREFIX}clusterinformations/default`;

const BY_PLURAL: ReadonlyMap<string, EtcdKind> = new Map(ETCD_KINDS.map((kind) => [kind.plural, kind]));
const BY_KIND: ReadonlyMap<ResourceKind, EtcdKind> = new Map(ETCD_KINDS.map((kind) => [kind.kind, kind]));

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
  const found = BY_KIND.get(kind);
  if (found === undefined || name === "" || name.includes("/") || namespace.includes("/")) return undefined;
  if (found.isNamespaced !== (namespace !== "")) return undefined;
  return `${etcdKindPrefix(found)}${found.isNamespaced ? `${namespace}/` : ""}${name}`;
}

/** Of all objects of one kind, with the slash at its end. */
export function etcdKindPrefix({ plural }: EtcdKind): string {
  return `${ETCD_RESOURCES_PREFIX}${plural}/`;
}

/** Of the objects of one kind in one namespace. */
export function etcdNamespacePrefix(kind: EtcdKind, namespace: string): string {
  return `${etcdKindPrefix(kind)}${namespace}/`;
}

export function findEtcdKind(kind: ResourceKind): EtcdKind | undefined {
  return BY_KIND.get(kind);
}

function etcdKind(kind: ResourceKind, plural: string): EtcdKind {
  return { kind, plural, isNamespaced: findKind(ETCD_API_VERSION, kind)?.scope === "namespaced" };
}
