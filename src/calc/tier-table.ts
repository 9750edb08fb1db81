import { type Tier, UNKNOWN_TIER } from "../datastore/resources.ts";
import type { TierPlace } from "./order.ts";

/** Tier objects by name. */
export class TierTable {
  readonly #tiers = new Map<string, Tier>();
  readonly #changed = new Set<string>();

  put(name: string, tier: Tier | undefined): void {
    const before = this.#tiers.get(name);
    if (tier === undefined) this.#tiers.delete(name);
    else this.#tiers.set(name, tier);
    if (before?.order !== tier?.order || before?.defaultAction !== tier?.defaultAction)
      this.#changed.add(name);
  }

  has(name: string): boolean {
    return name === UNKNOWN_TIER || this.#tiers.has(name);
  }

  place(name: string): TierPlace {
    if (name === UNKNOWN_TIER) return { name, exists: true, order: Number.NEGATIVE_INFINITY };
    const tier = this.#tiers.get(name);
    return { name, exists: tier !== undefined, order: tier?.order };
  }

  /** Empty for a tier without an object, which denies at its end like any text but `Pass`. */
  defaultAction(name: string): string {
    return this.#tiers.get(name)?.defaultAction ?? "";
  }

  /** The names of tiers whose place or default action changed since this was last asked. */
  takeChanged(): ReadonlySet<string> {
    const changed = new Set(this.#changed);
    this.#changed.clear();
    return changed;
  }
}
