import { randomUUID } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Result } from "../../base/result.ts";
import { type CalicoKind, calicoKindOf, findCalicoKind } from "../calico-kinds.ts";
import type { GivenObject } from "../given-objects.ts";
import {
  inUsualOrder,
  metadataOf,
  metadataText,
  type ObjectValue,
  plainCopy,
  tierOf,
  withMetadata,
} from "../object-value.ts";
import {
  compareKeys,
  type Listing,
  type ResourceStore,
  type StoredObject,
  StoreError,
  type Written,
} from "../resource-store.ts";
import type { ResourceKey } from "../resources.ts";
import { isMapping } from "../schema/kind.ts";
import { PACKED_METADATA } from "../schema/metadata.ts";
import { BUILT_IN_TIERS } from "../schema/tier.ts";
import { type EtcdAccess, etcdName } from "./etcd-access.ts";
import { EtcdClient } from "./etcd-client.ts";
import type { EtcdEntry } from "./etcd-entry.ts";
import type { EtcdError } from "./etcd-error.ts";
import { ETCD_API_VERSION, etcdKindPrefix, formatEtcdKey, parseEtcdKey } from "./etcd-keys.ts";
import { readEtcdObject } from "./etcd-objects.ts";

/**
 * Calico's objects in an etcd, changed one at a time: each write compares the revision that its author has seen, in the
 * one transaction that writes.
 *
 * What is written is what Calico's own client writes: complete, with the tier as a label, and for policies with the
 * annotation that holds their name. That annotation is the store's, not the author's, and is not shown.
 */
export class EtcdStore implements ResourceStore {
  readonly name: string;
  readonly #clock: Clock;
  readonly #client: EtcdClient;
  /** The annotation of each object that was read, which stays as it is. */
  readonly #packed = new WeakMap<StoredObject, string>();

  constructor(clock: Clock, access: EtcdAccess) {
    this.#clock = clock;
    this.#client = new EtcdClient(clock, access);
    this.name = `etcd ${etcdName(access)}`;
  }

  async list(kind: CalicoKind): Promise<Listing> {
    const objects: StoredObject[] = [];
    const answer = await this.#client.list(etcdKindPrefix(kind), (entries) => {
      for (const entry of entries) {
        const key = parseEtcdKey(entry.key);
        if (key.kind === "resource") objects.push(this.#toStored(key.key, entry));
      }
    });
    this.#orThrow(answer);
    return { objects: objects.sort((a, b) => compareKeys(a.key, b.key)), issues: [] };
  }

  /**
   * By the name it is stored under; else, of a policy in the default tier, by the name that writers up to Calico 3.31
   * gave a prefix.
   */
  async read(key: ResourceKey): Promise<StoredObject | undefined> {
    const stored = await this.#readExactly(key);
    if (stored !== undefined || calicoKindOf(key.kind)?.isTiered !== true) return stored;
    const older = await this.#readExactly({ ...key, name: `${OLD_PREFIX}${key.name}` });
    return older !== undefined && this.#ownName(older) === key.name ? older : undefined;
  }

  objection(given: GivenObject): string | undefined {
    const { key, value } = given;
    if (value["apiVersion"] !== ETCD_API_VERSION) {
      return `an etcd holds objects of ${ETCD_API_VERSION}: what other readers don't know of another version they would pass over`;
    }
    const annotations = metadataOf(value)["annotations"];
    if (isMapping(annotations) && PACKED_METADATA in annotations) {
      return `the annotation ${PACKED_METADATA} is written by the store`;
    }
    if (isCopy(key)) return COPIED;
    if (key.kind === "Profile" && key.name === STATIC_PROFILE) return "this profile always exists";
    // It has to be one that whoever reads the etcd can use.
    const text = Buffer.from(encode(this.prepare(given, undefined), undefined));
    return readEtcdObject(key, text).issues.find(({ severity }) => severity === "error")?.message;
  }

  prepare({ value }: GivenObject, stored: StoredObject | undefined): ObjectValue {
    const kept = stored?.value;
    const isNew = kept === undefined;
    return completed(
      withMetadata(value, {
        name: stored?.key.name ?? metadataText(value, "name"),
        uid: isNew ? randomUUID() : metadataText(kept, "uid"),
        creationTimestamp: isNew
          ? new Date(this.#clock.wallMs()).toISOString().replace(/\.\d+/, "")
          : metadataText(kept, "creationTimestamp"),
        resourceVersion: undefined,
      }),
    );
  }

  create(given: GivenObject, value: ObjectValue): Promise<Written> {
    const packed = given.kind.isTiered ? JSON.stringify({ name: given.key.name }) : undefined;
    return this.#write(given.key, 0n, encode(value, packed));
  }

  async update(stored: StoredObject, value: ObjectValue): Promise<Written> {
    if (isCopy(stored.key)) return { kind: "refused", why: COPIED };
    return await this.#write(stored.key, BigInt(stored.revision), encode(value, this.#packed.get(stored)));
  }

  async delete(stored: StoredObject): Promise<Written> {
    const { key, revision } = stored;
    if (isCopy(key)) return { kind: "refused", why: COPIED };
    if (key.kind === "Tier" && BUILT_IN_TIERS.some(({ metadata }) => metadata.name === key.name)) {
      return { kind: "refused", why: "every cluster has this tier" };
    }
    return await this.#write(key, BigInt(revision), undefined);
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  async #readExactly(key: ResourceKey): Promise<StoredObject | undefined> {
    const text = formatEtcdKey(key);
    if (text === undefined) return undefined; // no object can have such a name
    const { entries } = this.#orThrow(await this.#client.range({ key: text }));
    const [entry] = entries;
    return entry && this.#toStored(key, entry);
  }

  async #write(key: ResourceKey, modRevision: bigint, value: string | undefined): Promise<Written> {
    const text = formatEtcdKey(key);
    if (text === undefined) return { kind: "refused", why: "an etcd can't hold an object of this name" };
    const answer = await this.#client.txn({
      compare: [{ key: text, modRevision }],
      writes: [{ key: text, value }],
    });
    return this.#orThrow(answer).isDone ? { kind: "written" } : { kind: "conflict" };
  }

  #toStored(key: ResourceKey, entry: EtcdEntry): StoredObject {
    const revision = String(entry.modRevision);
    const { value, packed } = decode(entry.value);
    const { issues } = readEtcdObject(key, entry.value);
    const shown = value && withMetadata(value, { resourceVersion: revision });
    const stored = { key, revision, place: entry.key.toString("utf8"), value: shown, issues };
    if (packed !== undefined) this.#packed.set(stored, packed);
    return stored;
  }

  /** The name that its author gave a policy. */
  #ownName(stored: StoredObject): string {
    const { key, value } = stored;
    const name = packedName(this.#packed.get(stored));
    if (name !== undefined || value === undefined) return name ?? key.name;
    return tierOf(value) === "default" && key.name.startsWith(OLD_PREFIX)
      ? key.name.slice(OLD_PREFIX.length)
      : key.name;
  }

  #orThrow<T>(result: Result<T, EtcdError>): T {
    if (result.ok) return result.value;
    const { message, mayBeDone } = result.error;
    const doubt = mayBeDone ? "; whether the last change was made is not known" : "";
    throw new StoreError(`${this.name}: ${message}${doubt}`);
  }
}

