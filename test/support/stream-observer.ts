import assert from "node:assert/strict";
import type { Endpoint, Message, Policy, Profile } from "../../src/policy/messages.ts";
import type { Sink } from "../../src/sync/fan-out.ts";
import { listedPolicies, policyKey, referencedSets } from "../../src/sync/references.ts";

/** What a client knows, in a form that `deepEqual` compares. */
export type StreamState = {
  endpoint: Endpoint | undefined;
  policies: Record<string, Policy>;
  profiles: Record<string, Profile>;
  sets: Record<string, string[]>;
  labels: Record<string, Record<string, string>>;
};

/** A client that checks, message by message, every guarantee it may rely on. */
export class StreamObserver implements Sink {
  readonly messages: Message[] = [];
  readonly refusals: string[] = [];
  ended = false;
  readonly #policies = new Map<string, Policy>();
  readonly #profiles = new Map<string, Profile>();
  readonly #sets = new Map<string, Set<string>>();
  readonly #labels = new Map<string, Record<string, string>>();
  #endpoint: Endpoint | undefined;
  #inSyncSeen = false;

  send(message: Message): void {
    assert.equal(this.ended, false, "nothing follows the end of a stream");
    this.messages.push(message);
    this.#apply(message);
  }

  endChange(): void {}

  end(): void {
    this.ended = true;
  }

  refused(feature: string): void {
    this.refusals.push(feature);
  }

  state(): StreamState {
    return {
      endpoint: this.#endpoint,
      policies: sorted(this.#policies),
      profiles: sorted(this.#profiles),
      sets: sorted(new Map([...this.#sets].map(([id, members]) => [id, [...members].sort()]))),
      labels: sorted(this.#labels),
    };
  }

  #apply(message: Message): void {
    switch (message.kind) {
      case "in_sync":
        assert.equal(this.#inSyncSeen, false, "InSync comes once");
        this.#inSyncSeen = true;
        return;
      case "ipset_update":
        this.#sets.set(message.id, new Set(message.members));
        return;
      case "ipset_delta_update": {
        const set = this.#sets.get(message.id);
        assert.ok(set, "no delta precedes its full update");
        for (const member of message.addedMembers) set.add(member);
        for (const member of message.removedMembers) set.delete(member);
        return;
      }
      case "ipset_remove":
        assert.ok(this.#sets.delete(message.id), "only what was sent is removed");
        for (const object of [...this.#policies.values(), ...this.#profiles.values()]) {
          assert.equal(
            referencedSets(object).includes(message.id),
            false,
            "no set is removed while it is named",
          );
        }
        return;
      case "active_policy_update":
        this.#hasSets(message.policy);
        this.#policies.set(policyKey(message.id), message.policy);
        return;
      case "active_policy_remove":
        assert.ok(this.#policies.delete(policyKey(message.id)), "only what was sent is removed");
        assert.equal(
          listedPolicies(this.#endpoint?.tiers ?? []).some((id) => policyKey(id) === policyKey(message.id)),
          false,
          "no policy is removed while it is listed",
        );
        return;
      case "active_profile_update":
        this.#hasSets(message.profile);
        this.#profiles.set(message.name, message.profile);
        return;
      case "active_profile_remove":
        assert.ok(this.#profiles.delete(message.name), "only what was sent is removed");
        assert.equal(
          this.#endpoint?.profileIds.includes(message.name),
          false,
          "no profile is removed while listed",
        );
        return;
      case "workload_endpoint_update":
        for (const id of listedPolicies(message.endpoint.tiers)) {
          assert.ok(this.#policies.has(policyKey(id)), "every listed policy was sent before");
        }
        for (const name of message.endpoint.profileIds) {
          assert.ok(this.#profiles.has(name), "every listed profile was sent before");
        }
        this.#endpoint = message.endpoint;
        return;
      case "workload_endpoint_remove":
        this.#endpoint = undefined;
        return;
      case "service_account_update":
        this.#labels.set(`sa ${message.namespace}/${message.name}`, Object.fromEntries(message.labels));
        return;
      case "service_account_remove":
        this.#labels.delete(`sa ${message.namespace}/${message.name}`);
        return;
      case "namespace_update":
        this.#labels.set(`ns ${message.name}`, Object.fromEntries(message.labels));
        return;
      case "namespace_remove":
        this.#labels.delete(`ns ${message.name}`);
        return;
    }
  }

  #hasSets(object: Policy | Profile): void {
    for (const id of referencedSets(object)) assert.ok(this.#sets.has(id), "every named set was sent before");
  }
}

/** Keys in one order, so that two states compare however they came about. */
export function sorted<T>(map: ReadonlyMap<string, T>): Record<string, T> {
  return Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}
