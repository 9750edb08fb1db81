import type { Issue } from "../base/issue.ts";
import type { Steps } from "../base/steps.ts";
import { applyDelta, countMembers, createIpSet, type IpSet } from "./ip-set.ts";
import { LabelChanges, LabelsTable } from "./labels-table.ts";
import type {
  Endpoint,
  EndpointId,
  IpSetUpdate,
  Labels,
  Message,
  Policy,
  PolicyId,
  Profile,
  Rule,
} from "./messages.ts";

/** Everything received so far, object by object, for one endpoint. Mutable; what it holds is not. */
export class EndpointState {
  inSync: boolean = false;
  /** Undefined: none was received, or it was removed. */
  endpoint: { readonly id: EndpointId; readonly endpoint: Endpoint } | undefined;
  /** By policyKey(). */
  readonly policies: Map<string, Policy> = new Map();
  readonly profiles: Map<string, Profile> = new Map();
  readonly sets: Map<string, IpSet> = new Map();
  /** Of all sets together. */
  memberCount: number = 0;
  /** As of the last finishBatch(). */
  labels: LabelsTable = LabelsTable.empty;
  #labelChanges = new LabelChanges();

  /** What a message says is in the state when its steps are done. @returns what was wrong with the message. */
  *apply(message: Message): Steps<readonly Issue[]> {
    switch (message.kind) {
      case "in_sync":
        this.inSync = true;
        return [];
      case "ipset_update":
        return yield* this.#updateSet(message);
      case "ipset_delta_update":
        return yield* this.#changeSet(message);
      case "ipset_remove":
        return this.#setSet(message.id, undefined) ? [] : [unknownRemoval(`IP set ${message.id}`)];
      case "active_policy_update":
        this.policies.set(policyKey(message.id), message.policy);
        return this.#missingSets(formatPolicyId(message.id), message.policy.inboundRules);
      case "active_policy_remove":
        return removeFrom(this.policies, policyKey(message.id), formatPolicyId(message.id));
      case "active_profile_update":
        this.profiles.set(message.name, message.profile);
        return this.#missingSets(`Profile ${message.name}`, message.profile.inboundRules);
      case "active_profile_remove":
        return removeFrom(this.profiles, message.name, `Profile ${message.name}`);
      case "workload_endpoint_update":
        this.endpoint = { id: message.id, endpoint: message.endpoint };
        return this.#missingObjects(message.id, message.endpoint);
      case "workload_endpoint_remove":
        return this.#removeEndpoint(message.id);
      case "service_account_update":
        return this.#setAccount(message.namespace, message.name, message.labels);
      case "service_account_remove":
        return this.#setAccount(message.namespace, message.name, undefined);
      case "namespace_update":
        this.#labelChanges.namespaces.set(message.name, message.labels);
        return [];
      case "namespace_remove":
        this.#labelChanges.namespaces.set(message.name, undefined);
        return [];
    }
  }

  /** Makes the changes of labels visible, all at once. */
  finishBatch(): void {
    if (this.#labelChanges.isEmpty) return;
    this.labels = this.labels.withChanges(this.#labelChanges);
    this.#labelChanges = new LabelChanges();
  }

  *#updateSet(update: IpSetUpdate): Steps<readonly Issue[]> {
    const { set, issues } = yield* createIpSet(update);
    this.#setSet(update.id, set);
    return issues;
  }

  *#changeSet(delta: Extract<Message, { kind: "ipset_delta_update" }>): Steps<readonly Issue[]> {
    const set = this.sets.get(delta.id);
    if (set === undefined) {
      return [
        createIssue(
          `IP set ${delta.id}`,
          "is changed by a delta but was never received: it counts as missing",
        ),
      ];
    }
    const changed = yield* applyDelta(set, delta);
    this.#setSet(delta.id, changed.set);
    return changed.issues;
  }

  /** @returns whether there was one before. */
  #setSet(id: string, set: IpSet | undefined): boolean {
    const previous = this.sets.get(id);
    if (previous !== undefined) this.memberCount -= countMembers(previous);
    if (set === undefined) {
      this.sets.delete(id);
    } else {
      this.memberCount += countMembers(set);
      this.sets.set(id, set);
    }
    return previous !== undefined;
  }

  #setAccount(namespace: string, name: string, labels: Labels | undefined): readonly Issue[] {
    this.#labelChanges.setServiceAccount(namespace, name, labels);
    return [];
  }

  #removeEndpoint(id: EndpointId): readonly Issue[] {
    const current = this.endpoint?.id;
    const isCurrent =
      current?.orchestratorId === id.orchestratorId &&
      current.workloadId === id.workloadId &&
      current.endpointId === id.endpointId;
    if (!isCurrent) return [unknownRemoval(formatEndpointId(id))];
    this.endpoint = undefined;
    return [];
  }

  #missingSets(where: string, rules: readonly Rule[]): readonly Issue[] {
    const missing = new Set<string>();
    for (const { source, destination } of rules) {
      for (const side of [source, destination]) {
        const ids = [
          side.ipSetIds,
          side.notIpSetIds,
          side.namedPortIpSetIds,
          side.notNamedPortIpSetIds,
          side.ipPortSetIds,
        ];
        for (const id of ids.flat()) if (!this.sets.has(id)) missing.add(id);
      }
    }
    return [...missing].map((id) =>
      createIssue(where, `names IP set \`${id}\`, which was not received: it counts as missing`),
    );
  }

  #missingObjects(id: EndpointId, endpoint: Endpoint): readonly Issue[] {
    const where = formatEndpointId(id);
    const policies = endpoint.tiers
      .flatMap((tier) => tier.ingressPolicies)
      .filter((policy) => !this.policies.has(policyKey(policy)));
    const profiles = endpoint.profileIds.filter((name) => !this.profiles.has(name));
    return [...policies.map(formatPolicyId), ...profiles.map((name) => `Profile ${name}`)].map((label) =>
      createIssue(where, `lists ${label}, which was not received: it denies what reaches it`),
    );
  }
}

/** Separates the parts by a char that no name may hold, so that two ids never share a key. */
export function policyKey(id: PolicyId): string {
  return `${id.kind}\0${id.namespace}\0${id.name}`;
}

/** `NetworkPolicy shop/api`, `GlobalNetworkPolicy block`. */
export function formatPolicyId(id: PolicyId): string {
  return id.namespace === "" ? `${id.kind} ${id.name}` : `${id.kind} ${id.namespace}/${id.name}`;
}

function formatEndpointId(id: EndpointId): string {
  return `endpoint ${id.workloadId === "" ? id.endpointId : id.workloadId}`;
}

function removeFrom(objects: Map<string, unknown>, key: string, where: string): readonly Issue[] {
  return objects.delete(key) ? [] : [unknownRemoval(where)];
}

function unknownRemoval(where: string): Issue {
  return {
    severity: "warning",
    code: "bad_message",
    where,
    message: "is removed but was never received",
  };
}

function createIssue(where: string, message: string): Issue {
  return { severity: "error", code: "bad_order", where, message };
}
