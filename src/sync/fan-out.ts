/**
 * From the calculation's messages for a whole node to one ordered sequence for each endpoint's stream.
 *
 * Order and references on every stream are those that a client may rely on: what an endpoint, policy or profile names was
 * sent before it, and nothing is removed while the latest one sent still names it. Pure: it knows no sockets.
 */
import type {
  Endpoint,
  EndpointId,
  IpSetUpdate,
  Message,
  Policy,
  PolicyId,
  Profile,
} from "../policy/messages.ts";
import { DENYING_POLICY, denyingEndpoint } from "./denying-endpoint.ts";
import { neededFeatures, SYNC_FEATURES, type SyncFeature } from "./features.ts";
import { listedPolicies, policyKey, referencedSets } from "./references.ts";
import { SetStore, splitDelta } from "./set-store.ts";

/** Where one stream's messages go. Must not call back into the fan-out. */
export type Sink = {
  send(message: Message): void;
  /** What was sent since the last call is one change; called even if that is nothing. */
  endChange(): void;
  /** The endpoint is gone: nothing follows. */
  end(): void;
  /** The endpoint's policy needs a feature that this client did not announce: it was sent an endpoint that denies. */
  refused(feature: SyncFeature): void;
};

type EndpointUpdate = Extract<Message, { kind: "workload_endpoint_update" }>;

type StoredPolicy = Extract<Message, { kind: "active_policy_update" }>;
type StoredProfile = Extract<Message, { kind: "active_profile_update" }>;

/** What one stream has been sent and not had removed since. */
type Subscriber = {
  readonly sink: Sink;
  readonly understands: ReadonlySet<SyncFeature>;
  /** What it does not understand and its policy needs: it has an endpoint that denies. */
  deniedFor: SyncFeature | undefined;
  readonly policies: Map<string, PolicyId>;
  readonly profiles: Set<string>;
  /** Set id to the number of sent policies and profiles that name it. */
  readonly sets: Map<string, number>;
  /** The very objects that were sent, to know what they named when they change. */
  readonly sent: Map<string, Policy | Profile>;
};

export function endpointKey(id: EndpointId): string {
  return `${id.orchestratorId}/${id.workloadId}/${id.endpointId}`;
}

export class FanOut {
  readonly #sets = new SetStore();
  readonly #policies = new Map<string, StoredPolicy>();
  readonly #profiles = new Map<string, StoredProfile>();
  readonly #endpoints = new Map<string, EndpointUpdate>();
  /** Service accounts and namespaces, by the key of the object; every stream gets all of them. */
  readonly #labels = new Map<string, Message>();
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  #inSync = false;

