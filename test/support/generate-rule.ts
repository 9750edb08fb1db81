/** Random rules. Most ask several things; some cases have a theme, so that one kind of clause is what decides. */
import fc from "fast-check";
import {
  ANY_ENTITY,
  type EntityMatch,
  type HttpPathMatch,
  type PortRange,
  type Protocol,
  type Rule,
  type ServiceAccountMatch,
} from "../../src/policy/messages.ts";
import {
  ABSENT_SET,
  ACCOUNTS,
  ADDRESS_SETS,
  METHODS,
  NETS,
  PORT_SETS,
  PORTS,
  SELECTORS,
} from "./small-world.ts";
import { some, sometimes, weighted } from "./weighted.ts";

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

/** Any kind of clause, mostly several. */
export const mixedRule: fc.Arbitrary<Rule> = weighted<Rule>([8, anyRule], [2, pathRule]);

/** What the rules of one case are about: all together, or one kind of clause. */
export const RULE_THEMES: readonly fc.Arbitrary<Rule>[] = [
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
