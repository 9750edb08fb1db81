/**
 * Random policies, requests and options for the property tests: a small world of names and addresses, so that rules
 * and requests meet often. test/properties/generators.test.ts holds the shares honest.
 */
import fc from "fast-check";
import type {
  Endpoint,
  IpSetUpdate,
  Labels,
  Message,
  Policy,
  PolicyId,
  Profile,
  Rule,
  TierInfo,
} from "../../src/policy/messages.ts";
import { PATH_PROFILES, type PolicyOptions } from "../../src/policy/options.ts";
import { ALLOW_ALL, mixedRule, RULE_THEMES } from "./generate-rule.ts";
import { ACCOUNTS, ADDRESS_SETS, ADDRESSES, NAMESPACES, NETS, PORT_SETS, PORTS } from "./small-world.ts";
import { sometimes, weighted } from "./weighted.ts";

const POLICY_IDS: readonly PolicyId[] = [
  { kind: "NetworkPolicy", namespace: "prod", name: "api" },
  { kind: "NetworkPolicy", namespace: "prod", name: "lock" },
  { kind: "KubernetesNetworkPolicy", namespace: "prod", name: "api" },
  { kind: "GlobalNetworkPolicy", namespace: "", name: "block" },
  { kind: "GlobalNetworkPolicy", namespace: "", name: "base" },
  { kind: "StagedNetworkPolicy", namespace: "prod", name: "api" },
  { kind: "StagedGlobalNetworkPolicy", namespace: "", name: "block" },
  { kind: "KubernetesClusterNetworkPolicy", namespace: "", name: "admin" },
];

export const policyId: fc.Arbitrary<PolicyId> = fc.constantFrom(...POLICY_IDS);

function policyFor(id: PolicyId, rule: fc.Arbitrary<Rule>): fc.Arbitrary<Message> {
  const policy: fc.Arbitrary<Policy> = fc.record({
    namespace: fc.constant(id.namespace),
    tier: fc.constant("default"),
    inboundRules: fc.array(rule, { minLength: 0, maxLength: 4 }),
    outboundRules: fc.constant([]),
    untracked: fc.constant(false),
    preDnat: fc.constant(false),
    originalSelector: fc.constant("all()"),
    perfHints: fc.constant([]),
    unusable: sometimes(3, fc.constant("not readable"), ""),
  });
  return policy.map((each) => ({ kind: "active_policy_update", id, policy: each }));
}

const PROFILE_NAMES = ["kns.prod", "ksa.prod.api", "extra"];

function profileFor(name: string, rule: fc.Arbitrary<Rule>): fc.Arbitrary<Message> {
  const rules = name.startsWith("kns.")
    ? weighted<Rule[]>([6, fc.constant([ALLOW_ALL])], [4, fc.array(rule, { maxLength: 3 })])
    : weighted<Rule[]>([4, fc.constant([])], [6, fc.array(rule, { maxLength: 3 })]);
  const profile: fc.Arbitrary<Profile> = fc.record({
    inboundRules: rules,
    outboundRules: fc.constant([]),
    unusable: sometimes(4, fc.constant("not readable"), ""),
  });
  return profile.map((each) => ({ kind: "active_profile_update", name, profile: each }));
}

function setFor(id: string): fc.Arbitrary<IpSetUpdate> {
  const ports = PORT_SETS.includes(id);
  const incomplete = sometimes(6, fc.constant(true), false);
  const fields = { kind: fc.constant("ipset_update" as const), id: fc.constant(id), incomplete };
  if (ports) {
    return fc.record({
      ...fields,
      type: weighted<IpSetUpdate["type"]>(
        [96, fc.constant("IP_AND_PORT" as const)],
        [2, fc.constant("unknown" as const)],
      ),
      members: fc.uniqueArray(portMember, { maxLength: 8 }),
    });
  }
  const asNets = fc.record({
    ...fields,
    type: weighted<IpSetUpdate["type"]>(
      [96, fc.constant("NET" as const)],
      [2, fc.constant("unknown" as const)],
    ),
    members: fc.uniqueArray(fc.constantFrom(...NETS), { maxLength: 4 }),
  });
  const asAddresses = fc.record({
    ...fields,
    type: fc.constant("IP" as const),
    members: fc.uniqueArray(fc.constantFrom(...ADDRESSES), { maxLength: 5 }),
  });
  return weighted<IpSetUpdate>([8, asNets], [2, asAddresses]);
}