  /**
   * Start a stream: sends the endpoint's complete state, if it is known, all labels and, if the calculation is in sync, InSync.
   *
   * @returns to be called when the stream is over.
   */
  join(id: EndpointId, understands: ReadonlySet<SyncFeature>, sink: Sink): () => void {
    const key = endpointKey(id);
    const subscriber: Subscriber = {
      sink,
      understands,
      deniedFor: undefined,
      policies: new Map(),
      profiles: new Set(),
      sets: new Map(),
      sent: new Map(),
    };
    const group = this.#subscribers.get(key) ?? new Set();
    group.add(subscriber);
    this.#subscribers.set(key, group);
    const update = this.#endpoints.get(key);
    if (update !== undefined) this.#sendEndpoint(subscriber, update);
    for (const message of this.#labels.values()) sink.send(message);
    if (this.#inSync) sink.send({ kind: "in_sync" });
    sink.endChange();
    return () => {
      group.delete(subscriber);
      if (group.size === 0 && this.#subscribers.get(key) === group) this.#subscribers.delete(key);
    };
  }

  /** Apply one flush of the calculation, in its order, and send each stream what concerns it. */
  apply(messages: readonly Message[]): void {
    for (const message of messages) this.#applyOne(message);
    if (messages.length === 0) return;
    for (const subscriber of this.#everyone()) subscriber.sink.endChange();
  }

  #applyOne(message: Message): void {
    switch (message.kind) {
      case "in_sync":
        if (this.#inSync) return;
        this.#inSync = true;
        this.#sendAll(message);
        return;
      case "ipset_update":
        this.#sets.put(message);
        this.#wholeSetChanged(message);
        return;
      case "ipset_delta_update":
        if (!this.#sets.change(message.id, message.addedMembers, message.removedMembers)) return;
        for (const part of splitDelta(message.id, message.addedMembers, message.removedMembers)) {
          this.#sendToUsersOf(message.id, part);
        }
        return;
      case "ipset_remove":
        this.#sets.remove(message.id);
        return;
      case "active_policy_update":
        this.#policies.set(policyKey(message.id), message);
        this.#objectChanged(message);
        return;
      case "active_policy_remove":
        this.#policies.delete(policyKey(message.id));
        return;
      case "active_profile_update":
        this.#profiles.set(message.name, message);
        this.#objectChanged(message);
        return;
      case "active_profile_remove":
        this.#profiles.delete(message.name);
        return;
      case "workload_endpoint_update": {
        const key = endpointKey(message.id);
        this.#endpoints.set(key, message);
        for (const subscriber of this.#subscribers.get(key) ?? []) this.#sendEndpoint(subscriber, message);
        return;
      }
      case "workload_endpoint_remove": {
        const key = endpointKey(message.id);
        this.#endpoints.delete(key);
        const group = this.#subscribers.get(key);
        this.#subscribers.delete(key);
        for (const subscriber of group ?? []) {
          subscriber.sink.send(message);
          subscriber.sink.end();
        }
        return;
      }
      case "service_account_update":
      case "namespace_update":
        this.#labels.set(labelsKey(message), message);
        this.#sendAll(message);
        return;
      case "service_account_remove":
      case "namespace_remove":
        this.#labels.delete(labelsKey(message));
        this.#sendAll(message);
        return;
    }
  }

  *#everyone(): Iterable<Subscriber> {
    for (const group of this.#subscribers.values()) yield* group;
  }

  #sendAll(message: Message): void {
    for (const subscriber of this.#everyone()) subscriber.sink.send(message);
  }

  #sendToUsersOf(setId: string, message: Message): void {
    for (const subscriber of this.#everyone()) {
      if (subscriber.sets.has(setId)) subscriber.sink.send(message);
    }
  }

  #wholeSetChanged(message: IpSetUpdate): void {
    const parts = this.#sets.whole(message.id) ?? [];
    for (const [key, group] of this.#subscribers) {
      for (const subscriber of group) {
        if (!subscriber.sets.has(message.id)) continue;
        if (this.#mustReconsider(subscriber, message)) this.#reconsider(key, subscriber);
        else for (const part of parts) subscriber.sink.send(part);
      }
    }
  }

  #objectChanged(message: StoredPolicy | StoredProfile): void {
    for (const [key, group] of this.#subscribers) {
      for (const subscriber of group) {
        const listed =
          message.kind === "active_policy_update"
            ? subscriber.policies.has(policyKey(message.id))
            : subscriber.profiles.has(message.name);
        if (this.#mustReconsider(subscriber, message)) this.#reconsider(key, subscriber);
        else if (listed) this.#resend(subscriber, message);
      }
    }
  }

  /** Whether this change may turn the endpoint that denies on or off. */
  #mustReconsider(subscriber: Subscriber, message: StoredPolicy | StoredProfile | IpSetUpdate): boolean {
    if (subscriber.understands.size === SYNC_FEATURES.length) return false;
    if (subscriber.deniedFor !== undefined) return true;
    if (message.kind !== "ipset_update") return this.#lackingFor(subscriber, message) !== undefined;
    return neededFeatures(message).some((feature) => !subscriber.understands.has(feature));
  }

  #reconsider(key: string, subscriber: Subscriber): void {
    const update = this.#endpoints.get(key);
    if (update !== undefined) this.#sendEndpoint(subscriber, update);
  }

  /** A policy or profile changed while listed: its new sets, itself, then the sets that nothing names any more. */
  #resend(subscriber: Subscriber, message: StoredPolicy | StoredProfile): void {
    const before = subscriber.sent.get(objectKey(message));
    this.#sendObject(subscriber, message);
    if (before !== undefined) this.#release(subscriber, before);
  }

  /** New sets → new policies → new profiles → endpoint → policies, profiles and sets no longer named. */
  #sendEndpoint(subscriber: Subscriber, update: EndpointUpdate): void {
    const lacking = this.#lackingFeature(subscriber, update.endpoint);
    const wasDeniedFor = subscriber.deniedFor;
    subscriber.deniedFor = lacking;
    if (lacking !== undefined && lacking === wasDeniedFor) return;
    if (lacking !== undefined) subscriber.sink.refused(lacking);
    const shown = lacking === undefined ? update : denyingEndpoint(update);
    const wanted = listedPolicies(shown.endpoint.tiers);
    for (const id of wanted) {
      const key = policyKey(id);
      const stored = lacking === undefined ? this.#policies.get(key) : DENYING_POLICY;
      // A policy that was listed without having been sent is left to the client to refuse.
      if (stored === undefined || subscriber.policies.has(key)) continue;
      this.#sendObject(subscriber, stored);
      subscriber.policies.set(key, id);
    }
    for (const name of shown.endpoint.profileIds) {
      const stored = this.#profiles.get(name);
      if (stored === undefined || subscriber.profiles.has(name)) continue;
      this.#sendObject(subscriber, stored);
      subscriber.profiles.add(name);
    }
    subscriber.sink.send(shown);
    this.#removeUnlisted(subscriber, new Set(wanted.map(policyKey)), shown.endpoint);
  }

  #lackingFeature(subscriber: Subscriber, endpoint: Endpoint): SyncFeature | undefined {
    if (subscriber.understands.size === SYNC_FEATURES.length) return undefined;
    for (const id of listedPolicies(endpoint.tiers)) {
      const lacking = this.#lackingFor(subscriber, this.#policies.get(policyKey(id)));
      if (lacking !== undefined) return lacking;
    }
    for (const name of endpoint.profileIds) {
      const lacking = this.#lackingFor(subscriber, this.#profiles.get(name));
      if (lacking !== undefined) return lacking;
    }
    return undefined;
  }

