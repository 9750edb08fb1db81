import type { Namespace, Profile, ResourceKey, ServiceAccount } from "../datastore/resources.ts";
import type { RequiredLabel } from "../selector/match-selector.ts";
import type { Item } from "./item.ts";
import { LabelIndex } from "./label-index.ts";
import { changedNames } from "./labels.ts";
import {
  DEFAULT_ALLOW,
  DEFAULT_ALLOW_PROFILE,
  madeProfile,
  namespaceProfile,
  type ProfileDefinition,
  serviceAccountProfile,
  writtenProfile,
} from "./profile-definition.ts";
import { ProfileNode } from "./profile-node.ts";
import { isSameValue } from "./same-value.ts";

/** Profiles by name: what they apply to the items that list them. Namespaces and service accounts are profiles too. */
export class ProfileTable {
  readonly #nodes = new Map<string, ProfileNode>();
  readonly #dirty = new Set<ProfileNode>();
  readonly #index = new LabelIndex<ProfileNode>();

  constructor() {
    const builtIn = this.node(DEFAULT_ALLOW_PROFILE);
    builtIn.made = DEFAULT_ALLOW;
    this.#dirty.add(builtIn);
  }

  putMade(resource: Namespace | ServiceAccount): void {
    const { name, definition } = madeProfile(resource);
    const node = this.node(name);
    node.made = definition;
    this.#dirty.add(node);
  }

  deleteMade(key: ResourceKey): void {
    const name =
      key.kind === "Namespace" ? namespaceProfile(key.name) : serviceAccountProfile(key.namespace, key.name);
    const node = this.node(name);
    node.made = undefined;
    this.#dirty.add(node);
  }

  putWritten(name: string, profile: Profile | undefined): void {
    const node = this.node(name);
    node.written = profile === undefined ? undefined : writtenProfile(profile);
    this.#dirty.add(node);
  }

  /** The profile of that name, made on first mention. */
  node(name: string): ProfileNode {
    let node = this.#nodes.get(name);
    if (node === undefined) {
      node = new ProfileNode(name);
      this.#nodes.set(name, node);
    }
    return node;
  }

  /** The profile of that name, if anything refers to it. */
  find(name: string): ProfileNode | undefined {
    return this.#nodes.get(name);
  }

  all(): Iterable<ProfileNode> {
    return this.#nodes.values();
  }

  /** Let an item inherit from the profiles it lists. */
  adopt(item: Item, names: readonly string[]): readonly ProfileNode[] {
    return names.map((name) => {
      const node = this.node(name);
      node.children.add(item);
      return node;
    });
  }

  disown(item: Item, names: readonly string[]): void {
    for (const name of names) {
      const node = this.#nodes.get(name);
      node?.children.delete(item);
      if (node !== undefined) this.dropIfUnused(node);
    }
  }

  /** Forget a node that nothing refers to any more, unless it was forgotten before and has a successor. */
  dropIfUnused(node: ProfileNode): void {
    const isCurrent = this.#nodes.get(node.name) === node;
    if (isCurrent && node.isUnused && !this.#dirty.has(node)) this.#nodes.delete(node.name);
  }

  demand(label: string): void {
    this.#index.demand(label, this.#nodes.values(), (node) => node.labels.get(label));
  }

  release(label: string): void {
    this.#index.release(label);
  }

  /** The groups of profiles that apply a label as the term asks. */
  groups(term: RequiredLabel): Iterable<ReadonlySet<ProfileNode>> {
    return this.#index.groups(term);
  }

  /**
   * Bring profiles up to date with what was put.
   *
   * @param isMentioned whether any selector can depend on a label of this name; others concern no item.
   * @returns the profiles that changed, and for the items that inherit a changed label its name.
   */
  process(isMentioned: (name: string) => boolean): {
    readonly changed: readonly ProfileNode[];
    readonly inherited: ReadonlyMap<Item, ReadonlySet<string>>;
  } {
    const changed = [...this.#dirty];
    this.#dirty.clear();
    const inherited = new Map<Item, Set<string>>();
    for (const node of changed) {
      const names = this.#redefine(node);
      for (const name of names) if (!isMentioned(name)) names.delete(name);
      if (names.size === 0) continue;
      for (const item of node.children) {
        const known = inherited.get(item);
        if (known === undefined) inherited.set(item, new Set(names));
        else for (const name of names) known.add(name);
      }
    }
    return { changed, inherited };
  }

  /** Take over the new definition; returns the names of the labels that changed. */
  #redefine(node: ProfileNode): Set<string> {
    const definition = node.made ?? node.written;
    const labels = definition?.labels ?? new Map<string, string>();
    const names = changedNames(node.labels, labels);
    for (const name of names) {
      const before = node.labels.get(name);
      if (before !== undefined) this.#index.delete(node, name, before);
      const after = labels.get(name);
      if (after !== undefined) this.#index.add(node, name, after);
    }
    if (names.size > 0) node.labels = labels;
    if (!hasSameRules(node.definition, definition)) node.rules.stale = true;
    node.definition = definition;
    return names;
  }
}

function hasSameRules(a: ProfileDefinition | undefined, b: ProfileDefinition | undefined): boolean {
  return (
    isSameValue(a?.ingress, b?.ingress) && isSameValue(a?.egress, b?.egress) && a?.unusable === b?.unusable
  );
}
