import type { EndpointSlice } from "../datastore/resources.ts";
import type { RequiredLabel } from "../selector/match-selector.ts";
import { itemMembers, sliceMembers } from "./contributions.ts";
import { IpSet } from "./ip-set.ts";
import type { IpSetDefinition } from "./ip-set-definition.ts";
import type { Item, ItemFacts } from "./item.ts";
import type { ItemChange, ItemTable } from "./item-table.ts";
import { SelectorIndex } from "./selector-index.ts";
import { type Services, type SliceChange, serviceOf } from "./services.ts";
import type { CalcWork } from "./work.ts";

/**
 * The IP sets that active rules name, with their members kept up to date.
 *
 * INVARIANT: between flushes an item's `sets` are exactly the sets here whose selector matches its labels, and a set's
 * members are exactly what those items (or its service's slices) contribute.
 */
export class IpSets {
  readonly #items: ItemTable;
  readonly #services: Services;
  readonly #sets = new Map<string, IpSet>();
  readonly #index: SelectorIndex<IpSet>;
  readonly #byService = new Map<string, Set<IpSet>>();
  /** Sets to look at when publishing: new ones, those with changed members, those that lost a holder. */
  readonly #touched = new Set<IpSet>();

  constructor(items: ItemTable, services: Services, work: CalcWork) {
    this.#items = items;
    this.#services = services;
    this.#index = new SelectorIndex(work);
  }

  get(id: string): IpSet | undefined {
    return this.#sets.get(id);
  }

  /** Whether any set's members can depend on a label of this name. */
  mentions(name: string): boolean {
    return this.#index.mentions(name);
  }

  /**
   * Replace the sets that one policy or profile holds.
   *
   * New ones are taken before old ones are let go, so that a set in both never comes to nothing in between.
   */
  hold(before: readonly IpSet[], wanted: Iterable<IpSetDefinition>): readonly IpSet[] {
    const after: IpSet[] = [];
    for (const definition of wanted) {
      const set = this.#sets.get(definition.id) ?? this.#create(definition);
      set.holders++;
      after.push(set);
    }
    for (const set of before) {
      set.holders--;
      if (set.holders === 0) this.#touched.add(set);
    }
    return after;
  }

  /** Bring sets up to date with one item's change. */
  update(change: ItemChange): void {
    const { item, before } = change;
    const oldSets = item.sets;
    const newSets = change.isDeleted ? [] : this.#rematch(change);
    item.sets = newSets;
    const was = new Set(oldSets);
    for (const set of newSets) {
      if (!was.delete(set)) this.#contribute(set, item.facts);
      else if (change.contributesOther && before !== undefined) {
        this.#contribute(set, item.facts);
        this.#withdraw(set, before);
      }
    }
    if (before !== undefined) for (const set of was) this.#withdraw(set, before);
  }

  /** Bring service sets up to date with one slice's change. */
  updateSlice({ before, after }: SliceChange): void {
    if (after !== undefined) {
      for (const set of this.#setsOf(serviceOf(after))) this.#addSlice(set, after);
    }
    if (before === undefined) return;
    for (const set of this.#setsOf(serviceOf(before))) {
      if (set.definition.kind !== "service") continue;
      for (const member of sliceMembers(set.definition, before)) set.members.remove(member);
      this.#touched.add(set);
    }
  }

  /** The sets that something happened to since this was last asked; those without holders are dropped here. */
  takeTouched(): readonly IpSet[] {
    const touched = [...this.#touched];
    this.#touched.clear();
    for (const set of touched) if (set.holders === 0) this.#drop(set);
    return touched;
  }

  /** Have every set looked at when publishing. */
  touchAll(): void {
    for (const set of this.#sets.values()) this.#touched.add(set);
  }

  #rematch({ item, changed }: ItemChange): readonly IpSet[] {
    if (changed !== undefined && changed.size === 0) return item.sets;
    return this.#index.rematch(item, item.sets, changed);
  }

  #create(definition: IpSetDefinition): IpSet {
    const set = new IpSet(definition);
    this.#sets.set(definition.id, set);
    this.#touched.add(set);
    if (definition.kind === "service") {
      const sets = this.#byService.get(definition.service);
      if (sets === undefined) this.#byService.set(definition.service, new Set([set]));
      else sets.add(set);
      for (const slice of this.#services.slicesOf(definition.service).values()) this.#addSlice(set, slice);
      return set;
    }
    this.#items.demand(set.matcher.terms);
    const term = this.#items.narrowest(set.matcher.terms);
    this.#index.add(set, term);
    for (const item of this.#distinctCandidates(term)) {
      if (!this.#index.matches(set, item)) continue;
      item.sets = item.sets.concat(set);
      this.#contribute(set, item.facts);
    }
    return set;
  }

  #drop(set: IpSet): void {
    const { definition } = set;
    this.#sets.delete(definition.id);
    if (definition.kind === "service") {
      const sets = this.#byService.get(definition.service);
      sets?.delete(set);
      if (sets?.size === 0) this.#byService.delete(definition.service);
      return;
    }
    const term = this.#index.termOf(set);
    for (const item of this.#distinctCandidates(term)) {
      if (item.sets.includes(set)) item.sets = item.sets.filter((other) => other !== set);
    }
    this.#index.delete(set);
    this.#items.release(set.matcher.terms);
  }

  #distinctCandidates(term: RequiredLabel | undefined): ReadonlySet<Item> {
    return new Set(this.#items.candidates(term));
  }

  #contribute(set: IpSet, facts: ItemFacts): void {
    const members = itemMembers(set.definition, facts);
    if (members.length === 0) return;
    for (const member of members) set.members.add(member);
    this.#touched.add(set);
  }

  #withdraw(set: IpSet, facts: ItemFacts): void {
    const members = itemMembers(set.definition, facts);
    if (members.length === 0) return;
    for (const member of members) set.members.remove(member);
    this.#touched.add(set);
  }

  #setsOf(service: string): Iterable<IpSet> {
    return this.#byService.get(service) ?? [];
  }

  #addSlice(set: IpSet, slice: EndpointSlice): void {
    if (set.definition.kind !== "service") return;
    for (const member of sliceMembers(set.definition, slice)) set.members.add(member);
    this.#touched.add(set);
  }
}
