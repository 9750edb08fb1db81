import {
  ANY_ENTITY,
  type EndpointId,
  type Message,
  type Policy,
  type PolicyId,
  type Profile,
  type Rule,
} from "../../src/policy/messages.ts";
import { policyKey, referencedSets } from "../../src/sync/references.ts";
import { type StreamState, sorted } from "./stream-observer.ts";

export function endpointId(name: string): EndpointId {
  return { orchestratorId: "k8s", workloadId: `prod/${name}`, endpointId: "eth0" };
}

function allowFrom(setId: string): Rule {
  return {
    action: "allow",
    ipVersion: undefined,
    protocol: undefined,
    notProtocol: undefined,
    icmp: undefined,
    notIcmp: undefined,
    source: { ...ANY_ENTITY, ipSetIds: [setId] },
    destination: ANY_ENTITY,
    http: undefined,
    annotations: new Map(),
    ruleId: "",
  };
}

export function policyMessage(
  name: string,
  setIds: readonly string[],
  unusable = "",
): Extract<Message, { kind: "active_policy_update" }> {
  return {
    kind: "active_policy_update",
    id: { kind: "GlobalNetworkPolicy", namespace: "", name },
    policy: {
      namespace: "",
      tier: "default",
      inboundRules: setIds.map(allowFrom),
      outboundRules: [],
      untracked: false,
      preDnat: false,
      originalSelector: "all()",
      perfHints: [],
      unusable,
    },
  };
}

export function profileMessage(
  name: string,
  setIds: readonly string[],
): Extract<Message, { kind: "active_profile_update" }> {
  return {
    kind: "active_profile_update",
    name,
    profile: { inboundRules: [], outboundRules: setIds.map(allowFrom), unusable: "" },
  };
}

export function setMessage(
  id: string,
  members: readonly string[],
  incomplete = false,
): Extract<Message, { kind: "ipset_update" }> {
  return { kind: "ipset_update", id, type: "NET", members, incomplete };
}

type World = {
  readonly endpoints: Map<string, { id: EndpointId; policies: string[]; profiles: string[] }>;
  /** Policy name to the sets it names. */
  readonly policies: Map<string, string[]>;
  readonly profiles: Map<string, string[]>;
  readonly members: Map<string, Set<string>>;
  readonly namespaces: Map<string, string>;
};

/**
 * A calculation graph in miniature: random changes of a small node, each told in the order in which a flush tells it.
 *
 * Active is what an endpoint lists; a set exists while an active object names it.
 */