const portMember = fc
  .tuple(
    fc.constantFrom(...ADDRESSES),
    weighted([8, fc.constant("tcp")], [2, fc.constantFrom("udp", "sctp")]),
    fc.constantFrom(...PORTS),
  )
  .map(([address, protocolText, port]) => `${address},${protocolText}:${port}`);

function deltaFor(update: IpSetUpdate): fc.Arbitrary<Message[]> {
  const member = PORT_SETS.includes(update.id)
    ? portMember
    : fc.constantFrom(...(update.type === "IP" ? ADDRESSES : NETS));
  return fc
    .tuple(fc.uniqueArray(member, { maxLength: 2 }), fc.uniqueArray(member, { maxLength: 2 }))
    .map(([addedMembers, removed]) => {
      const removedMembers = removed.filter((each) => !addedMembers.includes(each));
      return [update, { kind: "ipset_delta_update", id: update.id, addedMembers, removedMembers }];
    });
}

// ---- the endpoint

const TIER_NAMES = ["security", "platform", "default"];

function tierFor(name: string): fc.Arbitrary<TierInfo> {
  return fc.record({
    name: fc.constant(name),
    ingressPolicies: fc.uniqueArray(policyId, { maxLength: 3, selector: (id) => JSON.stringify(id) }),
    egressPolicies: fc.constant([]),
    defaultAction: weighted(
      [10, fc.constant("Deny")],
      [name === "default" ? 6 : 14, fc.constant("Pass")],
      [1, fc.constantFrom("", "pass", "Allow")],
    ),
  });
}

const endpoint: fc.Arbitrary<Endpoint> = fc.record({
  state: fc.constant("active"),
  name: fc.constant("cali0"),
  profileIds: weighted<string[]>(
    [6, fc.constant(["kns.prod", "ksa.prod.api"])],
    [3, fc.shuffledSubarray(PROFILE_NAMES)],
    [1, fc.constant([])],
  ),
  ipv4Nets: fc.constant(["10.0.1.1/32"]),
  ipv6Nets: fc.constant([]),
  tiers: fc
    .shuffledSubarray(TIER_NAMES, { minLength: 0, maxLength: 3 })
    .chain((names) => fc.tuple(...names.map(tierFor))),
});

const endpointMessage: fc.Arbitrary<Message> = fc.record({
  kind: fc.constant("workload_endpoint_update" as const),
  id: fc.constant({ orchestratorId: "k8s", workloadId: "prod/api-0", endpointId: "eth0" }),
  endpoint,
});

const labels = (key: string, values: readonly string[]): fc.Arbitrary<Labels> =>
  sometimes(70, fc.constantFrom(...values), undefined).map(
    (value) => new Map(value === undefined ? [] : [[key, value]]),
  );

function accountFor([namespace, name]: readonly [string, string]): fc.Arbitrary<Message> {
  return labels("tier", ["gold", "iron"]).map((own) => ({
    kind: "service_account_update",
    namespace,
    name,
    labels: new Map([...own, ["projectcalico.org/name", name]]),
  }));
}

function namespaceFor(name: string): fc.Arbitrary<Message> {
  return labels("team", ["x", "y1"]).map((own) => ({
    kind: "namespace_update",
    name,
    labels: new Map([...own, ["projectcalico.org/name", name]]),
  }));
}

const PAIRS = NAMESPACES.flatMap((namespace) => ACCOUNTS.map((name) => [namespace, name] as const));

