/**
 * A consumer of messages that believes nothing: it keeps the sum of what it was told, and throws as soon as a
 * message breaks the order that consumers rely on.
 */
import assert from "node:assert/strict";
import type { Endpoint, EndpointId, Message, Policy, PolicyId, Profile } from "../../src/policy/messages.ts";
import { referencedSets } from "../../src/sync/references.ts";

export type FoldedSet = { type: string; incomplete: boolean; members: Set<string> };

export class Folded {
  readonly sets: Map<string, FoldedSet> = new Map();
  readonly policies: Map<string, Policy> = new Map();
  readonly profiles: Map<string, Profile> = new Map();
  readonly endpoints: Map<string, Endpoint> = new Map();
  readonly serviceAccounts: Map<string, ReadonlyMap<string, string>> = new Map();
  readonly namespaces: Map<string, ReadonlyMap<string, string>> = new Map();
  isInSync = false;

  apply(messages: readonly Message[]): this {
    let stage = 0;
    for (const message of messages) {
      const next = STAGES.indexOf(message.kind);
      assert.ok(next >= stage, `${message.kind} after ${STAGES[stage]}`);
      stage = next;
      this.#applyOne(message);
    }
    return this;
  }

  policy(kind: string, path: string): Policy {
    const found = this.policies.get(`${kind} ${path}`);
    assert.ok(found, `policy ${kind} ${path}`);
    return found;
  }

  /** The members of a set, sorted. */
  members(id: string | undefined): string[] {
    const set = this.sets.get(id ?? "");
    assert.ok(set, `set ${id}`);
    return [...set.members].sort();
  }

  /** The only endpoint. */
  get endpoint(): Endpoint {
    assert.equal(this.endpoints.size, 1);
    const [endpoint] = this.endpoints.values();
    assert.ok(endpoint);
    return endpoint;
  }

  /** Everything in comparable form: no order where order means nothing. */
  state(): unknown {
    const sorted = <V>(map: ReadonlyMap<string, V>): [string, V][] =>
      [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      sets: sorted(this.sets).map(([id, set]) => [id, set.type, set.incomplete, [...set.members].sort()]),
      policies: sorted(this.policies),
      profiles: sorted(this.profiles),
      endpoints: sorted(this.endpoints),
      serviceAccounts: sorted(this.serviceAccounts).map(([key, labels]) => [key, sorted(labels)]),
      namespaces: sorted(this.namespaces).map(([key, labels]) => [key, sorted(labels)]),
    };
  }

  #applyOne(message: Message): void {
    switch (message.kind) {
      case "ipset_update": {
        assert.ok(!this.sets.has(message.id), "a set is sent in full once");
        const members = new Set(message.members);
        assert.equal(members.size, message.members.length, "no member twice");
        this.sets.set(message.id, { type: message.type, incomplete: message.incomplete, members });
        return;
      }
      case "ipset_delta_update": {
        const set = this.sets.get(message.id);
        assert.ok(set, "a delta is for a set that was sent");
        assert.ok(message.addedMembers.length + message.removedMembers.length > 0, "a delta says something");
        for (const member of message.addedMembers) {
          assert.ok(!set.members.has(member), `${member} is added once`);
          set.members.add(member);
        }
        for (const member of message.removedMembers) {
          assert.ok(set.members.delete(member), `${member} is removed after it was added`);
        }
        return;
      }
      case "ipset_remove":
        assert.ok(this.sets.delete(message.id), "a removed set was sent");
        for (const holder of [...this.policies.values(), ...this.profiles.values()]) {
          assert.ok(!referencedSets(holder).includes(message.id), "a removed set is not referred to");
        }
        return;
      case "active_policy_update":
        for (const id of referencedSets(message.policy)) assert.ok(this.sets.has(id), `set ${id} was sent`);
        assert.notDeepEqual(
          this.policies.get(policyText(message.id)),
          message.policy,
          "an update changes something",
        );
        this.policies.set(policyText(message.id), message.policy);
        return;
      case "active_policy_remove":
        assert.ok(this.policies.delete(policyText(message.id)), "a removed policy was sent");
        for (const endpoint of this.endpoints.values()) {
          assert.ok(!policiesOf(endpoint).includes(policyText(message.id)), "a removed policy is not listed");
        }
        return;
      case "active_profile_update":
        for (const id of referencedSets(message.profile)) assert.ok(this.sets.has(id), `set ${id} was sent`);
        assert.notDeepEqual(this.profiles.get(message.name), message.profile, "an update changes something");
        this.profiles.set(message.name, message.profile);
        return;
      case "active_profile_remove":
        assert.ok(this.profiles.delete(message.name), "a removed profile was sent");
        for (const endpoint of this.endpoints.values()) {
          assert.ok(!endpoint.profileIds.includes(message.name), "a removed profile is not listed");
        }
        return;
      case "workload_endpoint_update":
        for (const text of policiesOf(message.endpoint))
          assert.ok(this.policies.has(text), `${text} was sent`);
        for (const name of message.endpoint.profileIds) {
          assert.ok(this.profiles.has(name), `profile ${name} was sent`);
        }
        assert.notDeepEqual(
          this.endpoints.get(endpointText(message.id)),
          message.endpoint,
          "changes something",
        );
        this.endpoints.set(endpointText(message.id), message.endpoint);
        return;
      case "workload_endpoint_remove":
        assert.ok(this.endpoints.delete(endpointText(message.id)), "a removed endpoint was sent");
        return;
      case "service_account_update": {
        const key = `${message.namespace}/${message.name}`;
        assert.notDeepEqual(this.serviceAccounts.get(key), message.labels, "an update changes something");
        this.serviceAccounts.set(key, message.labels);
        return;
      }
      case "service_account_remove":
        assert.ok(this.serviceAccounts.delete(`${message.namespace}/${message.name}`), "it was sent");
        return;
      case "namespace_update":
        assert.notDeepEqual(this.namespaces.get(message.name), message.labels, "an update changes something");
        this.namespaces.set(message.name, message.labels);
        return;
      case "namespace_remove":
        assert.ok(this.namespaces.delete(message.name), "a removed namespace was sent");
        return;
      case "in_sync":
        assert.ok(!this.isInSync, "in_sync comes once");
        this.isInSync = true;
    }
  }
}

/** The order of a flush. */
const STAGES: readonly Message["kind"][] = [
  "ipset_update",
  "ipset_delta_update",
  "active_policy_update",
  "active_profile_update",
  "workload_endpoint_update",
  "workload_endpoint_remove",
  "active_profile_remove",
  "active_policy_remove",
  "ipset_remove",
  "service_account_remove",
  "service_account_update",
  "namespace_remove",
  "namespace_update",
  "in_sync",
];

export function policyText(id: PolicyId): string {
  return id.namespace === "" ? `${id.kind} ${id.name}` : `${id.kind} ${id.namespace}/${id.name}`;
}

function endpointText(id: EndpointId): string {
  return `${id.orchestratorId} ${id.workloadId} ${id.endpointId}`;
}

function policiesOf(endpoint: Endpoint): string[] {
  return endpoint.tiers.flatMap((tier) => [...tier.ingressPolicies, ...tier.egressPolicies]).map(policyText);
}