export class NodeHistory {
  readonly #world: World = {
    endpoints: new Map(),
    policies: new Map([0, 1, 2, 3].map((n) => [`p${n}`, []])),
    profiles: new Map([0, 1].map((n) => [`kns.n${n}`, []])),
    members: new Map([0, 1, 2, 3, 4].map((n) => [`s:${n}`, new Set<string>()])),
    namespaces: new Map(),
  };
  #told: Told = {
    policies: new Map(),
    profiles: new Map(),
    sets: new Map(),
    endpoints: new Map(),
    namespaces: new Map(),
  };
  #inSync = false;

  /** One to three changes and the flush that tells them; `choice` decides all. */
  step(choice: number): Message[] {
    let rest = choice;
    const pick = (count: number): number => {
      rest = (Math.imul(rest, 1_664_525) + 1_013_904_223) >>> 0;
      return (rest >>> 8) % count;
    };
    for (let left = 1 + pick(3); left > 0; left--) this.#change(pick);
    return this.#flush();
  }

  /** What a stream for this endpoint must know now. */
  expectedState(id: EndpointId): StreamState {
    const endpoint = this.#told.endpoints.get(id.workloadId);
    const policies = new Map<string, Policy>();
    const profiles = new Map<string, Profile>();
    const sets = new Map<string, string[]>();
    for (const tier of endpoint?.endpoint.tiers ?? []) {
      for (const listed of tier.ingressPolicies) {
        const told = this.#told.policies.get(policyKey(listed));
        if (told !== undefined) policies.set(policyKey(listed), told.policy);
      }
    }
    for (const name of endpoint?.endpoint.profileIds ?? []) {
      const told = this.#told.profiles.get(name);
      if (told !== undefined) profiles.set(name, told.profile);
    }
    for (const object of [...policies.values(), ...profiles.values()]) {
      for (const setId of referencedSets(object))
        sets.set(setId, [...(this.#told.sets.get(setId) ?? [])].sort());
    }
    const labels = new Map([...this.#told.namespaces].map(([name, value]) => [`ns ${name}`, { value }]));
    return {
      endpoint: endpoint?.endpoint,
      policies: sorted(policies),
      profiles: sorted(profiles),
      sets: sorted(sets),
      labels: sorted(labels),
    };
  }

  #change(pick: (count: number) => number): void {
    const { endpoints, policies, profiles, members, namespaces } = this.#world;
    const subset = (keys: Iterable<string>): string[] => [...keys].filter(() => pick(2) === 0);
    switch (pick(6)) {
      case 0: {
        const id = endpointId(`pod-${pick(3)}`);
        endpoints.set(id.workloadId, {
          id,
          policies: subset(policies.keys()),
          profiles: subset(profiles.keys()),
        });
        return;
      }
      case 1:
        if (pick(3) === 0) endpoints.delete(`prod/pod-${pick(3)}`);
        return;
      case 2:
        policies.set(`p${pick(4)}`, subset(members.keys()));
        return;
      case 3:
        profiles.set(`kns.n${pick(2)}`, subset(members.keys()));
        return;
      case 4: {
        const set = members.get(`s:${pick(5)}`);
        const member = `10.0.0.${pick(8)}/32`;
        if (pick(2) === 0) set?.add(member);
        else set?.delete(member);
        return;
      }
      default:
        if (pick(4) === 0) namespaces.delete(`n${pick(3)}`);
        else namespaces.set(`n${pick(3)}`, `v${pick(5)}`);
    }
  }

  #flush(): Message[] {
    const before = this.#told;
    const now = tell(this.#world, before);
    this.#told = now;
    const messages: Message[] = [];
    for (const [id, members] of now.sets)
      if (!before.sets.has(id)) messages.push(setMessage(id, [...members]));
    for (const [id, members] of now.sets) {
      const old = before.sets.get(id);
      if (old === undefined) continue;
      const addedMembers = [...members].filter((member) => !old.has(member));
      const removedMembers = [...old].filter((member) => !members.has(member));
      if (addedMembers.length + removedMembers.length === 0) continue;
      messages.push({ kind: "ipset_delta_update", id, addedMembers, removedMembers });
    }
    messages.push(...changed(before.policies, now.policies), ...changed(before.profiles, now.profiles));
    messages.push(...changed(before.endpoints, now.endpoints));
    for (const [key, told] of before.endpoints) {
      if (!now.endpoints.has(key)) messages.push({ kind: "workload_endpoint_remove", id: told.id });
    }
    for (const name of before.profiles.keys()) {
      if (!now.profiles.has(name)) messages.push({ kind: "active_profile_remove", name });
    }
    for (const [key, told] of before.policies) {
      if (!now.policies.has(key)) messages.push({ kind: "active_policy_remove", id: told.id });
    }
    for (const id of before.sets.keys()) if (!now.sets.has(id)) messages.push({ kind: "ipset_remove", id });
    for (const name of before.namespaces.keys()) {
      if (!now.namespaces.has(name)) messages.push({ kind: "namespace_remove", name });
    }
    for (const [name, value] of now.namespaces) {
      if (before.namespaces.get(name) === value) continue;
      messages.push({ kind: "namespace_update", name, labels: new Map([["value", value]]) });
    }
    if (!this.#inSync) messages.push({ kind: "in_sync" });
    this.#inSync = true;
    return messages;
  }
}

type Told = {
  readonly policies: Map<string, Extract<Message, { kind: "active_policy_update" }>>;
  readonly profiles: Map<string, Extract<Message, { kind: "active_profile_update" }>>;
  readonly sets: Map<string, ReadonlySet<string>>;
  readonly endpoints: Map<string, Extract<Message, { kind: "workload_endpoint_update" }>>;
  readonly namespaces: Map<string, string>;
};

/** The node's state as messages; an object that did not change keeps its message. */
function tell(world: World, before: Told): Told {
  const now: Told = {
    policies: new Map(),
    profiles: new Map(),
    sets: new Map(),
    endpoints: new Map(),
    namespaces: new Map(world.namespaces),
  };
  for (const [key, endpoint] of world.endpoints) {
    const ids = endpoint.policies.map((name): PolicyId => policyMessage(name, []).id);
    for (const name of endpoint.policies) {
      const message = policyMessage(name, world.policies.get(name) ?? []);
      now.policies.set(policyKey(message.id), same(before.policies.get(policyKey(message.id)), message));
    }
    for (const name of endpoint.profiles) {
      now.profiles.set(
        name,
        same(before.profiles.get(name), profileMessage(name, world.profiles.get(name) ?? [])),
      );
    }
    const tiers = [{ name: "default", ingressPolicies: ids, egressPolicies: [], defaultAction: "Deny" }];
    now.endpoints.set(
      key,
      same(before.endpoints.get(key), {
        kind: "workload_endpoint_update",
        id: endpoint.id,
        endpoint: {
          state: "active",
          name: "",
          profileIds: endpoint.profiles,
          ipv4Nets: [],
          ipv6Nets: [],
          tiers,
        },
      }),
    );
  }
  const objects = [
    ...[...now.policies.values()].map((message) => message.policy),
    ...[...now.profiles.values()].map((message) => message.profile),
  ];
  for (const object of objects) {
    for (const id of referencedSets(object)) now.sets.set(id, new Set(world.members.get(id)));
  }
  return now;
}

function same<T extends Message>(before: T | undefined, now: T): T {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}

function changed<T extends Message>(before: ReadonlyMap<string, T>, now: ReadonlyMap<string, T>): T[] {
  return [...now].filter(([key, message]) => before.get(key) !== message).map(([, message]) => message);
}