  #lackingFor(
    subscriber: Subscriber,
    stored: StoredPolicy | StoredProfile | undefined,
  ): SyncFeature | undefined {
    if (stored === undefined) return undefined;
    const sets = referencedSets(storedObject(stored)).flatMap((id) => this.#sets.whole(id) ?? []);
    for (const message of [stored, ...sets]) {
      const lacking = neededFeatures(message).find((feature) => !subscriber.understands.has(feature));
      if (lacking !== undefined) return lacking;
    }
    return undefined;
  }

  #removeUnlisted(subscriber: Subscriber, wantedKeys: ReadonlySet<string>, endpoint: Endpoint): void {
    const released: (Policy | Profile)[] = [];
    for (const [key, id] of subscriber.policies) {
      if (wantedKeys.has(key)) continue;
      subscriber.policies.delete(key);
      subscriber.sink.send({ kind: "active_policy_remove", id });
      forget(subscriber, key, released);
    }
    for (const name of subscriber.profiles) {
      if (endpoint.profileIds.includes(name)) continue;
      subscriber.profiles.delete(name);
      subscriber.sink.send({ kind: "active_profile_remove", name });
      forget(subscriber, profileKey(name), released);
    }
    for (const object of released) this.#release(subscriber, object);
  }

  #sendObject(subscriber: Subscriber, message: StoredPolicy | StoredProfile): void {
    const object = storedObject(message);
    for (const id of referencedSets(object)) {
      const users = subscriber.sets.get(id) ?? 0;
      subscriber.sets.set(id, users + 1);
      if (users > 0) continue;
      for (const part of this.#sets.whole(id) ?? []) subscriber.sink.send(part);
    }
    subscriber.sent.set(objectKey(message), object);
    subscriber.sink.send(message);
  }

  #release(subscriber: Subscriber, object: Policy | Profile): void {
    for (const id of referencedSets(object)) {
      const users = (subscriber.sets.get(id) ?? 0) - 1;
      if (users > 0) {
        subscriber.sets.set(id, users);
      } else {
        subscriber.sets.delete(id);
        subscriber.sink.send({ kind: "ipset_remove", id });
      }
    }
  }
}

function forget(subscriber: Subscriber, key: string, released: (Policy | Profile)[]): void {
  const object = subscriber.sent.get(key);
  if (object !== undefined) released.push(object);
  subscriber.sent.delete(key);
}

function storedObject(message: StoredPolicy | StoredProfile): Policy | Profile {
  return message.kind === "active_policy_update" ? message.policy : message.profile;
}

function objectKey(message: StoredPolicy | StoredProfile): string {
  return message.kind === "active_policy_update" ? policyKey(message.id) : profileKey(message.name);
}

function profileKey(name: string): string {
  return `Profile//${name}`;
}

type LabelsMessage = Extract<
  Message,
  {
    kind: "service_account_update" | "namespace_update" | "service_account_remove" | "namespace_remove";
  }
>;

function labelsKey(message: LabelsMessage): string {
  return "namespace" in message
    ? `ServiceAccount/${message.namespace}/${message.name}`
    : `Namespace/${message.name}`;
}
