/**
 * Random policies, requests and options for the property tests: a small world of names and addresses, so that rules
 * and requests meet often. test/properties/generators.test.ts holds the shares honest.
 */
import fc from "fast-check";
import {
  ANY_ENTITY,
  type Endpoint,
  type EntityMatch,
  type HttpPathMatch,
  type IpSetUpdate,
  type Labels,
  type Message,
  type Policy,
  type PolicyId,
  type PortRange,
  type Profile,
  type Protocol,
  type Rule,
  type ServiceAccountMatch,
  type TierInfo,
} from "../../src/policy/messages.ts";
import type { PolicyOptions } from "../../src/policy/options.ts";
import { PATH_PROFILES } from "../../src/policy/options.ts";

export const NAMESPACES: readonly string[] = ["prod", "dev", "shop"];
export const ACCOUNTS: readonly string[] = ["web", "api", "db"];
export const METHODS: readonly string[] = ["GET", "POST", "DELETE"];
export const ADDRESSES: readonly string[] = [
  "10.0.0.1",
  "10.0.0.2",
  "10.0.0.3",
  "10.0.0.130",
  "10.0.1.1",
  "192.0.2.9",
  "fd00::1",
  "fd00::2",
  "fd00:0:0:1::1",
];

const NETS = [
  "10.0.0.0/24",
  "10.0.0.2/31",
  "10.0.0.0/25",
  "10.0.0.128/26",
  "10.0.0.1/32",
  "10.0.1.1/32",
  "0.0.0.0/0",
  "192.0.2.0/28",
  "128.0.0.0/1",
  "fd00::/64",
  "fd00::2/127",
  "fd00::1/128",
  "::/0",
];
export const PORTS: readonly number[] = [80, 443, 8080, 8443];
const ADDRESS_SETS = ["s:a", "s:b", "s:c", "s:d"];
const PORT_SETS = ["n:a", "n:b", "svc:a"];
const ABSENT_SET = "s:absent";
const SELECTORS = ["app == 'x'", "tier != 'gold'", "has(app)", "all()"];

type Weighted<T> = readonly [number, fc.Arbitrary<T>];

function weighted<T>(...choices: readonly Weighted<T>[]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

/** `otherwise` except in `percent` of cases. */
function sometimes<T, U>(percent: number, arbitrary: fc.Arbitrary<T>, otherwise: U): fc.Arbitrary<T | U> {
  return weighted<T | U>([100 - percent, fc.constant(otherwise)], [percent, arbitrary]);
}

function some<T>(values: readonly T[], maxLength: number): fc.Arbitrary<T[]> {
  return fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength });
}

// ---- one side of a rule

function side(
  fields: Partial<{ [K in keyof EntityMatch]: fc.Arbitrary<EntityMatch[K]> }>,
): fc.Arbitrary<EntityMatch> {
  return fc.record(fields).map((chosen) => ({ ...ANY_ENTITY, ...(chosen as Partial<EntityMatch>) }));
}

const addressSetIds = weighted<readonly string[]>(
  [95, some(ADDRESS_SETS, 2)],
  [5, fc.constant([ABSENT_SET])],
);
const portSetIds = weighted<readonly string[]>([95, some(PORT_SETS, 2)], [5, fc.constant([ABSENT_SET])]);
const ranges: fc.Arbitrary<readonly PortRange[]> = fc.array(
  fc.tuple(fc.constantFrom(...PORTS), fc.constantFrom(0, 0, 1, 400, 8000)).map(([first, more]) => ({
    first,
    last: Math.min(65_535, first + more),
  })),
  { minLength: 1, maxLength: 2 },
);

const namespaceSelector = fc.constantFrom(
  "team == 'x'",
  "team != 'x'",
  "all()",
  "global()",
  "projectcalico.org/name == 'prod'",
  "projectcalico.org/name in {'dev', 'shop'}",
  "has(team)",
  "!has(team) || team starts with 'y'",
  "not a selector",
);
const accountSelector = fc.constantFrom(
  "tier == 'gold'",
  "tier != 'gold'",
  "has(tier)",
  "all()",
  "!has(tier)",
  "not a selector",
);
const serviceAccountMatch = weighted<ServiceAccountMatch>(
  [6, fc.record({ names: some(ACCOUNTS, 2), selector: fc.constant("") })],
  [3, fc.record({ names: fc.constant([]), selector: accountSelector })],
  [2, fc.record({ names: some(ACCOUNTS, 2), selector: accountSelector })],
);

