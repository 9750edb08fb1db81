/** Policy of a given size for one endpoint, as messages, and the requests that ask it. The same in every run. */
import type { PeerIdentity } from "../src/identity/peer-identity.ts";
import { Flow } from "../src/policy/flow.ts";
import {
  ANY_ENTITY,
  type EntityMatch,
  type HttpMatch,
  type Message,
  type PolicyId,
  type PortRange,
  type Rule,
} from "../src/policy/messages.ts";
import { Random } from "./random.ts";

/** As clusters have them: policies of some seventy rules, in two tiers, over sets of many sizes. */
const RULES_PER_POLICY = 70;
const SETS = 40;
const SET_MEMBERS_MAX = 2000;

/** A path that no rule but the first or last one in question asks for. */
export const WANTED_PATH = "/wanted/path";

/** Where the rule is that the request of `createFlow("wanted")` matches. */
export type WantedRule = "first" | "last" | "none";

/** `ruleCount` rules in policies of seventy, spread over two tiers, and everything they name. */
export function createMessages(ruleCount: number, wanted: WantedRule, seed: number = ruleCount): Message[] {
  const random = new Random(seed);
  const policyCount = Math.ceil(ruleCount / RULES_PER_POLICY);
  const policies: { id: PolicyId; rules: Rule[]; tier: string }[] = [];
  for (let index = 0, left = ruleCount; index < policyCount; index++) {
    const size = Math.min(RULES_PER_POLICY, left);
    left -= size;
    const tier = index < policyCount / 4 ? "security" : "default";
    const id = { kind: "NetworkPolicy", namespace: "shop", name: `policy-${String(index).padStart(5, "0")}` };
    policies.push({ id, tier, rules: Array.from({ length: size }, () => createRule(random, tier, wanted)) });
  }
  const wantedRule = { ...RULE, http: { methods: ["GET"], paths: [{ prefix: WANTED_PATH }] } };
  if (wanted === "first") policies[0]?.rules.splice(0, 1, wantedRule);
  if (wanted === "last") policies.at(-1)?.rules.splice(-1, 1, wantedRule);
  return [
    ...Array.from({ length: SETS }, (_, index) => createSet(random, index)),
    ...NAMES.map((name): Message => {
      return { kind: "service_account_update", namespace: "shop", name, labels: new Map([["app", name]]) };
    }),
    { kind: "namespace_update", name: "shop", labels: new Map([["team", "shop"]]) },
    ...policies.map(({ id, tier, rules }): Message => {
      return { kind: "active_policy_update", id, policy: { ...POLICY, tier, inboundRules: rules } };
    }),
    {
      kind: "workload_endpoint_update",
      id: { orchestratorId: "k8s", workloadId: "shop/api", endpointId: "eth0" },
      endpoint: {
        state: "active",
        name: "cali0",
        profileIds: [],
        ipv4Nets: ["10.9.9.9/32"],
        ipv6Nets: [],
        tiers: ["security", "default"].map((name) => ({
          name,
          ingressPolicies: policies.filter(({ tier }) => tier === name).map(({ id }) => id),
          egressPolicies: [],
          defaultAction: name === "security" ? "Pass" : "Deny",
        })),
      },
    },
    { kind: "in_sync" },
  ];
}

/** `ambiguous`: a path that means four things. `unidentified`: a caller with no identity, which no rule on identities can judge. */
export type FlowKind = "wanted" | "ambiguous" | "unidentified";

export function createFlow(kind: FlowKind): Flow {
  const flow = randomFlow(new Random(1), 0);
  flow.method = "GET";
  flow.path = kind === "ambiguous" ? `/a/..;x/${WANTED_PATH}/%2e%2e/path//y;z` : `${WANTED_PATH}/42?q=1`;
  flow.peer = kind === "unidentified" ? { kind: "none" } : VISITOR;
  return flow;
}

/**
 * Requests as a busy service sees them: a few callers, the common methods, paths with numbers in them.
 *
 * @param addresses how many different ones they come from.
 */
export function createFlows(count: number, addresses: number): Flow[] {
  const random = new Random(7);
  const sources = Array.from({ length: addresses }, () => 0x0a000000 + random.below(65_536));
  return Array.from({ length: count }, (_, index) => {
    const flow = randomFlow(random, index);
    flow.source0 = sources[index % addresses] ?? 0;
    return flow;
  });
}