const OLD_PREFIX = "default.";
/** Written by nobody: Calico adds it to every list. */
const STATIC_PROFILE = "projectcalico-default-allow";
const COPIED = "it is the copy of a Kubernetes NetworkPolicy, which would overwrite it: change that one";
const TIER_LABEL = "projectcalico.org/tier";

function isCopy({ kind, name }: ResourceKey): boolean {
  return kind === "NetworkPolicy" && name.startsWith("knp.default.");
}

/** What Calico's API and client fill in. A policy without `types` would apply to both directions once it is stored. */
function completed(value: ObjectValue): ObjectValue {
  const { kind, spec } = value;
  if (findCalicoKind(String(kind))?.isTiered !== true || !isMapping(spec)) return value;
  const labels = metadataOf(value)["labels"];
  const own = isMapping(labels) ? labels : {};
  const tier = tierOf(value);
  const isLabelled = tier !== "default" || TIER_LABEL in own;
  return withMetadata(
    { ...value, spec: { ...spec, types: spec["types"] ?? typesOf(spec) } },
    isLabelled ? { labels: { ...own, [TIER_LABEL]: tier } } : {},
  );
}

function typesOf({ ingress, egress }: ObjectValue): readonly string[] {
  const hasRules = (rules: unknown): boolean => Array.isArray(rules) && rules.length > 0;
  if (!hasRules(egress)) return ["Ingress"];
  return hasRules(ingress) ? ["Ingress", "Egress"] : ["Egress"];
}

function encode(value: ObjectValue, packed: string | undefined): string {
  const annotations = metadataOf(value)["annotations"];
  const own = isMapping(annotations) ? annotations : {};
  const whole =
    packed === undefined
      ? value
      : withMetadata(value, { annotations: { ...own, [PACKED_METADATA]: packed } });
  return JSON.stringify(inUsualOrder(whole));
}

/** Undefined where it is no object. */
function decode(bytes: Buffer): {
  readonly value: ObjectValue | undefined;
  readonly packed: string | undefined;
} {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    value = undefined; // the reader of resources says what is wrong
  }
  if (!isMapping(value)) return { value: undefined, packed: undefined };
  const { annotations } = metadataOf(value);
  const packed: unknown = isMapping(annotations) ? annotations[PACKED_METADATA] : undefined;
  if (!isMapping(annotations) || typeof packed !== "string")
    return { value: plainCopy(value), packed: undefined };
  const { [PACKED_METADATA]: _, ...others } = annotations;
  const rest = Object.keys(others).length === 0 ? undefined : others;
  return { value: plainCopy(withMetadata(value, { annotations: rest })), packed };
}

function packedName(packed: string | undefined): string | undefined {
  if (packed === undefined) return undefined;
  try {
    const { name } = JSON.parse(packed) as { readonly name?: unknown };
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined; // no name can be told from it
  }
}