const spiffeIds = fc.constantFrom(
  "spiffe://cluster.local/ns/prod/sa/web",
  "spiffe://cluster.local/ns/prod",
  "spiffe://cluster.local/ns/dev",
  "spiffe://cluster.local/n",
  "spiffe://cluster.local/vm",
  "spiffe://other.example/ns/prod/sa/web",
);
const identityMatch = fc.record({
  ids: sometimes(50, fc.uniqueArray(spiffeIds, { maxLength: 2 }), []),
  prefixes: sometimes(60, fc.uniqueArray(spiffeIds, { minLength: 1, maxLength: 2 }), []),
  trustDomains: sometimes(20, fc.constantFrom(["other.example"], ["cluster.local"], ["Not One"]), []),
});

const anySide = fc.constant(ANY_ENTITY);
const byNets = side({ nets: some(NETS, 3), notNets: sometimes(30, some(NETS, 2), []) });
const byNotNets = side({ notNets: some(NETS, 2) });
const bySets = side({
  ipSetIds: addressSetIds,
  notIpSetIds: sometimes(20, addressSetIds, []),
  originalSelector: sometimes(70, fc.constantFrom(...SELECTORS), ""),
});
const byNotSets = side({
  notIpSetIds: addressSetIds,
  originalNotSelector: sometimes(50, fc.constantFrom(...SELECTORS), ""),
});
const byAccounts = side({
  serviceAccountMatch,
  ipSetIds: sometimes(60, some(ADDRESS_SETS, 1), []),
  originalNamespaceSelector: sometimes(30, namespaceSelector, ""),
});
const byIdentities = side({
  identityMatch,
  serviceAccountMatch: sometimes(15, serviceAccountMatch, undefined),
});
const byNamespace = side({
  originalNamespaceSelector: namespaceSelector,
  ipSetIds: sometimes(70, some(ADDRESS_SETS, 1), []),
  originalSelector: sometimes(20, fc.constantFrom(...SELECTORS), ""),
});
const byPorts = side({
  ports: ranges,
  ipSetIds: sometimes(30, addressSetIds, []),
  namedPortIpSetIds: sometimes(30, portSetIds, []),
});
const byNotPorts = side({
  notPorts: sometimes(60, ranges, []),
  notNamedPortIpSetIds: sometimes(60, portSetIds, []),
});
const byNamedPorts = side({
  namedPortIpSetIds: portSetIds,
  originalNamespaceSelector: sometimes(40, namespaceSelector, ""),
});
const byServices = side({ ipPortSetIds: portSetIds, originalService: fc.constant("db") });
const byAnything = side({
  nets: sometimes(30, some(NETS, 2), []),
  notNets: sometimes(20, some(NETS, 1), []),
  ports: sometimes(20, ranges, []),
  notPorts: sometimes(10, ranges, []),
  ipSetIds: sometimes(40, addressSetIds, []),
  notIpSetIds: sometimes(20, addressSetIds, []),
  namedPortIpSetIds: sometimes(10, portSetIds, []),
  notNamedPortIpSetIds: sometimes(10, portSetIds, []),
  ipPortSetIds: sometimes(10, portSetIds, []),
  originalSelector: sometimes(30, fc.constantFrom(...SELECTORS), ""),
  originalNamespaceSelector: sometimes(20, namespaceSelector, ""),
  originalNotSelector: sometimes(20, fc.constantFrom(...SELECTORS), ""),
  serviceAccountMatch: sometimes(30, serviceAccountMatch, undefined),
});

const source = weighted(
  [24, anySide],
  [6, byNets],
  [3, byNotNets],
  [8, bySets],
  [3, byNotSets],
  [14, byAccounts],
  [8, byIdentities],
  [10, byNamespace],
  [2, byPorts],
  [2, byNotPorts],
  [3, byAnything],
);
const destination = weighted(
  [60, anySide],
  [3, byNets],
  [2, byNotNets],
  [4, bySets],
  [2, byNotSets],
  [5, byAccounts],
  [4, byNamespace],
  [6, byPorts],
  [4, byNotPorts],
  [5, byNamedPorts],
  [5, byServices],
  [3, byAnything],
);

// ---- rules

const RULE_PATHS = [
  "/",
  "/a",
  "/a/",
  "/a/b",
  "/ab",
  "/b",
  "/a%2Fb",
  "/a;v=1",
  "/A",
  "/é",
  "/a%20b",
  "/a%zz",
  "relative",
  "",
];
const rulePath: fc.Arbitrary<HttpPathMatch> = fc
  .tuple(
    fc.boolean(),
    weighted(
      [8, fc.constantFrom("/a", "/a/b", "/b", "/a/", "/")],
      [2, fc.constantFrom(...RULE_PATHS)],
      [
        1,
        fc
          .array(fc.constantFrom("/a", "/b", "/", ".", "..", ";x", "%2e", "%61", "\\"), { maxLength: 4 })
          .map((parts) => `/${parts.join("")}`),
      ],
    ),
  )
  .map(([exact, path]) => (exact ? { exact: path } : { prefix: path }));
