/** The net change of a set's members. Do not mutate. */
export type MemberDelta = { readonly added: ReadonlySet<string>; readonly removed: ReadonlySet<string> };

/**
 * The members of one set, each with its number of contributors: an address that two objects give goes only with the
 * second of them.
 *
 * INVARIANT: the delta is relative to what was published and its two halves are disjoint, so that a member which
 * came and went within one window is in neither.
 */
export class MemberCounts {
  readonly #counts = new Map<string, number>();
  #published = false;
  #added = new Set<string>();
  #removed = new Set<string>();

  get size(): number {
    return this.#counts.size;
  }

  /** Whether the members were published at least once; before that no delta is kept. */
  get isPublished(): boolean {
    return this.#published;
  }

  texts(): Iterable<string> {
    return this.#counts.keys();
  }

  /** Count one contribution. */
  add(member: string): void {
    const count = this.#counts.get(member) ?? 0;
    this.#counts.set(member, count + 1);
    if (count === 0 && this.#published && !this.#removed.delete(member)) this.#added.add(member);
  }

  /** Take back one contribution. */
  remove(member: string): void {
    const count = this.#counts.get(member) ?? 0;
    if (count > 1) {
      this.#counts.set(member, count - 1);
      return;
    }
    this.#counts.delete(member);
    if (count === 1 && this.#published && !this.#added.delete(member)) this.#removed.add(member);
  }

  /** Everything is published now. */
  publish(): void {
    this.#published = true;
    this.takeDelta();
  }

  /** What changed since it was last published, and publish that. */
  takeDelta(): MemberDelta {
    const delta = { added: this.#added, removed: this.#removed };
    this.#added = new Set();
    this.#removed = new Set();
    return delta;
  }
}
