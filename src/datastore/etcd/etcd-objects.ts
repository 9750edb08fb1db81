/** What is known of the objects in an etcd: from keys and values to updates. Pure: no network, no time. */
import type { Issue } from "../../base/issue.ts";
import { CALICO_KINDS } from "../calico-kinds.ts";
import { KindTable, type KindTableEvents, type ObjectVersion } from "../kind-table.ts";
import { locateInObject, quote } from "../locate.ts";
import { type ParsedResource, parseStored } from "../parse-resource.ts";
import {
  type PolicyRule,
  type Resource,
  type ResourceKey,
  type ResourceKind,
  resourceKeyText,
} from "../resources.ts";
import { isMapping, type KindReport } from "../schema/kind.ts";
import { PACKED_METADATA } from "../schema/metadata.ts";
import { BUILT_IN_TIERS } from "../schema/tier.ts";
import { trimObject } from "../trim-object.ts";
import type { EtcdEntry } from "./etcd-entry.ts";
import { ETCD_API_VERSION, parseEtcdKey } from "./etcd-keys.ts";
import type { EtcdEvent } from "./etcd-watch.ts";

type EtcdObject = ObjectVersion & { readonly value: Buffer };

/** Where entries below the prefix go; those that are no objects of ours are passed over. */
export type EntrySink = {
  /** A full list begins; what it doesn't hold is gone once it is committed. Dropped without a word if the list fails. */
  beginList(): { add(entry: EtcdEntry): void; commit(): void };
  apply(event: EtcdEvent): void;
};

export class EtcdObjects implements EntrySink {
  readonly #events: KindTableEvents;
  readonly #tables: ReadonlyMap<ResourceKind, KindTable<EtcdObject>>;
  /** By key: where an object of ours should be and none can. */
  #misplaced = new Map<string, Issue>();

  constructor(events: KindTableEvents) {
    this.#events = events;
    this.#tables = new Map(
      CALICO_KINDS.map(({ kind }) => {
        const read = (object: EtcdObject): ParsedResource => readObject(kind, object);
        const builtIn = kind === "Tier" ? BUILT_IN_TIERS : [];
        return [kind, new KindTable({ kind, resourceKind: kind, builtIn, read }, events)] as const;
      }),
    );
  }

  /** Of every object that is there. */
  get issues(): readonly Issue[] {
    return [...[...this.#tables.values()].flatMap(({ issues }) => issues), ...this.#misplaced.values()];
  }

  beginList(): { add(entry: EtcdEntry): void; commit(): void } {
    const lists = new Map([...this.#tables].map(([kind, table]) => [kind, table.beginList()]));
    const misplaced = new Map<string, Issue>();
    return {
      add: (entry) => {
        const key = parseEtcdKey(entry.key);
        if (key.kind === "misplaced") misplaced.set(key.text, misplacedIssue(key.text));
        if (key.kind === "resource") lists.get(key.key.kind)?.add(toObject(key.key, entry), ETCD_API_VERSION);
      },
      commit: () => {
        for (const list of lists.values()) list.commit();
        this.#misplaced = misplaced;
        this.#events.onIssues();
      },
    };
  }

  apply({ kind, entry }: EtcdEvent): void {
    const key = parseEtcdKey(entry.key);
    if (key.kind === "misplaced") {
      if (kind === "put") this.#misplaced.set(key.text, misplacedIssue(key.text));
      else this.#misplaced.delete(key.text);
      this.#events.onIssues();
    }
    if (key.kind !== "resource") return;
    const table = this.#tables.get(key.key.kind);
    if (kind === "put") table?.put(toObject(key.key, entry), ETCD_API_VERSION);
    else table?.remove(key.key);
  }
}

function misplacedIssue(text: string): Issue {
  const message = `${quote(text)} is passed over: no object of its kind has such a key`;
  return { severity: "warning", code: "bad_name", where: "etcd", message };
}

function toObject({ namespace, name }: ResourceKey, entry: EtcdEntry): EtcdObject {
  const { createRevision, modRevision, value } = entry;
  return { namespace, name, uid: String(createRevision), resourceVersion: String(modRevision), value };
}

function readObject(kind: ResourceKind, { namespace, name, value }: EtcdObject): ParsedResource {
  return readEtcdObject({ kind, namespace, name }, value);
}

/** What lies under a key; whatever is wrong with it, it is known who it is. */
export function readEtcdObject(key: ResourceKey, value: Buffer): ParsedResource {
  return parseStored(
    parseValue(value),
    { key, apiVersion: ETCD_API_VERSION, check: checkServices },
    locateInObject(resourceKeyText(key)),
  );
}

/** Undefined where it is no JSON. An object is trimmed of what nobody reads; what it says of itself stays. */
export function parseValue(bytes: Buffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined; // the schema refuses it with the one message there is
  }
  if (!isMapping(value)) return undefined;
  const { apiVersion, kind } = value;
  return { ...trimObject(value, { kind: "", annotations: [PACKED_METADATA] }, ""), apiVersion, kind };
}

/**
 * A rule that names a service could never match: nothing in an etcd says what addresses a service has. A Deny that never
 * matches lets through what its author meant to stop, so the policy is not used.
 */
function checkServices(resource: Resource, report: KindReport): void {
  if (!("ingress" in resource) && !("spec" in resource)) return;
  const { ingress, egress } = "spec" in resource ? resource.spec : resource;
  for (const [direction, rules] of [["ingress", ingress] as const, ["egress", egress] as const]) {
    for (const [index, rule] of rules.entries()) {
      for (const side of ["source", "destination"] as const) {
        if (!("action" in rule) || !namesService(rule, side)) continue;
        const message = "an etcd holds no services, so the rule could never match";
        report("error", ["spec", direction, index, side, "services"], "missing_reference", message);
      }
    }
  }
}

function namesService(
  rule: PolicyRule | { readonly action: string },
  side: "source" | "destination",
): boolean {
  return side in rule && (rule as PolicyRule)[side].services !== undefined;
}
