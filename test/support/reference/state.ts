/** What a reference evaluation judges by: the messages so far, folded into maps, nothing compiled. */
import type {
  Endpoint,
  EndpointId,
  Labels,
  Message,
  Policy,
  PolicyId,
  Profile,
} from "../../../src/policy/messages.ts";
import { type Address, readAddressText, readBlockText } from "./addresses.ts";

export type ReferenceSet = {
  readonly type: "IP" | "IP_AND_PORT" | "NET" | "unknown";
  /** An address that is not a member may be one all the same. */
  readonly incomplete: boolean;
  /** Member texts by what they mean, so that two spellings of one member are one. */
  readonly members: ReadonlyMap<string, string>;
};

export type ReferenceState = {
  readonly endpoint: { readonly id: EndpointId; readonly endpoint: Endpoint } | undefined;
  readonly sets: ReadonlyMap<string, ReferenceSet>;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly profiles: ReadonlyMap<string, Profile>;
  /** By `NAMESPACE/NAME`. */
  readonly serviceAccounts: ReadonlyMap<string, Labels>;
  readonly namespaces: ReadonlyMap<string, Labels>;
};

export const EMPTY_STATE: ReferenceState = {
  endpoint: undefined,
  sets: new Map(),
  policies: new Map(),
  profiles: new Map(),
  serviceAccounts: new Map(),
  namespaces: new Map(),
};

export function endpointKey(id: EndpointId): string {
  return `${id.orchestratorId} ${id.workloadId} ${id.endpointId}`;
}

/** `NetworkPolicy shop/api`, `GlobalNetworkPolicy block`: also how a verdict names it. */
export function policyKey(id: PolicyId): string {
  return id.namespace === "" ? `${id.kind} ${id.name}` : `${id.kind} ${id.namespace}/${id.name}`;
}

/** The state after these messages; the one given stays as it was. */
export function foldMessages(state: ReferenceState, messages: readonly Message[]): ReferenceState {
  let endpoint = state.endpoint;
  const sets = new Map(state.sets);
  const policies = new Map(state.policies);
  const profiles = new Map(state.profiles);
  const serviceAccounts = new Map(state.serviceAccounts);
  const namespaces = new Map(state.namespaces);
  for (const message of messages) {
    switch (message.kind) {
      case "in_sync":
        break;
      case "ipset_update":
        sets.set(
          message.id,
          withMembers(
            { type: message.type, incomplete: message.incomplete, members: new Map() },
            message.members,
          ),
        );
        break;
      case "ipset_delta_update": {
        const before = sets.get(message.id);
        if (before === undefined) break;
        const after = withoutMembers(withMembers(before, message.addedMembers), message.removedMembers);
        if (after === undefined) sets.delete(message.id);
        else sets.set(message.id, after);
        break;
      }
      case "ipset_remove":
        sets.delete(message.id);
        break;
      case "active_policy_update":
        policies.set(policyKey(message.id), message.policy);
        break;
      case "active_policy_remove":
        policies.delete(policyKey(message.id));
        break;
      case "active_profile_update":
        profiles.set(message.name, message.profile);
        break;
      case "active_profile_remove":
        profiles.delete(message.name);
        break;
      case "workload_endpoint_update":
        endpoint = { id: message.id, endpoint: message.endpoint };
        break;
      case "workload_endpoint_remove":
        if (endpoint !== undefined && endpointKey(endpoint.id) === endpointKey(message.id))
          endpoint = undefined;
        break;
      case "service_account_update":
        serviceAccounts.set(`${message.namespace}/${message.name}`, message.labels);
        break;
      case "service_account_remove":
        serviceAccounts.delete(`${message.namespace}/${message.name}`);
        break;
      case "namespace_update":
        namespaces.set(message.name, message.labels);
        break;
      case "namespace_remove":
        namespaces.delete(message.name);
        break;
    }
  }
  return { endpoint, sets, policies, profiles, serviceAccounts, namespaces };
}

/** A member that nobody can read makes the set incomplete: it might be any address. */
function withMembers(set: ReferenceSet, texts: readonly string[]): ReferenceSet {
  const members = new Map(set.members);
  let incomplete = set.incomplete || set.type === "unknown";
  for (const text of texts) {
    const key = memberKey(set.type, text);
    if (key === undefined) incomplete = true;
    else members.set(key, text);
  }
  return { ...set, incomplete, members };
}

/** A removal that nobody can read might mean any member: undefined, the set is no longer known. */
function withoutMembers(set: ReferenceSet, texts: readonly string[]): ReferenceSet | undefined {
  const members = new Map(set.members);
  for (const text of texts) {
    const key = memberKey(set.type, text);
    if (key === undefined) return undefined;
    members.delete(key);
  }
  return { ...set, members };
}

function memberKey(type: ReferenceSet["type"], text: string): string | undefined {
  switch (type) {
    case "NET": {
      const block = text.includes("/") ? readBlockText(text) : undefined;
      return block && `${block.address.family} ${block.address.value}/${block.length}`;
    }
    case "IP": {
      const address = readAddressText(text);
      return address && `${address.family} ${address.value}`;
    }
    case "IP_AND_PORT": {
      const parts = /^([^,]+),(tcp|udp|sctp):([0-9]{1,5})$/.exec(text);
      const address = parts === null ? undefined : readAddressText(parts[1]!);
      if (parts === null || address === undefined || Number(parts[3]) > 65_535) return undefined;
      return addressPortKey(address, { tcp: 6, udp: 17, sctp: 132 }[parts[2]!]!, Number(parts[3]));
    }
    case "unknown":
      return text;
  }
}

export function addressPortKey(address: Address, protocol: number, port: number): string {
  return `${address.family} ${address.value} ${protocol} ${port}`;
}
