/** The objects of one kind that are known, and what becomes of each version of them. Pure: no network, no time. */
import type { Issue } from "../base/issue.ts";
import { goodInForce, type InForce, settleVersion, updateOf } from "./in-force.ts";
import type { ParsedResource } from "./parse-resource.ts";
import type { Resource, ResourceKey, ResourceKind, ResourceUpdate } from "./resources.ts";

/** What a table has to know of every version of an object, beside what `read` makes of it. */
export type ObjectVersion = {
  readonly name: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  /** Another one after the object was deleted and made anew. */
  readonly uid: string;
  /** Another one after each change. */
  readonly resourceVersion: string;
};

export type TableKind<Seen extends ObjectVersion> = {
  /** As in the object's own `kind`. */
  readonly kind: string;
  readonly resourceKind: ResourceKind;
  /** Those of its objects that exist even where no list has them. */
  readonly builtIn: readonly Resource[];
  readonly read: (object: Seen, apiVersion: string) => ParsedResource;
};

/** The listener of a table; `issues` changed if its number of them did or `hasIssues` is true. */
export type KindTableEvents = {
  /** Those of one list come in one call. */
  onUpdates(updates: readonly ResourceUpdate[]): void;
  onIssues(): void;
};

type Known = {
  readonly inForce: InForce;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly apiVersion: string;
};

/** An object as its source knows it. */
export type ObjectReference = {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
};

export class KindTable<Seen extends ObjectVersion> {
  readonly #kind: TableKind<Seen>;
  readonly #events: KindTableEvents;
  /** By `namespace/name`. */
  readonly #known = new Map<string, Known>();
  readonly #issues = new Map<string, readonly Issue[]>();
  readonly #builtIn: ReadonlyMap<string, InForce>;
  #isBuiltInTold = false;

  constructor(kind: TableKind<Seen>, events: KindTableEvents) {
    this.#kind = kind;
    this.#events = events;
    this.#builtIn = new Map(
      kind.builtIn.map((resource) => [textOf(resource.metadata), goodInForce(resource)]),
    );
  }

  /** Of every object that is there. */
  get issues(): readonly Issue[] {
    return [...this.#issues.values()].flat();
  }

  /** Undefined if there is no such object. */
  reference(namespace: string, name: string): ObjectReference | undefined {
    const known = this.#known.get(textOf({ namespace, name }));
    if (known === undefined) return undefined;
    const { apiVersion, uid, resourceVersion } = known;
    return { apiVersion, kind: this.#kind.kind, namespace, name, uid, resourceVersion };
  }

  beginList(): { add(object: Seen, apiVersion: string): void; commit(): void } {
    const staged = new Map<string, readonly [Known, readonly Issue[]] | "unchanged">();
    return {
      add: (object, apiVersion) => {
        staged.set(textOf(object), this.#isKnown(object) ? "unchanged" : this.#read(object, apiVersion));
      },
      commit: () => this.#commit(staged),
    };
  }

  put(object: Seen, apiVersion: string): void {
    if (this.#isKnown(object)) return;
    const updates: ResourceUpdate[] = [];
    this.#replace(textOf(object), this.#read(object, apiVersion), updates);
    if (updates.length > 0) this.#events.onUpdates(updates);
  }

  remove(object: Pick<ObjectVersion, "name" | "namespace">): void {
    const updates: ResourceUpdate[] = [];
    this.#forget(textOf(object), updates);
    if (updates.length > 0) this.#events.onUpdates(updates);
  }

  #commit(staged: ReadonlyMap<string, readonly [Known, readonly Issue[]] | "unchanged">): void {
    const updates: ResourceUpdate[] = [];
    if (!this.#isBuiltInTold) {
      for (const [text, inForce] of this.#builtIn) {
        const update = staged.has(text) ? undefined : updateOf(undefined, inForce);
        if (update !== undefined) updates.push(update);
      }
      this.#isBuiltInTold = true;
    }
    for (const [text, read] of staged) if (read !== "unchanged") this.#replace(text, read, updates);
    for (const text of this.#known.keys()) if (!staged.has(text)) this.#forget(text, updates);
    if (updates.length > 0) this.#events.onUpdates(updates);
  }

  #isKnown({ name, namespace, uid, resourceVersion }: ObjectVersion): boolean {
    const known = this.#known.get(textOf({ name, namespace }));
    return known?.resourceVersion === resourceVersion && known.uid === uid;
  }

  #read(object: Seen, apiVersion: string): readonly [Known, readonly Issue[]] {
    const { name, namespace, uid, resourceVersion } = object;
    const key: ResourceKey = { kind: this.#kind.resourceKind, namespace, name };
    const before = this.#known.get(textOf(object));
    const parsed = this.#kind.read(object, apiVersion);
    // An object of the same name that was deleted and made anew has no earlier version.
    const inForce = settleVersion(key, before?.uid === uid ? before.inForce : undefined, parsed);
    return [{ inForce, uid, resourceVersion, apiVersion }, parsed.issues];
  }

  #replace(
    text: string,
    [next, issues]: readonly [Known, readonly Issue[]],
    updates: ResourceUpdate[],
  ): void {
    const before =
      this.#known.get(text)?.inForce ?? (this.#isBuiltInTold ? this.#builtIn.get(text) : undefined);
    const update = updateOf(before, next.inForce);
    this.#known.set(text, next);
    if (update !== undefined) updates.push(update);
    this.#setIssues(text, issues);
  }

  #forget(text: string, updates: ResourceUpdate[]): void {
    const known = this.#known.get(text);
    if (known === undefined) return;
    this.#known.delete(text);
    const update = updateOf(known.inForce, this.#builtIn.get(text));
    if (update !== undefined) updates.push(update);
    this.#setIssues(text, []);
  }

  #setIssues(text: string, issues: readonly Issue[]): void {
    if (issues.length === 0 && !this.#issues.has(text)) return;
    if (issues.length === 0) this.#issues.delete(text);
    else this.#issues.set(text, issues);
    this.#events.onIssues();
  }
}

function textOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}
