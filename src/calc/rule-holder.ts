import type { IpSet } from "./ip-set.ts";

/**
 * The life of one object with rules (a policy or a profile): how many local endpoints list it, which IP sets its
 * rules hold, and what was published.
 *
 * Unlisted: `users` 0, `published` undefined, no sets. Listed: converted at the next flush, sets held, published.
 * Between two flushes an object may go back and forth; only where it stands at the flush counts.
 */
export class RuleHolder<M> {
  users = 0;
  /** Whether the rules, or what else is published with them, changed since the last conversion. */
  stale = true;
  published: M | undefined;
  sets: readonly IpSet[] = [];

  get isUnused(): boolean {
    return this.users === 0 && this.published === undefined;
  }
}
