import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { convertRules } from "../../src/calc/convert-rules.ts";
import type { IpSetDefinition } from "../../src/calc/ip-set-definition.ts";
import type { PolicyRule } from "../../src/datastore/resources.ts";
import type { EntityMatch, Rule } from "../../src/policy/messages.ts";
import { formatSelector } from "../../src/selector/format-selector.ts";
import { rule } from "./make.ts";

function convert(rules: PolicyRule[], namespace = "", isUnusable = false) {
  return convertRules({ key: "owner", namespace, isUnusable }, { ingress: rules, egress: [] });
}

/** One rule, with each set id replaced by what the set holds. */
function described(
  given: PolicyRule,
  namespace = "",
): { source: string[]; destination: string[]; rule: Rule } {
  const { inboundRules, sets } = convert([given], namespace);
  const [converted] = inboundRules;
  assert.ok(converted);
  const named = (side: EntityMatch): string[] => {
    const describeAll = (field: string, ids: readonly string[]): string[] =>
      ids.map((id) => `${field}: ${describeSet(sets.get(id))}`);
    return [
      ...describeAll("in", side.ipSetIds),
      ...describeAll("not in", side.notIpSetIds),
      ...describeAll("port", side.namedPortIpSetIds),
      ...describeAll("not port", side.notNamedPortIpSetIds),
      ...describeAll("address and port", side.ipPortSetIds),
    ];
  };
  return { source: named(converted.source), destination: named(converted.destination), rule: converted };
}

function describeSet(definition: IpSetDefinition | undefined): string {
  assert.ok(definition, "a rule names only sets that are kept for it");
  switch (definition.kind) {
    case "selector":
      return formatSelector(definition.selector);
    case "named-port":
      return `${definition.protocol} ${definition.port} of ${formatSelector(definition.selector)}`;
    case "service":
      return `${definition.service}${definition.withPorts ? " with ports" : ""}`;
  }
}

const HTTP = { name: "http" };
const PORT_80 = { first: 80, last: 80 };
type Peer = NonNullable<Parameters<typeof rule>[1]>["source"] & object;

describe("one side of a rule, in sets", () => {
  const cases: { name: string; peer: Peer; want: string[] }[] = [
    { name: "nothing needs none", peer: {}, want: [] },
    { name: "nets need none", peer: { nets: ["10.0.0.0/8"], notNets: ["10.1.0.0/16"] }, want: [] },
    { name: "a selector", peer: { selector: "a == 'b'" }, want: ['in: a == "b"'] },
    {
      name: "a selector and numbers",
      peer: { selector: "a == 'b'", ports: [PORT_80] },
      want: ['in: a == "b"'],
    },
    {
      name: "a selector and names only: the names' sets carry it",
      peer: { selector: "a == 'b'", ports: [HTTP] },
      want: ['port: any http of a == "b"'],
    },
    {
      name: "a selector, numbers and names",
      peer: { selector: "a == 'b'", ports: [HTTP, PORT_80] },
      want: ['in: a == "b"', 'port: any http of a == "b"'],
    },
    { name: "names alone are of everybody", peer: { ports: [HTTP] }, want: ["port: any http of all()"] },
    {
      name: "names that it must not be, with a selector",
      peer: { selector: "a == 'b'", notPorts: [HTTP] },
      want: ['in: a == "b"', 'not port: any http of a == "b"'],
    },
    { name: "what it is not", peer: { notSelector: "a == 'b'" }, want: ['not in: a == "b"'] },
    {
      name: "what it is not, with names",
      peer: { notSelector: "a == 'b'", ports: [HTTP] },
      want: ['not in: a == "b"', "port: any http of all()"],
    },
    {
      name: "both",
      peer: { selector: "c == 'd'", notSelector: "a == 'b'" },
      want: ['in: (c == "d" && !a == "b")'],
    },
  ];
  for (const { name, peer, want } of cases) {
    it(name, () => {
      assert.deepEqual(described(rule("Allow", { source: peer })).source, want);
      assert.deepEqual(described(rule("Allow", { destination: peer })).destination, want);
    });
  }

  it("a source service has no ports, a destination service has", () => {
    const services = { name: "s", namespace: "n" };
    assert.deepEqual(described(rule("Allow", { source: { services } })).source, ["in: n/s"]);
    assert.deepEqual(described(rule("Allow", { destination: { services } })).destination, [
      "address and port: n/s with ports",
    ]);
  });

  it("equal conditions share one set", () => {
    const peer = { selector: "a == 'b'" };
    const { sets } = convert([
      rule("Allow", { source: peer }),
      rule("Deny", { source: peer, destination: peer }),
    ]);
    assert.equal(sets.size, 1);
  });
});

describe("the protocol of a named port", () => {
  const cases: { protocol: PolicyRule["protocol"]; want: string }[] = [
    { protocol: undefined, want: "any" },
    { protocol: { name: "tcp" }, want: "tcp" },
    { protocol: { name: "udp" }, want: "udp" },
    { protocol: { name: "sctp" }, want: "sctp" },
    { protocol: { number: 17 }, want: "udp" },
    { protocol: { number: 132 }, want: "sctp" },
    { protocol: { number: 6 }, want: "tcp" },
    { protocol: { number: 200 }, want: "tcp" },
  ];
  for (const { protocol, want } of cases) {
    it(`${JSON.stringify(protocol) ?? "none"} is ${want}`, () => {
      const given = rule("Allow", { destination: { ports: [HTTP] } }, { protocol });
      assert.deepEqual(described(given).destination, [`port: ${want} http of all()`]);
    });
  }
});

