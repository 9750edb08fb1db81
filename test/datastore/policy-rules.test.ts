import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findings, globalPolicy, messages, networkPolicy, type Plain, valid } from "./objects.ts";

type Case = {
  readonly name: string;
  readonly rule: Plain;
  /** `code path` below the rule; none: the rule is legal. */
  readonly want?: readonly string[];
  readonly in?: "ingress" | "egress";
  readonly scope?: "cluster";
};

/** A rule with one side's fields. */
const from = (source: Plain, rest: Plain = {}): Plain => ({
  action: "Allow",
  protocol: "TCP",
  ...rest,
  source,
});
const to = (destination: Plain, rest: Plain = {}): Plain => ({
  action: "Allow",
  protocol: "TCP",
  ...rest,
  destination,
});
const http = (match: unknown): Plain => ({ action: "Allow", http: match });
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

const CASES: readonly Case[] = [
  { name: "an action is required", rule: {}, want: ["missing_field action"] },
  ...["Allow", "Deny", "Log", "Pass"].map((action) => ({ name: `${action} is an action`, rule: { action } })),
  { name: "actions have exact case", rule: { action: "allow" }, want: ["bad_value action"] },
  { name: "next-tier is no word of the API", rule: { action: "next-tier" }, want: ["bad_value action"] },
  { name: "a rule is a mapping", rule: "Allow" as unknown as Plain, want: ["bad_value "] },
  {
    name: "an unknown key is an error",
    rule: { action: "Allow", sources: {} },
    want: ["unknown_key sources"],
  },
  {
    name: "a key without a value is an error",
    rule: { action: "Allow", source: null },
    want: ["bad_value source"],
  },

  { name: "ipVersion 4", rule: { action: "Allow", ipVersion: 4 } },
  { name: "ipVersion 6", rule: { action: "Allow", ipVersion: 6 } },
  { name: "ipVersion 5", rule: { action: "Allow", ipVersion: 5 }, want: ["bad_value ipVersion"] },
  { name: "ipVersion as text", rule: { action: "Allow", ipVersion: "4" }, want: ["bad_value ipVersion"] },
  { name: "ICMP with IPv4", rule: { action: "Allow", ipVersion: 4, protocol: "ICMP" } },
  {
    name: "ICMP with IPv6",
    rule: { action: "Allow", ipVersion: 6, protocol: "ICMP" },
    want: ["conflict ipVersion"],
  },
  { name: "ICMPv6 with IPv6", rule: { action: "Allow", ipVersion: 6, protocol: "ICMPv6" } },
  {
    name: "ICMPv6 by number with IPv4",
    rule: { action: "Allow", ipVersion: 4, protocol: 58 },
    want: ["conflict ipVersion"],
  },
  { name: "nets of the IP version", rule: from({ nets: ["fd00::/8"] }, { ipVersion: 6 }) },
  {
    name: "nets of the other IP version",
    rule: from({ nets: ["10.0.0.0/8"] }, { ipVersion: 6 }),
    want: ["conflict source.nets[0]"],
  },
  {
    name: "nets of two families",
    rule: from({ nets: ["10.0.0.0/8", "fd00::/8"] }),
    want: ["conflict source.nets[1]"],
  },
  {
    name: "two families over both sides",
    rule: { action: "Allow", source: { notNets: ["10.0.0.0/8"] }, destination: { nets: ["fd00::/8"] } },
    want: ["conflict destination.nets[0]"],
  },

  ...["TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite", "tcp", 1, 255, "6"].map((protocol) => ({
    name: `protocol ${JSON.stringify(protocol)}`,
    rule: { action: "Allow", protocol },
  })),
  ...["HTTP", "", 0, 256, -1, 6.5, "0", "256", "999999999999", "-6"].map((protocol) => ({
    name: `protocol ${JSON.stringify(protocol)} is none`,
    rule: { action: "Allow", protocol },
    want: ["bad_protocol protocol"],
  })),
  { name: "protocol as a list", rule: { action: "Allow", protocol: ["TCP"] }, want: ["bad_value protocol"] },
  { name: "notProtocol", rule: { action: "Allow", notProtocol: "UDP" } },

  { name: "icmp with its protocol", rule: { action: "Allow", protocol: "ICMP", icmp: { type: 8, code: 0 } } },
  { name: "icmp with its number", rule: { action: "Allow", protocol: 58, icmp: { type: 254, code: 255 } } },
  { name: "icmp without protocol", rule: { action: "Allow", icmp: { type: 8 } }, want: ["conflict icmp"] },
  {
    name: "icmp with TCP",
    rule: { action: "Allow", protocol: "TCP", icmp: { type: 8 } },
    want: ["conflict icmp"],
  },
  {
    name: "ICMP type 255",
    rule: { action: "Allow", protocol: "ICMP", icmp: { type: 255 } },
    want: ["limit icmp.type"],
  },
  {
    name: "ICMP code 256",
    rule: { action: "Allow", protocol: "ICMP", icmp: { type: 1, code: 256 } },
    want: ["limit icmp.code"],
  },
  {
    name: "an ICMP code needs a type",
    rule: { action: "Allow", protocol: "ICMP", icmp: { code: 1 } },
    want: ["missing_field icmp.type"],
  },
  { name: "notICMP without protocol", rule: { action: "Allow", notICMP: { type: 8 } } },

  { name: "http with nothing in it", rule: http({}) },
  { name: "http with TCP", rule: { ...http({}), protocol: "TCP" } },
  { name: "http with 6", rule: { ...http({}), protocol: 6 } },
  { name: "http with UDP", rule: { ...http({}), protocol: "UDP" }, want: ["conflict protocol"] },
  ...["Deny", "Log", "Pass"].map((action) => ({
    name: `http with ${action}`,
    rule: { action, http: {} },
    want: ["conflict http"],
  })),
  { name: "http in egress", in: "egress", rule: http({}), want: ["conflict http"] },
  { name: "methods", rule: http({ methods: ["GET", "*", "PURGE", "m-search"] }) },
  { name: "20 methods", rule: http({ methods: many(20, (index) => `M${index}`) }) },
  {
    name: "21 methods",
    rule: http({ methods: many(21, (index) => `M${index}`) }),
    want: ["limit http.methods"],
  },
  {
    name: "a method twice",
    rule: http({ methods: ["GET", "POST", "GET"] }),
    want: ["bad_http http.methods[2]"],
  },
  { name: "an empty method", rule: http({ methods: [""] }), want: ["bad_http http.methods[0]"] },
  { name: "a method with a space", rule: http({ methods: ["GET /"] }), want: ["bad_http http.methods[0]"] },
  { name: "a method in lower case", rule: http({ methods: ["get"] }), want: ["bad_http http.methods[0]"] },
  { name: "paths", rule: http({ paths: [{ exact: "/" }, { prefix: "/v1/" }, { exact: "/%7Euser;v=1" }] }) },
  { name: "20 paths", rule: http({ paths: many(20, (index) => ({ exact: `/${index}` })) }) },
  {
    name: "21 paths",
    rule: http({ paths: many(21, (index) => ({ exact: `/${index}` })) }),
    want: ["limit http.paths"],
  },
  { name: "a path of 1024 characters", rule: http({ paths: [{ exact: `/${"a".repeat(1023)}` }] }) },
  {
    name: "a path of 1025 characters",
    rule: http({ paths: [{ exact: `/${"a".repeat(1024)}` }] }),
    want: ["limit http.paths[0].exact"],
  },
  {
    name: "a path that is exact and prefix",
    rule: http({ paths: [{ exact: "/a", prefix: "/a" }] }),
    want: ["conflict http.paths[0]"],
  },
  { name: "a path that is neither", rule: http({ paths: [{}] }), want: ["missing_field http.paths[0]"] },
  {
    name: "a path without its slash",
    rule: http({ paths: [{ prefix: "v1" }] }),
    want: ["bad_http http.paths[0].prefix"],
  },
  ...["/a?b", "/a#b", "/a b", "/a\u0000b", "/a\tb", ""].map((exact) => ({
    name: `path ${JSON.stringify(exact)} can't match`,
    rule: http({ paths: [{ exact }] }),
    want: ["bad_http http.paths[0].exact"],
  })),
  { name: "paths as texts", rule: http({ paths: ["/a"] }), want: ["bad_value http.paths[0]"] },

  { name: "nets", rule: from({ nets: ["10.0.0.0/8", "0.0.0.0/0"] }) },
  { name: "256 nets", rule: from({ nets: many(256, (index) => `10.0.${index}.0/24`) }) },
  { name: "257 nets", rule: from({ nets: many(257, () => "10.0.0.0/8") }), want: ["limit source.nets"] },
  ...[
    "10.0.0.1",
    "10.0.0.1/8",
    "10.0.0.0/33",
    "10.0.0/8",
    "010.0.0.0/8",
    "fe80::1%eth0/128",
    "",
    "localhost",
  ].map((net) => ({
    name: `net ${JSON.stringify(net)}`,
    rule: from({ nets: [net] }),
    want: ["bad_cidr source.nets[0]"],
  })),
  {
    name: "notNets of everything in IPv4",
    rule: from({ notNets: ["0.0.0.0/0"] }),
    want: ["bad_cidr source.notNets[0]"],
  },
  {
    name: "notNets of everything in IPv6",
    rule: to({ notNets: ["::/0"] }),
    want: ["bad_cidr destination.notNets[0]"],
  },
  { name: "notNets of half of everything", rule: from({ notNets: ["0.0.0.0/1"] }) },

  {
    name: "selectors",
    rule: from({ selector: "a == 'b'", notSelector: "has(c)", namespaceSelector: "all()" }),
  },
  {
    name: "a selector that does not parse",
    rule: from({ selector: "a = 'b'" }),
    want: ["bad_selector source.selector at character 3"],
  },
  { name: "1024 characters of selector", rule: from({ selector: `a == '${"x".repeat(1017)}'` }) },
  {
    name: "1025 characters of selector",
    rule: from({ selector: `a == '${"x".repeat(1018)}'` }),
    want: ["limit source.selector"],
  },
  {
    name: "global() in a selector",
    rule: from({ selector: "global()" }),
    want: ["bad_selector source.selector"],
  },
  { name: "global( inside a value", rule: from({ selector: "a == 'global()'" }) },
  {
    name: "global() in a notSelector",
    rule: from({ notSelector: "!global()" }),
    want: ["bad_selector source.notSelector"],
  },
  { name: "global() as namespace selector", rule: from({ namespaceSelector: "global()" }) },
  {
    name: "global() and more",
    rule: from({ namespaceSelector: "global() || all()" }),
    want: ["bad_selector source.namespaceSelector"],
  },
  {
    name: "not global()",
    rule: from({ namespaceSelector: "!global()" }),
    want: ["bad_selector source.namespaceSelector"],
  },
  {
    name: "global() of service accounts",
    rule: from({ serviceAccounts: { selector: "global()" } }),
    want: ["bad_selector source.serviceAccounts.selector"],
  },

  { name: "ports", rule: to({ ports: [80, "81", "8000:8010", "http", "1:65535", "_x.y-Z"] }) },
  { name: "50 ports", rule: to({ ports: many(50, (index) => index + 1) }) },
  {
    name: "51 ports",
    rule: to({ ports: many(51, (index) => index + 1) }),
    want: ["limit destination.ports"],
  },
  ...[
    0,
    65_536,
    -1,
    80.5,
    "0",
    "65536",
    "10:9",
    "1:65536",
    "0:80",
    "",
    "a b",
    "http:80",
    "80:",
    "x".repeat(129),
  ].map((port) => ({
    name: `port ${JSON.stringify(port)}`,
    rule: to({ ports: [port] }),
    want: ["bad_port destination.ports[0]"],
  })),
  { name: "a port that is true", rule: to({ ports: [true] }), want: ["bad_value destination.ports[0]"] },
  {
    name: "port numbers without protocol",
    rule: { action: "Allow", destination: { ports: [80] } },
    want: ["conflict destination.ports"],
  },
  {
    name: "excluded port numbers without protocol",
    rule: { action: "Allow", source: { notPorts: ["1:2"] } },
    want: ["conflict source.notPorts"],
  },
  { name: "names of ports without protocol", rule: { action: "Allow", destination: { ports: ["http"] } } },
  ...["TCP", "udp", "SCTP", 6, 17, "132"].map((protocol) => ({
    name: `ports of ${protocol}`,
    rule: to({ ports: [80, "http"] }, { protocol }),
  })),
  ...["ICMP", "UDPLite", 1, 255].map((protocol) => ({
    name: `ports of ${protocol}, which has none`,
    rule: to({ ports: ["http"] }, { protocol }),
    want: ["conflict destination.ports"],
  })),

  {
    name: "service accounts",
    rule: from({ serviceAccounts: { names: ["web", "a.b"], selector: "r == 'q'" } }),
  },
  {
    name: "service accounts in egress with Deny",
    in: "egress",
    rule: to({ serviceAccounts: { names: ["web"] } }, { action: "Deny" }),
  },
  {
    name: "an empty service account name",
    rule: from({ serviceAccounts: { names: [""] } }),
    want: ["bad_name source.serviceAccounts.names[0]"],
  },
  {
    name: "a service account in capitals",
    rule: from({ serviceAccounts: { names: ["Web"] } }),
    want: ["bad_name source.serviceAccounts.names[0]"],
  },
  {
    name: "service accounts as a list",
    rule: from({ serviceAccounts: ["web"] }),
    want: ["bad_value source.serviceAccounts"],
  },

  { name: "a service as source of ingress", rule: from({ services: { name: "web" } }) },
  {
    name: "a service as destination of ingress",
    rule: to({ services: { name: "web" } }),
    want: ["conflict destination.services"],
  },
  {
    name: "a service as destination of egress",
    in: "egress",
    rule: to({ services: { name: "web", namespace: "shop" } }),
  },
  {
    name: "a service as source of egress",
    in: "egress",
    rule: from({ services: { name: "web" } }),
    want: ["conflict source.services"],
  },
  {
    name: "a service without a name",
    rule: from({ services: { namespace: "shop" } }),
    want: ["missing_field source.services.name"],
  },
  {
    name: "a service with a name that can't be one",
    rule: from({ services: { name: "" } }),
    want: ["bad_name source.services.name"],
  },
  {
    name: "a cluster-wide policy's service with namespace",
    scope: "cluster",
    rule: from({ services: { name: "web", namespace: "shop" } }),
  },
  {
    name: "a cluster-wide policy's service without",
    scope: "cluster",
    rule: from({ services: { name: "web" } }),
    want: ["missing_field source.services"],
  },
  ...[
    { selector: "has(a)" },
    { notSelector: "has(a)" },
    { namespaceSelector: "all()" },
    { serviceAccounts: { names: ["web"] } },
    { nets: ["10.0.0.0/8"] },
    { notNets: ["10.0.0.0/8"] },
  ].map((other) => ({
    name: `a service and ${Object.keys(other)[0]}`,
    rule: from({ services: { name: "web" }, ...other }),
    want: [`conflict source.${Object.keys(other)[0]}`],
  })),
  { name: "a source service and source ports", rule: from({ services: { name: "web" }, ports: [80] }) },
  {
    name: "a destination service and ports",
    in: "egress",
    rule: to({ services: { name: "web" }, ports: [80] }),
    want: ["conflict destination.ports"],
  },
  {
    name: "a destination service and notPorts",
    in: "egress",
    rule: to({ services: { name: "web" }, notPorts: [80] }),
    want: ["conflict destination.notPorts"],
  },

  { name: "annotations", rule: { action: "Allow", metadata: { annotations: { a: "x".repeat(262_143) } } } },
  {
    name: "too long annotations",
    rule: { action: "Allow", metadata: { annotations: { a: "x".repeat(262_144) } } },
    want: ["limit metadata.annotations"],
  },
  {
    name: "an annotation that is a number",
    rule: { action: "Allow", metadata: { annotations: { a: 1 } } },
    want: ["bad_value metadata.annotations.a"],
  },
];