const http = fc.record({
  methods: weighted<string[]>([4, fc.constant([])], [5, some(METHODS, 2)], [1, fc.constant(["*"])]),
  paths: weighted<HttpPathMatch[]>(
    [3, fc.constant([])],
    [7, fc.array(rulePath, { minLength: 1, maxLength: 3 })],
  ),
});

const protocol: fc.Arbitrary<Protocol | "empty"> = weighted<Protocol | "empty">(
  [6, fc.constantFrom({ name: "tcp" }, { name: "TCP" }, { number: 6 })],
  [3, fc.constantFrom({ name: "udp" }, { number: 17 }, { name: "sctp" })],
  [1, fc.constantFrom<Protocol | "empty">({ name: "gre-ish" }, "empty", { number: 255 })],
);

const action = weighted(
  [50, fc.constantFrom("allow", "Allow")],
  [22, fc.constantFrom("deny", "DENY")],
  [6, fc.constant("log")],
  [16, fc.constantFrom("next-tier", "pass", "Pass")],
  [3, fc.constantFrom("", "permit")],
);

const anyRule: fc.Arbitrary<Rule> = fc.record({
  action,
  ipVersion: sometimes<number, undefined>(8, fc.constantFrom(4, 4, 6, 6, 5), undefined),
  protocol: sometimes(15, protocol, undefined),
  notProtocol: sometimes(8, protocol, undefined),
  icmp: sometimes(6, fc.constant({ type: 8 }), undefined),
  notIcmp: sometimes(10, fc.constant({ type: 8, code: 0 }), undefined),
  source,
  destination,
  http: sometimes(44, http, undefined),
  annotations: fc.constant<ReadonlyMap<string, string>>(new Map()),
  ruleId: fc.constant(""),
});

export const ALLOW_ALL: Rule = {
  action: "allow",
  ipVersion: undefined,
  protocol: undefined,
  notProtocol: undefined,
  icmp: undefined,
  notIcmp: undefined,
  source: ANY_ENTITY,
  destination: ANY_ENTITY,
  http: undefined,
  annotations: new Map(),
  ruleId: "",
};

/** Rules about paths alone, for which no other clause stands in the way. */
function pathRuleOf(path: fc.Arbitrary<HttpPathMatch>): fc.Arbitrary<Rule> {
  return fc
    .record({ action, paths: fc.array(path, { minLength: 1, maxLength: 2 }) })
    .map(({ action: chosen, paths }) => ({ ...ALLOW_ALL, action: chosen, http: { methods: [], paths } }));
}

const pathRule = pathRuleOf(rulePath);

/** Rules whose own paths mean different things under different readings. */
const oddPathRule = pathRuleOf(
  fc
    .tuple(fc.boolean(), fc.constantFrom("/a;v=1", "/a%2Fb", "/%61", "/b/../a", "/a//b", "/a%3Bx", "/a", "/"))
    .map(([exact, path]): HttpPathMatch => (exact ? { exact: path } : { prefix: path })),
);

/** Rules that ask one thing alone, so that what one of them answers is what decides. */
function narrowRule(entity: fc.Arbitrary<EntityMatch>, isSource: boolean): fc.Arbitrary<Rule> {
  return fc
    .record({ action: fc.constantFrom("allow", "allow", "deny", "pass"), entity })
    .map(({ action: chosen, entity: own }) => ({
      ...ALLOW_ALL,
      action: chosen,
      source: isSource ? own : ANY_ENTITY,
      destination: isSource ? ANY_ENTITY : own,
    }));
}

const mixedRule: fc.Arbitrary<Rule> = weighted<Rule>([8, anyRule], [2, pathRule]);

/** What the rules of one case are about: all together, or one kind of clause. */
const RULE_THEMES: readonly fc.Arbitrary<Rule>[] = [
  mixedRule,
  mixedRule,
  mixedRule,
  mixedRule,
  mixedRule,
  pathRule,
  oddPathRule,
  narrowRule(side({ serviceAccountMatch }), true),
  narrowRule(side({ serviceAccountMatch, ipSetIds: some(ADDRESS_SETS, 1) }), true),
  narrowRule(weighted<EntityMatch>([1, byPorts], [1, byNotPorts], [1, byNamedPorts], [1, byServices]), false),
  narrowRule(weighted<EntityMatch>([2, byNets], [1, byNotNets]), true),
  narrowRule(weighted<EntityMatch>([1, bySets], [1, byNotSets]), true),
];

// ---- objects

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
