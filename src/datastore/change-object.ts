/**
 * What `apply` and `delete` do with one object, whatever store it is in: read, compare, write from what was read.
 *
 * A document that says which version its author has seen is written on that version or not at all. One without replaces
 * what is there, whatever it is; if that changes between reading and writing, the same is tried on what is there then.
 */
import { WRITE_ATTEMPTS_MAX } from "../base/limits.ts";
import type { GivenObject } from "./given-objects.ts";
import { type Difference, differences, metadataText, saySame, withMetadata } from "./object-value.ts";
import type { ResourceStore, StoredObject, Written } from "./resource-store.ts";
import type { ResourceKey } from "./resources.ts";

export type Outcome =
  | { readonly kind: "created" | "configured" | "unchanged" | "deleted" | "missing" }
  | {
      readonly kind: "conflict";
      readonly why: string;
      /** What is there instead, if anything is. */
      readonly stored: StoredObject | undefined;
      /** How that differs from what was to be written. */
      readonly differences: readonly Difference[];
    }
  | { readonly kind: "refused"; readonly why: string };

export type ChangeOptions = {
  /** Everything but the writing. */
  readonly isDryRun: boolean;
};

export function applyObject(
  store: ResourceStore,
  given: GivenObject,
  { isDryRun }: ChangeOptions,
): Promise<Outcome> {
  return attempts(given.version === undefined, async () => {
    const stored = await store.read(given.key);
    const why = applyConflict(given, stored);
    if (why !== undefined) return conflict(why, given, stored);
    const value = store.prepare(given, stored);
    if (stored === undefined) {
      return isDryRun ? CREATED : await outcomeOf(store.create(given, value), CREATED, given, store);
    }
    const before = stored.value && withMetadata(stored.value, { resourceVersion: undefined });
    if (before !== undefined && saySame(before, value)) return { kind: "unchanged" };
    return isDryRun ? CONFIGURED : await outcomeOf(store.update(stored, value), CONFIGURED, given, store);
  });
}

/** @param version the state that whoever deletes has seen; any if undefined. */
export function deleteObject(
  store: ResourceStore,
  key: ResourceKey,
  version: string | undefined,
  { isDryRun }: ChangeOptions,
): Promise<Outcome> {
  return attempts(version === undefined, async () => {
    const stored = await store.read(key);
    if (stored === undefined) return { kind: "missing" };
    if (version !== undefined && version !== stored.revision) {
      return conflict(seenAnother(version, stored), undefined, stored);
    }
    return isDryRun ? DELETED : await outcomeOf(store.delete(stored), DELETED, undefined, store, key);
  });
}

const CREATED: Outcome = { kind: "created" };
const CONFIGURED: Outcome = { kind: "configured" };
const DELETED: Outcome = { kind: "deleted" };

async function attempts(mayRepeat: boolean, attempt: () => Promise<Outcome>): Promise<Outcome> {
  for (let count = 1; ; count++) {
    const outcome = await attempt();
    if (outcome.kind !== "conflict" || !mayRepeat || count === WRITE_ATTEMPTS_MAX) return outcome;
  }
}

/** What speaks against writing `given` over what is there. */
function applyConflict(given: GivenObject, stored: StoredObject | undefined): string | undefined {
  const { version } = given;
  if (stored === undefined) {
    return version === undefined
      ? undefined
      : `the document is of version ${version}, and the object is gone`;
  }
  if (version !== undefined && version !== stored.revision) return seenAnother(version, stored);
  const uid = metadataText(given.value, "uid");
  const storedUid = stored.value && metadataText(stored.value, "uid");
  // Without a version, a UID is where the document happens to come from, such as another cluster.
  if (version === undefined || uid === undefined || storedUid === undefined || uid === storedUid)
    return undefined;
  return `the document's uid is ${uid}, that of the object ${storedUid}: it is another one of the same name`;
}

function seenAnother(version: string, stored: StoredObject): string {
  return `the version given is ${version}, the one that is there ${stored.revision}`;
}

async function outcomeOf(
  writing: Promise<Written>,
  success: Outcome,
  given: GivenObject | undefined,
  store: ResourceStore,
  key: ResourceKey | undefined = given?.key,
): Promise<Outcome> {
  const written = await writing;
  if (written.kind === "written") return success;
  if (written.kind === "refused") return written;
  const now = key && (await store.read(key));
  return conflict("the object changed between reading and writing", given, now);
}

function conflict(why: string, given: GivenObject | undefined, stored: StoredObject | undefined): Outcome {
  if (given === undefined || stored?.value === undefined)
    return { kind: "conflict", why, stored, differences: [] };
  const there = withMetadata(stored.value, { resourceVersion: undefined });
  const here = withMetadata(given.value, { resourceVersion: undefined });
  return { kind: "conflict", why, stored, differences: differences(there, here) };
}
