/**
 * Long policies of rules that differ in one thing, and requests that do: what a snapshot remembers of one caller must be nothing to the
 * next, and of the rules of one path another clause may refuse each.
 */
import fc from "fast-check";
import { ANY_ENTITY, type EntityMatch, type Message, type Rule } from "../../src/policy/messages.ts";
import { type Request, request } from "./generate-flow.ts";
import { messages } from "./generate-policy.ts";
import { ALLOW_ALL } from "./generate-rule.ts";
import { ACCOUNTS, ADDRESS_SETS, METHODS, NAMESPACES, NETS, PORT_SETS, PORTS } from "./small-world.ts";
import { some, weighted } from "./weighted.ts";

type Clause = fc.Arbitrary<(rule: Rule) => Rule>;

function ofSource(entity: fc.Arbitrary<Partial<EntityMatch>>): Clause {
  return entity.map((own) => (rule) => ({ ...rule, source: { ...ANY_ENTITY, ...own } }));
}

function ofDestination(entity: fc.Arbitrary<Partial<EntityMatch>>): Clause {
  return entity.map((own) => (rule) => ({ ...rule, destination: { ...ANY_ENTITY, ...own } }));
}

const nets = some(NETS, 2).map((each) => ({ nets: each }));
const sets = some(ADDRESS_SETS, 1).map((each) => ({ ipSetIds: each }));
const ports = fc
  .constantFrom(...PORTS)
  .map((first): Partial<EntityMatch> => ({ ports: [{ first, last: first + 1 }] }));
const accounts = some(ACCOUNTS, 1).map(
  (names): Partial<EntityMatch> => ({ serviceAccountMatch: { names, selector: "" } }),
);
const namespaces = fc
  .constantFrom(...NAMESPACES)
  .map((name) => ({ originalNamespaceSelector: `projectcalico.org/name == '${name}'` }));
const identities = fc
  .constantFrom(
    "spiffe://cluster.local/ns/prod",
    "spiffe://cluster.local/vm",
    "spiffe://other.example/ns/prod",
  )
  .map(
    (prefix): Partial<EntityMatch> => ({
      identityMatch: { ids: [], prefixes: [prefix], trustDomains: ["other.example"] },
    }),
  );

/** Rules of one case ask few of these, so that what a caller is known by is no more than that. */
const CLAUSES: readonly Clause[] = [
  ofSource(nets),
  ofSource(sets),
  ofSource(ports),
  ofSource(some(PORT_SETS, 1).map((each) => ({ namedPortIpSetIds: each }))),
  ofSource(accounts),
  ofSource(namespaces),
  ofSource(identities),
  // With `--peer identity` the identity stands in for the set.
  ofSource(fc.tuple(namespaces, sets).map(([asked, set]) => ({ ...asked, ...set }))),
  ofDestination(nets),
  ofDestination(sets),
  ofDestination(ports),
  ofDestination(some(PORT_SETS, 1).map((each) => ({ namedPortIpSetIds: each }))),
  ofDestination(some(PORT_SETS, 1).map((each) => ({ ipPortSetIds: each, originalService: "db" }))),
  ofDestination(accounts),
  fc
    .constantFrom(...METHODS, "PURGE", "BREW")
    .map((method) => (rule) => ({ ...rule, http: { paths: [], ...rule.http, methods: [method] } })),
  fc.constantFrom(4, 6).map((ipVersion) => (rule) => ({ ...rule, ipVersion })),
  fc.constantFrom(6, 17).map((number) => (rule) => ({ ...rule, protocol: { number } })),
];

/** One clause, and mostly a path: few, so that the rules of one path differ in what else they ask. */
function twinOf(clauses: readonly Clause[]): fc.Arbitrary<Rule> {
  const action = weighted([6, fc.constant("allow")], [3, fc.constant("deny")], [1, fc.constant("pass")]);
  const paths = weighted<Rule["http"]>(
    [2, fc.constant(undefined)],
    [4, fc.constantFrom("/a", "/a/b").map((exact) => ({ methods: [], paths: [{ exact }] }))],
    [2, fc.constantFrom("/a", "/b").map((prefix) => ({ methods: [], paths: [{ prefix }] }))],
  );
  return fc
    .tuple(action, paths, fc.oneof(...clauses))
    .map(([chosen, http, clause]) => clause({ ...ALLOW_ALL, action: chosen, http }));
}

