import type { EndpointId, Message, PolicyId } from "../../src/policy/messages.ts";
import { policyKey } from "../../src/sync/references.ts";

/** Remembers what messages set up, and says which messages take it away again, in an order that breaks no reference. */
export class UndoneState {
  readonly #policies = new Map<string, PolicyId>();
  readonly #profiles = new Set<string>();
  readonly #sets = new Set<string>();
  readonly #accounts = new Map<string, { readonly namespace: string; readonly name: string }>();
  readonly #namespaces = new Set<string>();

  apply(messages: readonly Message[]): void {
    for (const message of messages) {
      switch (message.kind) {
        case "active_policy_update":
          this.#policies.set(policyKey(message.id), message.id);
          break;
        case "active_profile_update":
          this.#profiles.add(message.name);
          break;
        case "ipset_update":
          this.#sets.add(message.id);
          break;
        case "service_account_update":
          this.#accounts.set(`${message.namespace}/${message.name}`, message);
          break;
        case "namespace_update":
          this.#namespaces.add(message.name);
          break;
        default:
        // The rest takes away, or is the endpoint, which undo() empties whatever it was.
      }
    }
  }

  undo(endpoint: EndpointId): readonly Message[] {
    return [
      {
        kind: "workload_endpoint_update",
        id: endpoint,
        endpoint: { state: "active", name: "", profileIds: [], ipv4Nets: [], ipv6Nets: [], tiers: [] },
      },
      ...[...this.#profiles].map((name): Message => ({ kind: "active_profile_remove", name })),
      ...[...this.#policies.values()].map((id): Message => ({ kind: "active_policy_remove", id })),
      ...[...this.#sets].map((id): Message => ({ kind: "ipset_remove", id })),
      ...[...this.#accounts.values()].map(
        ({ namespace, name }): Message => ({ kind: "service_account_remove", namespace, name }),
      ),
      ...[...this.#namespaces].map((name): Message => ({ kind: "namespace_remove", name })),
    ];
  }
}
