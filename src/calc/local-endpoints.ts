import { compareUtf8 } from "../base/compare-utf8.ts";
import type { Endpoint, EndpointId, Message } from "../policy/messages.ts";
import type { Item } from "./item.ts";
import type { ItemChange } from "./item-table.ts";
import type { PolicyChanges, PolicyEntry, PolicyTable } from "./policy-table.ts";
import type { ProfileNode } from "./profile-node.ts";
import type { ProfileTable } from "./profile-table.ts";
import { isSameValue } from "./same-value.ts";
import { tierList } from "./tier-list.ts";
import type { TierTable } from "./tier-table.ts";
import type { UnusableObjects } from "./unusable-objects.ts";
import type { CalcWork } from "./work.ts";

/** One endpoint id: who claims it, and what is calculated for the first of them. */
type LocalSlot = {
  readonly id: EndpointId;
  /** By key; the first bytewise is the endpoint, the others are reported. */
  claimants: readonly Item[];
  item: Item | undefined;
  policies: readonly PolicyEntry[];
  profiles: readonly ProfileNode[];
  published: Endpoint | undefined;
  /** Whether the message may differ from the published one. */
  isStale: boolean;
};

/**
 * The endpoints that policy is calculated for: which policies select them, in which order.
 *
 * INVARIANT: between flushes, a policy's and a profile's `users` count the endpoints here that list it.
 */
export class LocalEndpoints {
  readonly #policies: PolicyTable;
  readonly #profiles: ProfileTable;
  readonly #tiers: TierTable;
  readonly #work: CalcWork;
  readonly #unusable: UnusableObjects;
  readonly #slots = new Map<string, LocalSlot>();

  constructor(
    policies: PolicyTable,
    profiles: ProfileTable,
    tiers: TierTable,
    unusable: UnusableObjects,
    work: CalcWork,
  ) {
    this.#policies = policies;
    this.#profiles = profiles;
    this.#tiers = tiers;
    this.#unusable = unusable;
    this.#work = work;
  }

  /**
   * Bring endpoints up to date. Items and policies must be.
   *
   * @returns the policies and profiles that an endpoint began or ceased to list.
   */
  process(
    items: readonly ItemChange[],
    policies: PolicyChanges,
    changedTiers: ReadonlySet<string>,
  ): { readonly policies: ReadonlySet<PolicyEntry>; readonly profiles: ReadonlySet<ProfileNode> } {
    const listed = { policies: new Set<PolicyEntry>(), profiles: new Set<ProfileNode>() };
    const fresh = this.#processItems(items, listed);
    for (const slot of this.#slots.values()) {
      if (slot.item === undefined) continue;
      if (!fresh.has(slot)) this.#reselect(slot, slot.item, policies.reselected, listed);
      const isMoved = slot.policies.some(
        (policy) => policies.moved.has(policy) || changedTiers.has(policy.model.tier),
      );
      if (isMoved || slot.policies.some((policy) => policies.reselected.has(policy))) slot.isStale = true;
    }
    return listed;
  }