/** A rule for a path that nobody asks for. */
function filler(index: number): Rule {
  return { ...ALLOW_ALL, http: { methods: [], paths: [{ exact: `/filler/${index}` }] } };
}

/** Rules with so many fillers among them that a path's rules are a list. */
function spread(rules: readonly Rule[], fillers: number): readonly Rule[] {
  return rules.flatMap((rule, index) => [
    rule,
    ...Array.from({ length: fillers }, (_, at) => filler(index * fillers + at)),
  ]);
}

/** One policy of 64 rules to a few hundred, with the sets, accounts and profiles of a random state. */
export const twinMessages: fc.Arbitrary<readonly Message[]> = fc
  .tuple(
    messages,
    fc.uniqueArray(fc.constantFrom(...CLAUSES), { minLength: 1, maxLength: 2 }),
    fc.constantFrom("Deny", "Deny", "Pass"),
  )
  .chain(([given, clauses, defaultAction]) => {
    const rules = fc.array(twinOf(clauses), { minLength: 8, maxLength: 14 });
    return fc
      .tuple(rules, fc.constantFrom(8, 8, 20))
      .map(([twins, fillers]) => [
        ...given.filter(({ kind }) => kind !== "active_policy_update" && kind !== "workload_endpoint_update"),
        policyWith(spread(twins, fillers)),
        endpointWith(defaultAction),
      ]);
  });

const id = { kind: "NetworkPolicy", namespace: "prod", name: "api" };

function policyWith(inboundRules: readonly Rule[]): Message {
  return {
    kind: "active_policy_update",
    id,
    policy: {
      namespace: "prod",
      tier: "default",
      inboundRules,
      outboundRules: [],
      untracked: false,
      preDnat: false,
      originalSelector: "all()",
      perfHints: [],
      unusable: "",
    },
  };
}

function endpointWith(defaultAction: string): Message {
  return {
    kind: "workload_endpoint_update",
    id: { orchestratorId: "k8s", workloadId: "prod/api-0", endpointId: "eth0" },
    endpoint: {
      state: "active",
      name: "cali0",
      profileIds: ["kns.prod"],
      ipv4Nets: ["10.0.1.1/32"],
      ipv6Nets: [],
      tiers: [{ name: "default", ingressPolicies: [id], egressPolicies: [], defaultAction }],
    },
  };
}

const plainPath = weighted(
  [9, fc.constantFrom("/a", "/a/b", "/b", "/b/a")],
  [1, fc.constantFrom("/", "/a/", "/a;v=1", "/a%2Fb", "/c", "*")],
);

const plainRequest: fc.Arbitrary<Request> = fc
  .tuple(request, plainPath, fc.constantFrom(...METHODS, "PURGE", "BREW"))
  .map(([each, path, method]) => ({ ...each, http: each.http && { method, path } }));

/** A request, and others that differ from it in one thing each; and then in all. */
export const nearRequests: fc.Arbitrary<readonly Request[]> = fc
  .tuple(plainRequest, fc.array(plainRequest, { minLength: 2, maxLength: 2 }))
  .map(([base, others]) => [base, ...others.flatMap((other) => [...oneChanged(base, other), other])]);

function oneChanged(base: Request, other: Request): readonly Request[] {
  const { http } = base;
  const changed = (Object.keys(base) as (keyof Request)[]).map((key) => ({ ...base, [key]: other[key] }));
  if (http === undefined || other.http === undefined) return changed;
  const { method, path } = other.http;
  return [...changed, { ...base, http: { ...http, method } }, { ...base, http: { ...http, path } }];
}
