import type { RequiredLabel } from "../selector/match-selector.ts";
import {
  changedOwnNames,
  forEachOwnLabel,
  Item,
  type ItemFacts,
  ownLabel,
  sameContributions,
} from "./item.ts";
import { LabelIndex } from "./label-index.ts";
import type { ProfileTable } from "./profile-table.ts";
import { isSameValue } from "./same-value.ts";

/** One item's change in a flush. */
export type ItemChange = {
  readonly item: Item;
  /** `undefined` for an item that was not there before. */
  readonly before: ItemFacts | undefined;
  readonly isDeleted: boolean;
  /** Label names whose effective value may have changed; `undefined` if any may have. */
  readonly changed: ReadonlySet<string> | undefined;
  /** Whether it gives other members to the sets that it stays in. */
  readonly contributesOther: boolean;
};

/** Everything with labels that selectors choose from, and the index to find it by label. */
export class ItemTable {
  readonly #profiles: ProfileTable;
  readonly #items = new Map<string, Item>();
  readonly #pending = new Map<string, ItemFacts | undefined>();
  readonly #own = new LabelIndex<Item>();

  constructor(profiles: ProfileTable) {
    this.#profiles = profiles;
  }

  /** Note a new version, or with `undefined` the absence, of an item; takes effect in `process`. */
  put(key: string, facts: ItemFacts | undefined): void {
    this.#pending.set(key, facts);
  }

  get(key: string): Item | undefined {
    return this.#items.get(key);
  }

  all(): Iterable<Item> {
    return this.#items.values();
  }

  /**
   * Bring items up to date with what was put and with what their profiles now apply.
   *
   * @param inherited label names that changed by inheritance, for the items concerned.
   */
  process(inherited: ReadonlyMap<Item, ReadonlySet<string>>): ItemChange[] {
    const changes: ItemChange[] = [];
    const seen = new Set<Item>();
    for (const [key, facts] of this.#pending) {
      const item = this.#items.get(key);
      const change =
        item === undefined ? this.#create(key, facts) : this.#replace(item, facts, inherited.get(item));
      if (item !== undefined) seen.add(item);
      if (change !== undefined) changes.push(change);
    }
    this.#pending.clear();
    for (const [item, changed] of inherited) {
      if (seen.has(item)) continue;
      changes.push({ item, before: item.facts, isDeleted: false, changed, contributesOther: false });
    }
    return changes;
  }

  /** Keep the labels of these terms indexed. */
  demand(terms: readonly RequiredLabel[]): void {
    for (const { label } of terms) {
      this.#own.demand(label, this.#items.values(), (item) => ownLabel(item.facts, label));
      this.#profiles.demand(label);
    }
  }

  /** Undo one `demand`. */
  release(terms: readonly RequiredLabel[]): void {
    for (const { label } of terms) {
      this.#own.release(label);
      this.#profiles.release(label);
    }
  }

  /** A superset of the items that meet a term; all items without one. Items may come twice. The label is demanded. */
  *candidates(term: RequiredLabel | undefined): Iterable<Item> {
    if (term === undefined) {
      yield* this.#items.values();
      return;
    }
    for (const items of this.#own.groups(term)) yield* items;
    for (const profiles of this.#profiles.groups(term)) {
      for (const profile of profiles) yield* profile.children;
    }
  }

  /** The term that fewest items meet now: the one to search and file by. Their labels are demanded. */
  narrowest(terms: readonly RequiredLabel[]): RequiredLabel | undefined {
    let best: RequiredLabel | undefined;
    let bestCount = Number.POSITIVE_INFINITY;
    for (const term of terms) {
      const count = this.#population(term);
      if (count < bestCount) {
        best = term;
        bestCount = count;
      }
    }
    return best;
  }

  #population(term: RequiredLabel): number {
    let count = 0;
    for (const items of this.#own.groups(term)) count += items.size;
    for (const profiles of this.#profiles.groups(term)) {
      for (const profile of profiles) count += profile.children.size;
    }
    return count;
  }

  #create(key: string, facts: ItemFacts | undefined): ItemChange | undefined {
    if (facts === undefined) return undefined;
    const item = new Item(key, facts, []);
    this.#items.set(key, item);
    item.parents = this.#profiles.adopt(item, facts.profiles);
    forEachOwnLabel(facts, (name, value) => this.#own.add(item, name, value));
    return { item, before: undefined, isDeleted: false, changed: undefined, contributesOther: true };
  }

  #replace(
    item: Item,
    facts: ItemFacts | undefined,
    inherited: ReadonlySet<string> | undefined,
  ): ItemChange | undefined {
    const before = item.facts;
    if (facts === undefined) {
      this.#items.delete(item.key);
      forEachOwnLabel(before, (name, value) => this.#own.delete(item, name, value));
      this.#profiles.disown(item, before.profiles);
      return { item, before, isDeleted: true, changed: undefined, contributesOther: true };
    }
    const changed = changedOwnNames(before, facts);
    const contributesOther = !sameContributions(before, facts);
    const isSame = changed?.size === 0 && !contributesOther && isSameValue(before.local, facts.local);
    if (isSame && inherited === undefined) return undefined;
    if (changed === undefined) {
      this.#profiles.disown(item, before.profiles);
      item.parents = this.#profiles.adopt(item, facts.profiles);
    }
    if (changed === undefined || changed.size > 0) {
      forEachOwnLabel(before, (name, value) => this.#own.delete(item, name, value));
      forEachOwnLabel(facts, (name, value) => this.#own.add(item, name, value));
    }
    item.facts = facts;
    if (inherited !== undefined) for (const name of inherited) changed?.add(name);
    return { item, before, isDeleted: false, changed, contributesOther };
  }
}
