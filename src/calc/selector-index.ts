import type { LabelLookup, RequiredLabel } from "../selector/match-selector.ts";
import type { Matcher } from "./matcher.ts";
import type { CalcWork } from "./work.ts";

/** Labels that can be looked up and walked through. */
export type LabelSource = LabelLookup & {
  /** Visits every label that could be effective; may visit a name twice, with a value that another one hides. */
  forEachLabel(visit: (name: string, value: string) => void): void;
};

/** Something that is chosen by a selector's match: a policy, an IP set. */
export type Selecting = { readonly matcher: Matcher };

type Slot<E> = { readonly anyValue: Set<E>; readonly byValue: Map<string, Set<E>> };

/**
 * The inverted index: from an item's labels to the selectors that could match it.
 *
 * Each selector is filed under one term that all its matches meet, so an item asks only those filed under a label
 * (or label and value) that it has, and those without any term.
 */
export class SelectorIndex<E extends Selecting> {
  readonly #work: CalcWork;
  readonly #slots = new Map<string, Slot<E>>();
  readonly #anywhere = new Set<E>();
  readonly #mentions = new Map<string, number>();
  readonly #terms = new Map<E, RequiredLabel | undefined>();

  constructor(work: CalcWork) {
    this.#work = work;
  }

  /** File an entry under one of its matcher's terms, or under none. */
  add(entry: E, term: RequiredLabel | undefined): void {
    this.#terms.set(entry, term);
    for (const name of entry.matcher.names) this.#mentions.set(name, (this.#mentions.get(name) ?? 0) + 1);
    if (term === undefined) {
      this.#anywhere.add(entry);
      return;
    }
    let slot = this.#slots.get(term.label);
    if (slot === undefined) {
      slot = { anyValue: new Set(), byValue: new Map() };
      this.#slots.set(term.label, slot);
    }
    if (term.values === undefined) slot.anyValue.add(entry);
    else for (const value of term.values) addTo(slot.byValue, value, entry);
  }

  delete(entry: E): void {
    const term = this.#terms.get(entry);
    this.#terms.delete(entry);
    for (const name of entry.matcher.names) {
      const count = (this.#mentions.get(name) ?? 0) - 1;
      if (count > 0) this.#mentions.set(name, count);
      else this.#mentions.delete(name);
    }
    if (term === undefined) {
      this.#anywhere.delete(entry);
      return;
    }
    const slot = this.#slots.get(term.label);
    if (slot === undefined) return;
    if (term.values === undefined) slot.anyValue.delete(entry);
    else for (const value of term.values) deleteFrom(slot.byValue, value, entry);
    if (slot.anyValue.size === 0 && slot.byValue.size === 0) this.#slots.delete(term.label);
  }

  /** The term that the entry is filed under. */
  termOf(entry: E): RequiredLabel | undefined {
    return this.#terms.get(entry);
  }

  /** Whether any selector's outcome can depend on a label of this name. */
  mentions(name: string): boolean {
    return this.#mentions.has(name);
  }

  /**
   * The entries that match, given those that matched before.
   *
   * INVARIANT: a matching entry is always a candidate, for its term is a condition of matching. So what is no
   * candidate any more has stopped matching, and what doesn't mention a changed name is as it was.
   *
   * @param changed names whose value may have changed; `undefined` if anything may have.
   */
  rematch(labels: LabelSource, before: readonly E[], changed: ReadonlySet<string> | undefined): readonly E[] {
    this.#work.itemsTouched++;
    const was = new Set(before);
    const seen = new Set<E>();
    const after: E[] = [];
    const consider = (entry: E): void => {
      if (seen.has(entry)) return;
      seen.add(entry);
      const same = changed !== undefined && !mentionsAny(entry.matcher.names, changed);
      if (same ? was.has(entry) : this.#evaluate(entry, labels)) after.push(entry);
    };
    for (const entry of this.#anywhere) consider(entry);
    labels.forEachLabel((name, value) => {
      const slot = this.#slots.get(name);
      if (slot === undefined) return;
      for (const entry of slot.anyValue) consider(entry);
      const entries = slot.byValue.get(value);
      if (entries !== undefined) for (const entry of entries) consider(entry);
    });
    return after.length === 0 ? NONE : after;
  }

  /** Ask one entry about one item, counted. */
  matches(entry: E, labels: LabelLookup): boolean {
    return this.#evaluate(entry, labels);
  }

  #evaluate(entry: E, labels: LabelLookup): boolean {
    this.#work.selectorEvaluations++;
    return entry.matcher.matches(labels);
  }
}

/** Shared by all that match nothing, which are most items. */
const NONE: readonly never[] = Object.freeze([]);

function mentionsAny(names: ReadonlySet<string>, changed: ReadonlySet<string>): boolean {
  for (const name of changed) if (names.has(name)) return true;
  return false;
}

function addTo<E>(byValue: Map<string, Set<E>>, value: string, entry: E): void {
  const entries = byValue.get(value);
  if (entries === undefined) byValue.set(value, new Set([entry]));
  else entries.add(entry);
}

function deleteFrom<E>(byValue: Map<string, Set<E>>, value: string, entry: E): void {
  const entries = byValue.get(value);
  if (entries === undefined) return;
  entries.delete(entry);
  if (entries.size === 0) byValue.delete(value);
}
