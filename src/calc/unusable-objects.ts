import { type ResourceKey, type ResourceUpdate, resourceKeyText } from "../datastore/resources.ts";
import { namespaceProfile, serviceAccountProfile } from "./profile-definition.ts";

/** What is known of IP sets' members: all of them, those listed at least, or nothing. */
export type SetDoubt = "none" | "incomplete" | "unknown";

/**
 * Objects of kinds without rules of which nothing can be used, and profiles whose labels can't be: they exist, but what they say is not
 * known (README.md, "What can't be used").
 */
export class UnusableObjects {
  readonly #keys = new Map<string, ResourceKey>();
  #isChanged = false;

  note(update: ResourceUpdate): void {
    const text = resourceKeyText(update.key);
    const isKnown = this.#keys.has(text);
    if (isInDoubt(update)) this.#keys.set(text, update.key);
    else this.#keys.delete(text);
    if (isKnown !== this.#keys.has(text)) this.#isChanged = true;
  }

  /** Whether any became unusable or usable since this was last asked. */
  takeChanged(): boolean {
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    return isChanged;
  }

  /** An item or slice more may be in any set. Labels that nobody knows may put items in and keep them out. */
  get setDoubt(): SetDoubt {
    let doubt: SetDoubt = "none";
    for (const { kind } of this.#keys.values()) {
      if (kind === "Namespace" || kind === "ServiceAccount" || kind === "Profile") return "unknown";
      if (kind !== "Tier") doubt = "incomplete";
    }
    return doubt;
  }

  /** Tiers of which neither place nor default action is known. */
  get tiers(): ReadonlySet<string> {
    return new Set([...this.#keys.values()].filter(({ kind }) => kind === "Tier").map(({ name }) => name));
  }

  /** Profiles whose labels are not known. */
  get profiles(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const { kind, namespace, name } of this.#keys.values()) {
      if (kind === "Namespace") names.add(namespaceProfile(name));
      if (kind === "ServiceAccount") names.add(serviceAccountProfile(namespace, name));
      if (kind === "Profile") names.add(name);
    }
    return names;
  }
}

function isInDoubt(update: ResourceUpdate): boolean {
  if (update.kind !== "put") return update.kind === "unusable";
  return update.resource.kind === "Profile" && update.resource.labelsToApply === undefined;
}
