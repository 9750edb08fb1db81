import type { Labels } from "../policy/messages.ts";

/** Labels that only the engine sets (README.md, "Labels"). */
export const NAMESPACE_LABEL = "projectcalico.org/namespace";
export const ORCHESTRATOR_LABEL = "projectcalico.org/orchestrator";
export const SERVICE_ACCOUNT_LABEL = "projectcalico.org/serviceaccount";
/** Every namespace and service account carries its own name under this label. */
export const NAME_LABEL = "projectcalico.org/name";

/** What a namespace's labels are called on what lives in it. */
export const NAMESPACE_PREFIX = "pcns.";
/** What a service account's labels are called on the workloads that use it. */
export const SERVICE_ACCOUNT_PREFIX = "pcsa.";

/** The value of ORCHESTRATOR_LABEL on pods. */
export const KUBERNETES_ORCHESTRATOR = "k8s";

/** A label whose presence on a workload, host endpoint or network set is never the doing of who wrote the object. */
export function isReservedLabel(name: string): boolean {
  return (
    name === NAMESPACE_LABEL ||
    name === ORCHESTRATOR_LABEL ||
    name === SERVICE_ACCOUNT_LABEL ||
    name.startsWith(NAMESPACE_PREFIX) ||
    name.startsWith(SERVICE_ACCOUNT_PREFIX)
  );
}

/** A namespace's or service account's labels as the profile made of it applies them: prefixed, with the name added. */
export function inheritedLabels(prefix: string, name: string, labels: Labels): Labels {
  const inherited = new Map<string, string>();
  for (const [key, value] of labels) inherited.set(prefix + key, value);
  inherited.set(prefix + NAME_LABEL, name);
  return inherited;
}

/** The inverse of the prefixing: one leading prefix removed from each name, names without it kept as they are. */
export function withoutPrefix(prefix: string, labels: Labels): Labels {
  const stripped = new Map<string, string>();
  for (const [key, value] of labels) {
    stripped.set(key.startsWith(prefix) ? key.slice(prefix.length) : key, value);
  }
  return stripped;
}

/** The names whose value differs between two label sets, either way. */
export function changedNames(before: Labels, after: Labels): Set<string> {
  const changed = new Set<string>();
  if (before === after) return changed;
  for (const [name, value] of before) if (after.get(name) !== value) changed.add(name);
  for (const name of after.keys()) if (!before.has(name)) changed.add(name);
  return changed;
}
