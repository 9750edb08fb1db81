import type { NamedPort } from "../datastore/resources.ts";
import type { EndpointId, Labels } from "../policy/messages.ts";
import type { IpSet } from "./ip-set.ts";
import {
  changedNames,
  isReservedLabel,
  NAMESPACE_LABEL,
  NAMESPACE_PREFIX,
  ORCHESTRATOR_LABEL,
  SERVICE_ACCOUNT_LABEL,
  SERVICE_ACCOUNT_PREFIX,
} from "./labels.ts";
import type { LabelSource } from "./selector-index.ts";

/** What the calculation keeps of a pod, workload endpoint, host endpoint or network set. Immutable. */
export type ItemFacts = {
  /**
   * The object's labels, shared with the resource and not copied: there is one such map per pod. Reserved names in it
   * are not read (`isReservedLabel`); the engine's own three are the next fields.
   */
  readonly stored: Labels;
  readonly namespaceLabel: string | undefined;
  readonly orchestratorLabel: string | undefined;
  readonly serviceAccountLabel: string | undefined;
  /** Names of the profiles it inherits labels from, in order of precedence. */
  readonly profiles: readonly string[];
  /** Member texts for NET sets: always with a prefix length. */
  readonly nets: readonly string[];
  /** Empty for network sets, which have no ports to name. */
  readonly ports: readonly NamedPort[];
  /** Present where the item is one of the endpoints that policy is calculated for. */
  readonly local: LocalFacts | undefined;
};

export type LocalFacts = {
  readonly id: EndpointId;
  /** Which of the requested endpoints it is (`localText`). */
  readonly requested: string;
  readonly interfaceName: string;
};

/** What an item inherits labels from: a profile as it was last processed. */
export type LabelParent = { readonly labels: Labels };

/** Shared by all that are in no set, which are most items. */
const NO_SETS: readonly never[] = [];

/** Something with labels that selectors choose. Own labels hide inherited ones; earlier profiles hide later ones. */
export class Item implements LabelSource {
  /** `Pod shop/api-0`. */
  readonly key: string;
  facts: ItemFacts;
  /** One for each name in `facts.profiles`. */
  parents: readonly LabelParent[];
  /** The IP sets whose selector matches. Maintained by IpSets alone. */
  sets: readonly IpSet[] = NO_SETS;

  constructor(key: string, facts: ItemFacts, parents: readonly LabelParent[]) {
    this.key = key;
    this.facts = facts;
    this.parents = parents;
  }

  get(name: string): string | undefined {
    const own = ownLabel(this.facts, name);
    if (own !== undefined) return own;
    for (const profile of this.parents) {
      const inherited = profile.labels.get(name);
      if (inherited !== undefined) return inherited;
    }
    return undefined;
  }

  forEachLabel(visit: (name: string, value: string) => void): void {
    forEachOwnLabel(this.facts, visit);
    for (const profile of this.parents) for (const [name, value] of profile.labels) visit(name, value);
  }
}

/** The value of an item's own label, as far as own labels count. */
export function ownLabel(facts: ItemFacts, name: string): string | undefined {
  switch (name) {
    case NAMESPACE_LABEL:
      return facts.namespaceLabel;
    case ORCHESTRATOR_LABEL:
      return facts.orchestratorLabel;
    case SERVICE_ACCOUNT_LABEL:
      return facts.serviceAccountLabel;
  }
  if (name.startsWith(NAMESPACE_PREFIX) || name.startsWith(SERVICE_ACCOUNT_PREFIX)) return undefined;
  return facts.stored.get(name);
}

/** Visit the own labels that count, each name once. */
export function forEachOwnLabel(facts: ItemFacts, visit: (name: string, value: string) => void): void {
  for (const [name, value] of facts.stored) if (!isReservedLabel(name)) visit(name, value);
  if (facts.namespaceLabel !== undefined) visit(NAMESPACE_LABEL, facts.namespaceLabel);
  if (facts.orchestratorLabel !== undefined) visit(ORCHESTRATOR_LABEL, facts.orchestratorLabel);
  if (facts.serviceAccountLabel !== undefined) visit(SERVICE_ACCOUNT_LABEL, facts.serviceAccountLabel);
}

/**
 * The label names that two versions of an item may differ in; `undefined` if in any, because it inherits from other
 * profiles than before.
 */
export function changedOwnNames(before: ItemFacts, after: ItemFacts): Set<string> | undefined {
  if (!sameTexts(before.profiles, after.profiles)) return undefined;
  const changed = changedNames(before.stored, after.stored);
  if (before.namespaceLabel !== after.namespaceLabel) changed.add(NAMESPACE_LABEL);
  if (before.orchestratorLabel !== after.orchestratorLabel) changed.add(ORCHESTRATOR_LABEL);
  if (before.serviceAccountLabel !== after.serviceAccountLabel) changed.add(SERVICE_ACCOUNT_LABEL);
  return changed;
}

/** Whether two versions of an item give every set the same members. */
export function sameContributions(a: ItemFacts, b: ItemFacts): boolean {
  return sameTexts(a.nets, b.nets) && samePorts(a.ports, b.ports);
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}

function samePorts(a: readonly NamedPort[], b: readonly NamedPort[]): boolean {
  return (
    a.length === b.length &&
    a.every((port, index) => {
      const other = b[index];
      return port.name === other?.name && port.protocol === other.protocol && port.port === other.port;
    })
  );
}
