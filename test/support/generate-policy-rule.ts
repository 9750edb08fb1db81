/** Random selectors, peers and rules as a datastore yields them, from few labels and addresses. */
import fc from "fast-check";
import type { EntityRule, PolicyRule, RulePort } from "../../src/datastore/resources.ts";
import type { Cidr, IpAddress } from "../../src/net/address.ts";
import type { Protocol } from "../../src/policy/messages.ts";
import type { Selector } from "../../src/selector/selector.ts";
import { identities } from "./generate-identities.ts";
import { readBlockText, toWords } from "./reference/addresses.ts";
import { sometimes, weighted } from "./weighted.ts";

export const namespace = fc.constantFrom("prod", "dev");
export const account = fc.constantFrom("web", "api", "default");

export function cidr(text: string): Cidr {
  const { address, length } = readBlockText(text)!;
  const [w0, w1, w2, w3] = toWords(address);
  return { address: { family: address.family, w0, w1, w2, w3 }, length };
}

export function ip(text: string): IpAddress {
  return cidr(text).address;
}

export const address = fc
  .constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.9", "fd00::1", "fd00::2")
  .map(ip);
export const net = fc
  .constantFrom("10.0.0.0/30", "10.0.0.2/31", "10.0.0.1/32", "192.0.2.0/24", "0.0.0.0/0", "fd00::/64", "::/0")
  .map(cidr);

// ---- labels and selectors

export const LABELS = ["app", "team", "tier"] as const;
export const VALUES = ["a", "b"] as const;

export const labels = fc
  .array(fc.tuple(fc.constantFrom(...LABELS), fc.constantFrom(...VALUES)), { maxLength: 2 })
  .map((pairs) => new Map<string, string>(pairs));

/** Labels that some try to lie with. */
export const anyLabels = weighted<Map<string, string>>(
  [6, labels],
  [
    4,
    fc
      .tuple(
        labels,
        fc.constantFrom(
          "pcns.team",
          "pcsa.tier",
          "projectcalico.org/namespace",
          "projectcalico.org/serviceaccount",
          "projectcalico.org/orchestrator",
        ),
        fc.constantFrom("a", "prod", "web", "k8s"),
      )
      .map(([own, key, value]) => new Map([...own, [key, value]])),
  ],
);

export const leaf: fc.Arbitrary<Selector> = weighted<Selector>(
  [
    6,
    fc.record({
      op: fc.constant("eq" as const),
      label: fc.constantFrom(...LABELS),
      value: fc.constantFrom(...VALUES),
    }),
  ],
  [
    2,
    fc.record({
      op: fc.constant("ne" as const),
      label: fc.constantFrom(...LABELS),
      value: fc.constantFrom(...VALUES),
    }),
  ],
  [2, fc.record({ op: fc.constant("has" as const), label: fc.constantFrom(...LABELS) })],
  [1, fc.constant({ op: "all" as const })],
  [
    1,
    fc.constantFrom<Selector>(
      { op: "in", label: "app", values: ["a", "b"] },
      { op: "in", label: "app", values: [] },
      { op: "notIn", label: "team", values: ["a"] },
      { op: "startsWith", label: "tier", value: "a" },
      { op: "endsWith", label: "tier", value: "b" },
      { op: "contains", label: "app", value: "" },
    ),
  ],
);

export const selector: fc.Arbitrary<Selector> = weighted<Selector>(
  [6, leaf],
  [1, leaf.map((operand) => ({ op: "not", operand }))],
  [1, fc.tuple(leaf, leaf).map((operands) => ({ op: "and", operands }))],
  [1, fc.tuple(leaf, leaf).map((operands) => ({ op: "or", operands }))],
);

export const namespaceSelector: fc.Arbitrary<Selector> = weighted<Selector>(
  [5, leaf],
  [1, fc.constant({ op: "global" as const })],
  [1, fc.constant({ op: "all" as const })],
  [1, fc.constant({ op: "eq" as const, label: "projectcalico.org/name", value: "prod" })],
);

// ---- rules

export const rulePort: fc.Arbitrary<RulePort> = weighted<RulePort>(
  [1, fc.constantFrom({ first: 80, last: 80 }, { first: 8000, last: 8080 }, { first: 81, last: 90 })],
  [1, fc.constantFrom({ name: "http" }, { name: "dns" })],
);
const rulePorts = fc.array(rulePort, { minLength: 1, maxLength: 2 });

export const ANY_ENTITY: EntityRule = {
  nets: [],
  notNets: [],
  selector: undefined,
  notSelector: undefined,
  namespaceSelector: undefined,
  ports: [],
  notPorts: [],
  serviceAccounts: undefined,
  services: undefined,
};

function entity(
  fields: Partial<{ [K in keyof EntityRule]: fc.Arbitrary<EntityRule[K]> }>,
): fc.Arbitrary<EntityRule> {
  return fc.record(fields).map((chosen) => ({ ...ANY_ENTITY, ...(chosen as Partial<EntityRule>) }));
}

const serviceAccounts = fc.record({
  names: fc.uniqueArray(account, { maxLength: 2 }),
  selector: sometimes(40, leaf, undefined),
});

export const service = fc.record({
  name: fc.constantFrom("db", "cache"),
  namespace: fc.constantFrom("prod", "dev"),
});

const peer = weighted<EntityRule>(
  [4, fc.constant(ANY_ENTITY)],
  [5, entity({ selector, namespaceSelector: sometimes(30, namespaceSelector, undefined) })],
  [2, entity({ notSelector: selector, selector: sometimes(40, selector, undefined) })],
  [3, entity({ namespaceSelector })],
  [3, entity({ serviceAccounts, namespaceSelector: sometimes(30, namespaceSelector, undefined) })],
  [1, entity({ identities, serviceAccounts: sometimes(30, serviceAccounts, undefined) })],
  [
    1,
    entity({
      nets: fc.array(net, { minLength: 1, maxLength: 2 }),
      notNets: sometimes(30, fc.array(net, { maxLength: 1 }), []),
    }),
  ],
  [3, entity({ ports: rulePorts, selector: sometimes(60, selector, undefined) })],
  [
    2,
    entity({
      notPorts: rulePorts,
      selector: sometimes(40, selector, undefined),
      notSelector: sometimes(20, selector, undefined),
    }),
  ],
  [2, entity({ services: service })],
);

export const protocol: fc.Arbitrary<Protocol | undefined> = weighted<Protocol | undefined>(
  [4, fc.constant(undefined)],
  [4, fc.constantFrom({ name: "tcp" }, { name: "udp" }, { name: "sctp" })],
  [2, fc.constantFrom({ number: 6 }, { number: 17 }, { name: "icmp" }, { name: "icmpv6" })],
);

export const rule: fc.Arbitrary<PolicyRule> = fc.record({
  action: fc.constantFrom("Allow", "Allow", "Deny", "Pass", "Log"),
  ipVersion: sometimes<4 | 6, undefined>(10, fc.constantFrom(4, 6), undefined),
  protocol,
  notProtocol: sometimes(10, fc.constant({ name: "udp" }), undefined),
  icmp: fc.constant(undefined),
  notIcmp: fc.constant(undefined),
  source: peer,
  destination: peer,
  http: sometimes(20, fc.constant({ methods: ["GET"], paths: [{ prefix: "/a" }] }), undefined),
  annotations: sometimes(10, fc.constant(new Map([["why", "x"]])), new Map<string, string>()),
});

export const rules = fc.array(rule, { maxLength: 2 });
