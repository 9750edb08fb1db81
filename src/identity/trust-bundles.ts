import type { TrustBundle } from "./trust-bundle.ts";

/**
 * The trust bundles in force, by trust domain: federated domains are kept apart, so that an authority vouches for its own alone
 * (SPIFFE Federation standard section 4).
 *
 * Several sources (files, the Workload API) each give their whole set; a domain's bundle is the union of what they say of it.
 *
 * INVARIANT: `revision` grows with every change, so that what was verified under another revision is verified anew.
 */
export class TrustBundles {
  readonly #bySource = new Map<string, ReadonlyMap<string, TrustBundle>>();
  #byDomain: ReadonlyMap<string, TrustBundle> = new Map();
  #revision = 0;

  get revision(): number {
    return this.#revision;
  }

  /** Undefined: nobody told of that trust domain. */
  of(trustDomain: string): TrustBundle | undefined {
    return this.#byDomain.get(trustDomain);
  }

  get trustDomains(): readonly string[] {
    return [...this.#byDomain.keys()].sort();
  }

  /** Replaces all that a source said before. */
  replace(source: string, bundles: ReadonlyMap<string, TrustBundle>): void {
    this.#bySource.set(source, bundles);
    const byDomain = new Map<string, TrustBundle>();
    for (const each of this.#bySource.values()) {
      for (const [domain, bundle] of each) byDomain.set(domain, [...(byDomain.get(domain) ?? []), ...bundle]);
    }
    this.#byDomain = byDomain;
    this.#revision++;
  }
}