const NAMES = ["web", "cart", "search", "billing", "admin", "mobile", "batch", "monitor"];
const RESOURCES = ["items", "orders", "users", "carts", "prices", "stock", "reviews", "sessions"];
const METHODS = ["GET", "GET", "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"];

/** One object for each identity, as the reader gives them. */
const PEERS: readonly PeerIdentity[] = NAMES.map((name) => {
  return {
    kind: "service-account",
    id: `spiffe://cluster.local/ns/shop/sa/${name}`,
    namespace: "shop",
    name,
  };
});

/** Named by no rule. */
const VISITOR: PeerIdentity = {
  kind: "service-account",
  id: "spiffe://cluster.local/ns/shop/sa/visitor",
  namespace: "shop",
  name: "visitor",
};

function randomFlow(random: Random, index: number): Flow {
  const flow = new Flow();
  flow.sourceFamily = 4;
  flow.source0 = 0x0a000000 + random.below(65_536);
  flow.sourcePort = 30_000 + random.below(30_000);
  flow.destinationFamily = 4;
  flow.destination0 = 0x0a090909;
  flow.destinationPort = 8080;
  flow.peer = random.pick(PEERS);
  flow.hasHttp = true;
  flow.method = random.pick(METHODS);
  flow.path = `/v${1 + random.below(3)}/${random.pick(RESOURCES)}/${index}`;
  return flow;
}

function createRule(random: Random, tier: string, wanted: WantedRule): Rule {
  const action = random.pick(
    tier === "security" ? ["deny", "deny", "next-tier"] : ["allow", "allow", "deny"],
  );
  const source = createPeer(random);
  const asksHttp = random.below(10) < 6;
  // Where the wanted rule is the last, no other may match its request: each asks for another path or another identity.
  const mustMiss = wanted === "last" && source.serviceAccountMatch === undefined;
  const http = asksHttp || mustMiss ? createHttp(random) : undefined;
  const ports = random.below(10) < 4 ? [createPorts(random)] : [];
  const protocol = ports.length > 0 ? { name: "tcp" } : undefined;
  return {
    ...RULE,
    action: http === undefined ? action : "allow",
    protocol,
    source,
    destination: { ...ANY_ENTITY, ports },
    http,
  };
}

/** A set, a service account with its set, or a few nets: as rules name their peers. */
function createPeer(random: Random): EntityMatch {
  const ipSetIds = [`s:set-${random.below(SETS)}`];
  const kind = random.below(10);
  if (kind < 4) return { ...ANY_ENTITY, ipSetIds, originalSelector: "app == 'x'" };
  if (kind < 8) {
    const names = [random.pick(NAMES), `other-${random.below(50)}`];
    return { ...ANY_ENTITY, ipSetIds, serviceAccountMatch: { selector: "", names } };
  }
  const nets = Array.from(
    { length: 1 + random.below(4) },
    () => `172.${16 + random.below(16)}.${random.below(256)}.0/24`,
  );
  return { ...ANY_ENTITY, nets };
}

function createHttp(random: Random): HttpMatch {
  const path = `/v${1 + random.below(9)}/${random.pick(RESOURCES)}${random.below(4) === 0 ? `/${random.below(5000)}` : ""}`;
  return {
    methods: [random.pick(METHODS)],
    paths: [random.below(2) === 0 ? { exact: path } : { prefix: path }],
  };
}

function createPorts(random: Random): PortRange {
  const first = random.pick([80, 443, 8080, 8443, 9090]);
  return { first, last: first + random.below(3) };
}

/** Sizes have a long tail: half of the sets are small. Members are where requests come from, so that sets decide. */
function createSet(random: Random, index: number): Message {
  const size = index % 2 === 0 ? 1 + random.below(20) : random.below(SET_MEMBERS_MAX);
  const members = new Set<string>();
  for (let count = 0; count < size; count++) members.add(`10.0.${random.below(256)}.${random.below(256)}/32`);
  if (index % 5 === 0) members.add(`10.0.${random.below(16) * 16}.0/20`);
  return {
    kind: "ipset_update",
    id: `s:set-${index}`,
    type: "NET",
    members: [...members],
    incomplete: false,
  };
}

const RULE: Rule = {
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

const POLICY = {
  namespace: "shop",
  inboundRules: [],
  outboundRules: [],
  untracked: false,
  preDnat: false,
  originalSelector: "all()",
  perfHints: [],
  unusable: "",
} as const;