/** Each value's arbitrary, left out in `percent` of cases. */
function mostly<T, M>(
  percent: number,
  values: readonly T[],
  make: (value: T) => fc.Arbitrary<M>,
): fc.Arbitrary<M[]> {
  return fc
    .tuple(
      ...values.map((value) =>
        sometimes(percent, fc.constant(undefined), true).chain((kept) =>
          kept === undefined ? fc.constant(undefined) : make(value),
        ),
      ),
    )
    .map((made) => made.filter((each) => each !== undefined) as M[]);
}

/** A whole state as messages, in the order in which a node agent sends them. Some of what is named is missing. */
export const messages: fc.Arbitrary<readonly Message[]> = fc
  .constantFrom(...RULE_THEMES)
  .chain((rule) => messagesOf(rule));

function messagesOf(rule: fc.Arbitrary<Rule>): fc.Arbitrary<readonly Message[]> {
  return fc
    .tuple(
      mostly(2, [...ADDRESS_SETS, ...PORT_SETS], (id) =>
        setFor(id).chain((update) => weighted<Message[]>([8, fc.constant([update])], [2, deltaFor(update)])),
      ),
      mostly(2, POLICY_IDS, (id) => policyFor(id, rule)),
      mostly(5, PROFILE_NAMES, (name) => profileFor(name, rule)),
      sometimes(98, endpointMessage, undefined),
      mostly(8, PAIRS, accountFor),
      mostly(8, NAMESPACES, namespaceFor),
    )
    .map(([sets, policies, profiles, ownEndpoint, accounts, namespaces]) => [
      ...sets.flat(),
      ...policies,
      ...profiles,
      ...(ownEndpoint === undefined ? [] : [ownEndpoint]),
      ...accounts,
      ...namespaces,
    ]);
}

/** A change of an existing state: any message, its objects new or known. */
export const change: fc.Arbitrary<Message> = weighted<Message>(
  [4, policyId.chain((id) => policyFor(id, mixedRule))],
  [1, policyId.map((id): Message => ({ kind: "active_policy_remove", id }))],
  [2, fc.constantFrom(...PROFILE_NAMES).chain((name) => profileFor(name, mixedRule))],
  [1, fc.constantFrom(...PROFILE_NAMES).map((name): Message => ({ kind: "active_profile_remove", name }))],
  [5, fc.constantFrom(...ADDRESS_SETS, ...PORT_SETS).chain(setFor)],
  [
    5,
    fc
      .constantFrom(...ADDRESS_SETS, ...PORT_SETS)
      .chain(setFor)
      .chain((update) => deltaFor(update).map(([, delta]) => delta!)),
  ],
  [1, fc.constantFrom(...ADDRESS_SETS, ...PORT_SETS).map((id): Message => ({ kind: "ipset_remove", id }))],
  [2, endpointMessage],
  [5, fc.constantFrom(...PAIRS).chain(accountFor)],
  [
    1,
    fc
      .constantFrom(...PAIRS)
      .map(([namespace, name]): Message => ({ kind: "service_account_remove", namespace, name })),
  ],
  [5, fc.constantFrom(...NAMESPACES).chain(namespaceFor)],
  [1, fc.constantFrom(...NAMESPACES).map((name): Message => ({ kind: "namespace_remove", name }))],
);

export const options: fc.Arbitrary<PolicyOptions> = fc.record({
  semantics: weighted<PolicyOptions["semantics"]>(
    [3, fc.constant("strict" as const)],
    [1, fc.constant("calico" as const)],
  ),
  peer: weighted<PolicyOptions["peer"]>(
    [3, fc.constant("both" as const)],
    [1, fc.constant("identity" as const)],
  ),
  requireIdentity: sometimes(25, fc.constant(true), false),
  pathProfile: weighted<PolicyOptions["pathProfile"]>(
    [3, fc.constant("any" as const)],
    [2, fc.constantFrom(...PATH_PROFILES)],
  ),
});
