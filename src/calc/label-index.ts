import type { RequiredLabel } from "../selector/match-selector.ts";

/**
 * Finds things by a label's value.
 *
 * Only label names that somebody has asked for are indexed: most labels of most pods are never selected by, and an
 * index over them would cost more memory than the pods.
 */
export class LabelIndex<T> {
  readonly #labels = new Map<string, { users: number; readonly byValue: Map<string, Set<T>> }>();

  /**
   * Index a label from now on.
   *
   * @param all everything there is, read once if the label was not indexed before.
   */
  demand(label: string, all: Iterable<T>, labelOf: (thing: T) => string | undefined): void {
    const slot = this.#labels.get(label);
    if (slot !== undefined) {
      slot.users++;
      return;
    }
    this.#labels.set(label, { users: 1, byValue: new Map() });
    for (const thing of all) {
      const value = labelOf(thing);
      if (value !== undefined) this.add(thing, label, value);
    }
  }

  /** Undo one `demand`. */
  release(label: string): void {
    const slot = this.#labels.get(label);
    if (slot === undefined) return;
    slot.users--;
    if (slot.users === 0) this.#labels.delete(label);
  }

  /** Tell that a thing has a label; nothing happens for labels that are not indexed. */
  add(thing: T, label: string, value: string): void {
    const slot = this.#labels.get(label);
    if (slot === undefined) return;
    const things = slot.byValue.get(value);
    if (things === undefined) slot.byValue.set(value, new Set([thing]));
    else things.add(thing);
  }

  delete(thing: T, label: string, value: string): void {
    const slot = this.#labels.get(label);
    const things = slot?.byValue.get(value);
    if (slot === undefined || things === undefined) return;
    things.delete(thing);
    if (things.size === 0) slot.byValue.delete(value);
  }

  /** The groups of things that meet a term; the term's label must be indexed. */
  *groups(term: RequiredLabel): Iterable<ReadonlySet<T>> {
    const slot = this.#labels.get(term.label);
    if (slot === undefined) return;
    if (term.values === undefined) {
      yield* slot.byValue.values();
      return;
    }
    for (const value of term.values) {
      const things = slot.byValue.get(value);
      if (things !== undefined) yield things;
    }
  }
}
