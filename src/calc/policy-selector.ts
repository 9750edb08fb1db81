import type { ClusterNetworkPolicy, EntityRule, PolicySpec } from "../datastore/resources.ts";
import {
  ALL,
  and,
  equals,
  GLOBAL,
  has,
  isIn,
  not,
  prefixLabels,
  replaceAllAndGlobal,
  type Selector,
} from "../selector/selector.ts";
import {
  KUBERNETES_ORCHESTRATOR,
  NAMESPACE_LABEL,
  NAMESPACE_PREFIX,
  ORCHESTRATOR_LABEL,
  SERVICE_ACCOUNT_LABEL,
  SERVICE_ACCOUNT_PREFIX,
} from "./labels.ts";

/*
 * How scoping turns the author's selectors into the ones that are matched (README.md, "Scope").
 * Always on trees: a part can neither escape its place nor be dropped.
 */

type PolicyScope = Pick<PolicySpec, "selector" | "namespaceSelector" | "serviceAccountSelector">;

/** A policy in a namespace chooses only from it. */
export function namespacedPolicySelector(namespace: string, scope: PolicyScope): Selector {
  return all([
    scope.selector,
    equals(NAMESPACE_LABEL, namespace),
    scope.serviceAccountSelector && prefixLabels(scope.serviceAccountSelector, SERVICE_ACCOUNT_PREFIX),
  ]);
}

/** A cluster-wide policy chooses from everything, unless it names namespaces or service accounts. */
export function globalPolicySelector(scope: PolicyScope): Selector {
  const { selector, namespaceSelector, serviceAccountSelector } = scope;
  const scoped = narrowed(selector, namespaceSelector, NAMESPACE_PREFIX, NAMESPACE_LABEL);
  return narrowed(scoped, serviceAccountSelector, SERVICE_ACCOUNT_PREFIX, SERVICE_ACCOUNT_LABEL) ?? ALL;
}

/** A Kubernetes policy chooses pods of its namespace. */
export function kubernetesPolicySelector(namespace: string, podSelector: Selector): Selector {
  return and(pods(podSelector), equals(NAMESPACE_LABEL, namespace));
}

export function clusterPolicySelector(subject: ClusterNetworkPolicy["subject"]): Selector {
  return globalPolicySelector({
    selector: pods(subject.kind === "pods" ? subject.podSelector : ALL),
    namespaceSelector: subject.namespaceSelector,
    serviceAccountSelector: undefined,
  });
}

/** A Kubernetes pod selector means pods only, so that it chooses no host endpoint or network set. */
export function pods(podSelector: Selector): Selector {
  const isPod = equals(ORCHESTRATOR_LABEL, KUBERNETES_ORCHESTRATOR);
  return podSelector.op === "all" ? isPod : and(isPod, podSelector);
}

/** What one side of a rule asks of the labels behind an address. */
export type PeerSelectors = {
  /** `undefined`: nothing. */
  readonly positive: Selector | undefined;
  /** What the address must not be; `undefined` where there is none or `positive` includes it. */
  readonly negative: Selector | undefined;
};

/** @param namespace the policy's own; empty for a cluster-wide policy or a profile. */
export function peerSelectors(entity: EntityRule, namespace: string): PeerSelectors {
  const { selector, notSelector, namespaceSelector } = entity;
  const chosen = both(serviceAccountSelector(entity.serviceAccounts), selector);
  const scope = peerNamespace(namespaceSelector, namespace);
  const isScoped = chosen !== undefined || notSelector !== undefined || namespaceSelector !== undefined;
  const positive = isScoped ? both(scope, chosen) : chosen;
  if (positive === undefined || notSelector === undefined) return { positive, negative: notSelector };
  return { positive: and(positive, not(notSelector)), negative: undefined };
}

function peerNamespace(namespaceSelector: Selector | undefined, namespace: string): Selector | undefined {
  if (namespaceSelector !== undefined) {
    const hasNamespace = has(NAMESPACE_LABEL);
    const prefixed = prefixLabels(namespaceSelector, NAMESPACE_PREFIX);
    return replaceAllAndGlobal(prefixed, hasNamespace, not(hasNamespace));
  }
  return namespace === "" ? undefined : equals(NAMESPACE_LABEL, namespace);
}

function serviceAccountSelector(match: EntityRule["serviceAccounts"]): Selector | undefined {
  if (match === undefined) return undefined;
  const byLabels = match.selector && prefixLabels(match.selector, SERVICE_ACCOUNT_PREFIX);
  const byName = match.names.length === 0 ? undefined : isIn(SERVICE_ACCOUNT_LABEL, match.names);
  return both(byLabels, byName);
}

/**
 * Join a selector with one on the labels that are inherited under `prefix`. As soon as there is one, all() means
 * whatever has something to inherit from (`presence`), in the joined selector as a whole.
 */
function narrowed(
  selector: Selector | undefined,
  by: Selector | undefined,
  prefix: string,
  presence: string,
): Selector | undefined {
  if (by === undefined) return selector;
  const joined = both(selector, prefixLabels(by, prefix)) ?? ALL;
  return replaceAllAndGlobal(joined, has(presence), GLOBAL);
}

function both(first: Selector | undefined, second: Selector | undefined): Selector | undefined {
  if (first === undefined) return second;
  return second === undefined ? first : and(first, second);
}

function all(parts: readonly (Selector | undefined)[]): Selector {
  return parts.reduce(both, undefined) ?? ALL;
}