describe("a rule as a message", () => {
  it("lower-cases actions, and passes to the next tier", () => {
    const actions = convert([rule("Allow"), rule("Deny"), rule("Log"), rule("Pass")]).inboundRules;
    assert.deepEqual(
      actions.map(({ action }) => action),
      ["allow", "deny", "log", "next-tier"],
    );
  });

  const versions: { name: string; more: Partial<PolicyRule>; want: number | undefined }[] = [
    { name: "none", more: {}, want: undefined },
    { name: "explicit", more: { ipVersion: 6 }, want: 6 },
    { name: "implied by icmp", more: { protocol: { name: "icmp" } }, want: 4 },
    { name: "implied by icmpv6", more: { protocol: { name: "icmpv6" } }, want: 6 },
    { name: "not implied by icmp's number", more: { protocol: { number: 1 } }, want: undefined },
    { name: "not implied by what it is not", more: { notProtocol: { name: "icmp" } }, want: undefined },
    { name: "explicit before implied", more: { ipVersion: 6, protocol: { name: "icmp" } }, want: 6 },
  ];
  for (const { name, more, want } of versions) {
    it(`IP version ${name}`, () => {
      assert.equal(convert([rule("Allow", {}, more)]).inboundRules[0]?.ipVersion, want);
    });
  }

  it("carries what the author wrote beside what is matched", () => {
    const http = { methods: ["GET"], paths: [{ exact: "/a" }] };
    const { rule: converted } = described(
      rule(
        "Allow",
        {
          source: {
            nets: ["10.1.2.3/8"],
            notNets: ["fd00::1"],
            selector: "a=='b'",
            notSelector: "! has(c)",
            namespaceSelector: "all()",
            serviceAccounts: { names: ["w"], selector: "r in {'q','p'}" },
            ports: [PORT_80],
          },
          destination: { services: { name: "s" }, notPorts: [{ first: 1, last: 2 }] },
        },
        { http, icmp: { type: 8 }, notIcmp: { type: 3, code: 4 }, annotations: new Map([["k", "v"]]) },
      ),
      "prod",
    );
    assert.deepEqual(converted.source.nets, ["10.0.0.0/8"]);
    assert.deepEqual(converted.source.notNets, ["fd00::1/128"]);
    assert.equal(converted.source.originalSelector, 'a == "b"');
    assert.equal(converted.source.originalNotSelector, "!has(c)");
    assert.equal(converted.source.originalNamespaceSelector, "all()");
    assert.deepEqual(converted.source.serviceAccountMatch, { names: ["w"], selector: 'r in {"p", "q"}' });
    assert.deepEqual(converted.source.ports, [PORT_80]);
    assert.equal(converted.destination.originalService, "s");
    assert.equal(converted.destination.originalServiceNamespace, "");
    assert.equal(converted.destination.serviceAccountMatch, undefined);
    assert.deepEqual(converted.destination.notPorts, [{ first: 1, last: 2 }]);
    assert.deepEqual(converted.http, http);
    assert.deepEqual(converted.icmp, { type: 8 });
    assert.deepEqual(converted.notIcmp, { type: 3, code: 4 });
    assert.deepEqual(converted.annotations, new Map([["k", "v"]]));
  });

  it("a service account match that asks for nothing is none", () => {
    const { rule: converted } = described(rule("Allow", { source: { serviceAccounts: {} } }), "prod");
    assert.equal(converted.source.serviceAccountMatch, undefined);
  });

  it("of an unusable object keeps the actions and nothing else", () => {
    const given = rule("Deny", { source: { selector: "a == 'b'", nets: ["10.0.0.0/8"] } }, { ipVersion: 4 });
    const { inboundRules, sets } = convert([given, rule("Allow")], "prod", true);
    assert.equal(sets.size, 0);
    assert.deepEqual(
      inboundRules.map(({ action }) => action),
      ["deny", "allow"],
    );
    assert.deepEqual(inboundRules[0]?.source.nets, []);
    assert.equal(inboundRules[0]?.source.originalSelector, "");
    assert.equal(inboundRules[0]?.ipVersion, undefined);
  });
});

describe("rule ids", () => {
  const ids = (...rules: PolicyRule[]): string[] => convert(rules).inboundRules.map(({ ruleId }) => ruleId);
  const a = rule("Allow", { source: { selector: "a == 'b'" } });
  const b = rule("Deny");

  it("are 16 characters and differ between rules", () => {
    const [first, second] = ids(a, b);
    assert.match(first ?? "", /^[A-Za-z0-9_-]{16}$/);
    assert.notEqual(first, second);
  });

  it("are the same for the same rules", () => assert.deepEqual(ids(a, b), ids(structuredClone(a), b)));

  it("differ for equal rules in two places", () => {
    const [first, second] = ids(b, b);
    assert.notEqual(first, second);
  });

  it("of earlier rules don't depend on later ones", () => assert.equal(ids(a, b)[0], ids(a)[0]));

  it("of later rules depend on earlier ones", () => assert.notEqual(ids(a, b)[1], ids(b, b)[1]));

  it("depend on annotations, which are a map", () => {
    const noted = { ...a, annotations: new Map([["k", "v"]]) };
    assert.notEqual(ids(a)[0], ids(noted)[0]);
  });

  it("differ between owners and directions", () => {
    const of = (key: string) =>
      convertRules({ key, namespace: "", isUnusable: false }, { ingress: [a], egress: [a] });
    assert.notEqual(of("x").inboundRules[0]?.ruleId, of("y").inboundRules[0]?.ruleId);
    assert.notEqual(of("x").inboundRules[0]?.ruleId, of("x").outboundRules[0]?.ruleId);
  });
});
