/** Labels that say whose workload something is: only the engine may set them (docs/semantics.md, "Labels"). */
import type { KindContext } from "./kind.ts";

const RESERVED: ReadonlySet<string> = new Set([
  "projectcalico.org/namespace",
  "projectcalico.org/orchestrator",
  "projectcalico.org/serviceaccount",
]);

/** Whether a label is the engine's to set, on network sets and host endpoints as on workloads. */
export function isReservedLabel(name: string): boolean {
  return name.startsWith("pcns.") || name.startsWith("pcsa.") || RESERVED.has(name);
}

/**
 * Warns of labels that an author may write but that never count: honoured, they would put addresses into sets that
 * are meant for other namespaces and identities. On network sets the namespace label is refused outright, as by the API.
 */
export function checkReservedLabels(context: KindContext, on: "network set" | "host endpoint"): void {
  for (const name of context.metadata.labels.keys()) {
    const path = ["metadata", "labels", name];
    if (on === "network set" && name === "projectcalico.org/namespace") {
      context.report("error", path, "reserved_label", `\`${name}\` can't be set on a network set`);
    } else if (isReservedLabel(name)) {
      context.report(
        "warning",
        path,
        "reserved_label",
        `\`${name}\` has no effect on a ${on}: only workloads have it`,
      );
    }
  }
}