  /** Have every endpoint looked at when publishing. */
  touchAll(): void {
    for (const slot of this.#slots.values()) slot.isStale = true;
  }

  /** The messages for what changed since this was last asked. */
  takeMessages(): { readonly updates: readonly Message[]; readonly removes: readonly Message[] } {
    const updates: Message[] = [];
    const removes: Message[] = [];
    const { tiers, profiles } = this.#unusable;
    const isInDoubt = (slot: LocalSlot): boolean =>
      slot.profiles.some(({ name }) => profiles.has(name)) ||
      slot.policies.some(({ model }) => tiers.has(model.tier));
    for (const [key, slot] of this.#slots) {
      if (!slot.isStale) continue;
      slot.isStale = false;
      const { id, item } = slot;
      const endpoint = item === undefined || isInDoubt(slot) ? undefined : this.#endpoint(item, slot);
      if (!isSameValue(endpoint, slot.published)) {
        if (endpoint === undefined) removes.push({ kind: "workload_endpoint_remove", id });
        else updates.push({ kind: "workload_endpoint_update", id, endpoint });
        slot.published = endpoint;
      }
      if (slot.claimants.length === 0) this.#slots.delete(key);
    }
    return { updates, removes };
  }

  /** Each published endpoint. */
  *all(): Iterable<{ readonly id: EndpointId; readonly endpoint: Endpoint }> {
    for (const { id, published } of this.#slots.values()) {
      if (published !== undefined) yield { id, endpoint: published };
    }
  }

  /** Which of the requested endpoints are there. */
  *requested(): Iterable<string> {
    for (const { claimants } of this.#slots.values()) {
      for (const { facts } of claimants) if (facts.local !== undefined) yield facts.local.requested;
    }
  }

  /** Objects that claim the id of another, which is the one in force. */
  *conflicts(): Iterable<{ readonly item: Item; readonly other: Item }> {
    for (const { item, claimants } of this.#slots.values()) {
      if (item === undefined) continue;
      for (const other of claimants) if (other !== item) yield { item, other };
    }
  }

  /** The profiles that endpoints list, with the object that lists each. */
  *listedProfiles(): Iterable<{ readonly item: Item; readonly profile: ProfileNode }> {
    for (const { item, profiles } of this.#slots.values()) {
      if (item !== undefined) for (const profile of profiles) yield { item, profile };
    }
  }

  /** Returns the slots that were matched against every policy, as those are now. */
  #processItems(changes: readonly ItemChange[], listed: Listed): ReadonlySet<LocalSlot> {
    const touched = new Map<LocalSlot, ItemChange[]>();
    const touch = (slot: LocalSlot, change: ItemChange): void => {
      const known = touched.get(slot);
      if (known === undefined) touched.set(slot, [change]);
      else known.push(change);
    };
    for (const change of changes) {
      const { item, before, isDeleted } = change;
      const old = before?.local;
      const now = isDeleted ? undefined : item.facts.local;
      if (old !== undefined) touch(this.#unclaim(old.id, item), change);
      if (now !== undefined) touch(this.#claim(now.id, item), change);
    }
    const fresh = new Set<LocalSlot>();
    for (const [slot, its] of touched) if (this.#rematch(slot, its, listed)) fresh.add(slot);
    return fresh;
  }

  #claim(id: EndpointId, item: Item): LocalSlot {
    const slot = this.#slot(id);
    slot.claimants = [...slot.claimants, item].sort((a, b) => compareUtf8(a.key, b.key));
    return slot;
  }

  #unclaim(id: EndpointId, item: Item): LocalSlot {
    const slot = this.#slot(id);
    slot.claimants = slot.claimants.filter((other) => other !== item);
    return slot;
  }

  #slot(id: EndpointId): LocalSlot {
    const key = endpointKey(id);
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = {
        id,
        claimants: [],
        item: undefined,
        policies: [],
        profiles: [],
        published: undefined,
        isStale: true,
      };
      this.#slots.set(key, slot);
    }
    return slot;
  }

  /** Returns whether every policy was considered, not only those that depend on what changed. */
  #rematch(slot: LocalSlot, changes: readonly ItemChange[], listed: Listed): boolean {
    const item = slot.claimants[0];
    slot.isStale = true;
    if (item === undefined) {
      slot.item = undefined;
      this.#list(slot, [], [], listed);
      return true;
    }
    const own = changes.find((change) => change.item === item);
    // Unless the same object stays the endpoint, what was known of the slot says nothing about it.
    const changed = slot.item === item ? (own === undefined ? NOTHING : own.changed) : undefined;
    slot.item = item;
    const policies =
      changed?.size === 0 ? slot.policies : this.#policies.rematch(item, slot.policies, changed);
    const profiles = item.facts.profiles.map((name) => this.#profiles.node(name));
    this.#list(slot, policies, profiles, listed);
    return changed === undefined;
  }

  #reselect(slot: LocalSlot, item: Item, reselected: ReadonlySet<PolicyEntry>, listed: Listed): void {
    if (reselected.size === 0) return;
    const kept = slot.policies.filter((policy) => !reselected.has(policy));
    const gained = [...reselected].filter((policy) => this.#policies.selects(policy, item));
    if (gained.length === 0 && kept.length === slot.policies.length) return;
    slot.isStale = true;
    this.#list(slot, [...kept, ...gained], slot.profiles, listed);
  }

  /** Take over what an endpoint lists, and count it. */
  #list(
    slot: LocalSlot,
    policies: readonly PolicyEntry[],
    profiles: readonly ProfileNode[],
    listed: Listed,
  ): void {
    count(slot.policies, -1, listed.policies);
    count(policies, 1, listed.policies);
    count(slot.profiles, -1, listed.profiles);
    count(profiles, 1, listed.profiles);
    slot.policies = policies;
    slot.profiles = profiles;
  }

  #endpoint(item: Item, slot: LocalSlot): Endpoint {
    this.#work.endpointsListed++;
    const { nets, profiles, local } = item.facts;
    return {
      state: "active",
      name: local?.interfaceName ?? "",
      profileIds: profiles,
      ipv4Nets: nets.filter((net) => !net.includes(":")),
      ipv6Nets: nets.filter((net) => net.includes(":")),
      tiers: tierList(
        slot.policies.map((policy) => policy.model),
        this.#tiers,
      ),
    };
  }
}

type Listed = { readonly policies: Set<PolicyEntry>; readonly profiles: Set<ProfileNode> };

const NOTHING: ReadonlySet<string> = new Set();

function count<T extends { readonly rules: { users: number } }>(
  things: readonly T[],
  step: 1 | -1,
  touched: Set<T>,
): void {
  for (const thing of things) {
    thing.rules.users += step;
    touched.add(thing);
  }
}

/** One text for one endpoint id; its parts hold no spaces. */
export function endpointKey(id: EndpointId): string {
  return `${id.orchestratorId} ${id.workloadId} ${id.endpointId}`;
}