describe("a rule", () => {
  for (const { name, rule, want = [], in: direction = "ingress", scope } of CASES) {
    it(`${want.length === 0 ? "accepts" : "refuses"}: ${name}`, () => {
      const spec = { types: ["Ingress", "Egress"], [direction]: [rule] };
      const policy = scope === "cluster" ? globalPolicy(spec) : networkPolicy(spec);
      const at = `spec.${direction}[0]`;
      const expected = want.map((each) =>
        each.replace(/^(\w+) (.*)$/, (_, code, path) => `${code} ${path === "" ? at : `${at}.${path}`}`),
      );
      assert.deepEqual(findings(policy), expected);
    });
  }

  it("reports every problem of every rule, not the first", () => {
    const ingress = [
      { action: "Alow" },
      { action: "Allow", protocol: "X", source: { nets: ["y"], ports: ["", 0] } },
    ];
    assert.equal(findings(networkPolicy({ ingress, order: "first" })).length, 6);
  });

  it("reads names of protocols in lower case and numbers as numbers", () => {
    const { spec } = valid(
      "NetworkPolicy",
      networkPolicy({ ingress: [{ action: "Allow", protocol: "UDPLite", notProtocol: "6" }] }),
    );
    assert.deepEqual(spec.ingress[0]?.protocol, { name: "udplite" });
    assert.deepEqual(spec.ingress[0]?.notProtocol, { number: 6 });
  });

  it("reads ports of every notation", () => {
    const { spec } = valid(
      "NetworkPolicy",
      networkPolicy({ ingress: [to({ ports: [80, "081", "1:2", "80a"] })] }),
    );
    assert.deepEqual(spec.ingress[0]?.destination.ports, [
      { first: 80, last: 80 },
      { first: 81, last: 81 },
      { first: 1, last: 2 },
      { name: "80a" },
    ]);
  });

  it("says what was probably meant", () => {
    assert.deepEqual(messages(networkPolicy({ ingress: [{ action: "allow", sorce: {} }] })), [
      "`allow` is not one of Allow, Deny, Log, Pass; did you mean `Allow`?",
      "unknown key `sorce`; did you mean `source`?",
    ]);
  });

  it("says what is allowed where nothing is near", () => {
    assert.deepEqual(
      messages(networkPolicy({ ingress: [{ action: "Allow", destination: { cidrs: [] } }] })),
      [
        "unknown key `cidrs`; allowed here: nets, notNets, selector, notSelector, namespaceSelector, ports, notPorts, serviceAccounts, services, identities",
      ],
    );
  });
});
