import type { Policy, PolicyId } from "../policy/messages.ts";
import type { LabelLookup } from "../selector/match-selector.ts";
import type { Item } from "./item.ts";
import type { ItemTable } from "./item-table.ts";
import { createMatcher, type Matcher } from "./matcher.ts";
import { type PolicyModel, type PolicyResource, policyModel } from "./policy-model.ts";
import { RuleHolder } from "./rule-holder.ts";
import { isSameValue } from "./same-value.ts";
import { SelectorIndex } from "./selector-index.ts";
import type { CalcWork } from "./work.ts";

/** A policy by the object that it is made of. */
export class PolicyEntry {
  /** `NetworkPolicy shop/api`. */
  readonly key: string;
  resource: PolicyResource;
  model: PolicyModel;
  matcher: Matcher;
  readonly rules: RuleHolder<Policy> = new RuleHolder();
  isDeleted = false;

  constructor(key: string, resource: PolicyResource) {
    this.key = key;
    this.resource = resource;
    this.model = policyModel(resource);
    this.matcher = createMatcher(this.model.selector);
  }
}

/** What the endpoints have to look at again. */
export type PolicyChanges = {
  /** New, changed and deleted ones: their rules may differ, or be gone. */
  readonly entries: readonly PolicyEntry[];
  /** Those that may select other endpoints than before; a deleted one selects none. */
  readonly reselected: ReadonlySet<PolicyEntry>;
  /** Those that stay selected but stand elsewhere in the order, or apply to another direction. */
  readonly moved: ReadonlySet<PolicyEntry>;
};

/** A hint that a policy is to be at hand even where it selects nothing. */
const NEEDED_ON_EVERY_NODE = "AssumeNeededOnEveryNode";

/** All policies, and the index from an endpoint's labels to those that select it. */
export class PolicyTable {
  readonly #items: ItemTable;
  readonly #entries = new Map<string, PolicyEntry>();
  readonly #pending = new Map<string, PolicyResource | undefined>();
  readonly #index: SelectorIndex<PolicyEntry>;

  constructor(items: ItemTable, work: CalcWork) {
    this.#items = items;
    this.#index = new SelectorIndex(work);
  }

  put(key: string, resource: PolicyResource | undefined): void {
    this.#pending.set(key, resource);
  }

  all(): Iterable<PolicyEntry> {
    return this.#entries.values();
  }

  byId(id: PolicyId): PolicyEntry | undefined {
    const text = id.namespace === "" ? `${id.kind} ${id.name}` : `${id.kind} ${id.namespace}/${id.name}`;
    return this.#entries.get(text);
  }

  /** Whether any policy's choice of endpoints can depend on a label of this name. */
  mentions(name: string): boolean {
    return this.#index.mentions(name);
  }

  /** Bring policies up to date with what was put. Items must be, so that each is filed under its rarest label. */
  process(): PolicyChanges {
    const entries: PolicyEntry[] = [];
    const reselected = new Set<PolicyEntry>();
    const moved = new Set<PolicyEntry>();
    for (const [key, resource] of this.#pending) {
      const entry = this.#entries.get(key);
      if (entry === undefined) {
        if (resource === undefined) continue;
        const created = new PolicyEntry(key, resource);
        this.#entries.set(key, created);
        this.#file(created);
        entries.push(created);
        reselected.add(created);
      } else if (resource === undefined) {
        this.#unfile(entry);
        this.#entries.delete(key);
        entry.isDeleted = true;
        entries.push(entry);
        reselected.add(entry);
      } else if (!isSameValue(entry.resource, resource)) {
        entries.push(entry);
        this.#replace(entry, resource, reselected, moved);
      }
    }
    this.#pending.clear();
    return { entries, reselected, moved };
  }

  /** The policies that select an endpoint, given those that did before. */
  rematch(
    item: Item,
    before: readonly PolicyEntry[],
    changed: ReadonlySet<string> | undefined,
  ): readonly PolicyEntry[] {
    return this.#index.rematch(item, before, changed);
  }

  /** Whether one policy selects an endpoint. */
  selects(entry: PolicyEntry, labels: LabelLookup): boolean {
    return !entry.isDeleted && isListable(entry.model) && this.#index.matches(entry, labels);
  }

  #replace(
    entry: PolicyEntry,
    resource: PolicyResource,
    reselected: Set<PolicyEntry>,
    moved: Set<PolicyEntry>,
  ): void {
    const before = entry.model;
    const after = policyModel(resource);
    const isSameChoice =
      isListable(before) === isListable(after) && isSameValue(before.selector, after.selector);
    if (!isSameChoice) {
      this.#unfile(entry);
      reselected.add(entry);
    }
    entry.resource = resource;
    entry.model = after;
    entry.rules.stale = true;
    if (!isSameChoice) {
      entry.matcher = createMatcher(after.selector);
      this.#file(entry);
    } else if (!hasSamePlace(before, after)) {
      moved.add(entry);
    }
    if (isSameChoice && isListable(after)) {
      entry.rules.users += Number(isNeededEverywhere(after)) - Number(isNeededEverywhere(before));
    }
  }

  #file(entry: PolicyEntry): void {
    if (!isListable(entry.model)) return;
    this.#items.demand(entry.matcher.terms);
    this.#index.add(entry, this.#items.narrowest(entry.matcher.terms));
    if (isNeededEverywhere(entry.model)) entry.rules.users++;
  }

  #unfile(entry: PolicyEntry): void {
    if (!isListable(entry.model)) return;
    this.#index.delete(entry);
    this.#items.release(entry.matcher.terms);
    if (isNeededEverywhere(entry.model)) entry.rules.users--;
  }
}

/** Whether it can ever be in an endpoint's list. */
function isListable(model: PolicyModel): boolean {
  return model.isEligible && (model.appliesToIngress || model.appliesToEgress);
}

function isNeededEverywhere(model: PolicyModel): boolean {
  return model.performanceHints.includes(NEEDED_ON_EVERY_NODE);
}

function hasSamePlace(a: PolicyModel, b: PolicyModel): boolean {
  return (
    a.tier === b.tier &&
    a.order === b.order &&
    a.appliesToIngress === b.appliesToIngress &&
    a.appliesToEgress === b.appliesToEgress
  );
}
