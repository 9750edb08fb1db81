import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatCidr } from "../../src/net/address.ts";
import { formatSelector } from "../../src/selector/format-selector.ts";
import { findings, object, type Plain, valid } from "./objects.ts";

const EVERYONE = { podSelector: {} };
const policy = (spec: Plain): Plain =>
  object("networking.k8s.io/v1", "NetworkPolicy", { name: "a", namespace: "b" }, { spec });
const ingress = (rule: Plain): Plain => policy({ ...EVERYONE, ingress: [rule] });
const peer = (from: Plain): Plain => ingress({ from: [from] });
const port = (each: unknown): Plain => ingress({ ports: [each] });
const block = (ipBlock: Plain): Plain => peer({ ipBlock });
const chosen = (podSelector: unknown): Plain => policy({ podSelector });

type Case = { readonly name: string; readonly value: Plain; readonly want?: readonly string[] };

function check(cases: readonly Case[]): void {
  for (const { name, value, want = [] } of cases) {
    it(`${want.length === 0 ? "accepts" : "refuses"}: ${name}`, () =>
      assert.deepEqual(findings(value), want));
  }
}

describe("a Kubernetes network policy", () => {
  check([
    { name: "all pods", value: policy(EVERYONE) },
    { name: "no pod selector", value: policy({}), want: ["missing_field spec.podSelector"] },
    {
      name: "a pod selector without a value",
      value: policy({ podSelector: null }),
      want: ["bad_value spec.podSelector"],
    },
    {
      name: "an unknown key",
      value: policy({ ...EVERYONE, selector: {} }),
      want: ["unknown_key spec.selector"],
    },
    { name: "policy types", value: policy({ ...EVERYONE, policyTypes: ["Ingress", "Egress"] }) },
    {
      name: "a policy type in lower case",
      value: policy({ ...EVERYONE, policyTypes: ["egress"] }),
      want: ["bad_value spec.policyTypes[0]"],
    },
    {
      name: "a peer by labels",
      value: peer({ podSelector: {}, namespaceSelector: { matchLabels: { a: "b" } } }),
    },
    { name: "an empty peer", value: peer({}), want: ["missing_field spec.ingress[0].from[0]"] },
    { name: "a block", value: block({ cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] }) },
    { name: "a block with host bits, which are cleared", value: block({ cidr: "10.0.0.1/8" }) },
    {
      name: "a block with leading zeros",
      value: block({ cidr: "010.0.0.0/8" }),
      want: ["bad_cidr spec.ingress[0].from[0].ipBlock.cidr"],
    },
    {
      name: "a block without a length",
      value: block({ cidr: "10.0.0.0" }),
      want: ["bad_cidr spec.ingress[0].from[0].ipBlock.cidr"],
    },
    {
      name: "a block without a CIDR",
      value: block({ except: [] }),
      want: ["missing_field spec.ingress[0].from[0].ipBlock.cidr"],
    },
    {
      name: "an exception that does not parse",
      value: block({ cidr: "10.0.0.0/8", except: ["10.1.0.0/16", "x"] }),
      want: ["bad_cidr spec.ingress[0].from[0].ipBlock.except[1]"],
    },
    {
      name: "an exception outside",
      value: block({ cidr: "10.0.0.0/8", except: ["11.0.0.0/16"] }),
      want: ["bad_cidr spec.ingress[0].from[0].ipBlock.except[0]"],
    },
    {
      name: "an exception as large as the block",
      value: block({ cidr: "10.0.0.0/8", except: ["10.0.0.0/8"] }),
      want: ["bad_cidr spec.ingress[0].from[0].ipBlock.except[0]"],
    },
    {
      name: "an exception of the other family",
      value: block({ cidr: "0.0.0.0/0", except: ["fd00::/8"] }),
      want: ["bad_cidr spec.ingress[0].from[0].ipBlock.except[0]"],
    },
    {
      name: "a block and a selector",
      value: peer({ ipBlock: { cidr: "10.0.0.0/8" }, podSelector: {} }),
      want: ["conflict spec.ingress[0].from[0].ipBlock"],
    },
    { name: "`to` in an ingress rule", value: ingress({ to: [] }), want: ["unknown_key spec.ingress[0].to"] },
    {
      name: "ports",
      value: ingress({
        ports: [
          { port: 80 },
          { port: "http", protocol: "UDP" },
          { port: 1, endPort: 65_535 },
          { protocol: "SCTP" },
          {},
        ],
      }),
    },
    { name: "port 0", value: port({ port: 0 }), want: ["bad_port spec.ingress[0].ports[0].port"] },
    { name: "port 65536", value: port({ port: 65_536 }), want: ["bad_port spec.ingress[0].ports[0].port"] },
    {
      name: "a number in quotes",
      value: port({ port: "80" }),
      want: ["bad_port spec.ingress[0].ports[0].port"],
    },
    {
      name: "a name of 16 characters",
      value: port({ port: "a".repeat(16) }),
      want: ["bad_port spec.ingress[0].ports[0].port"],
    },
    {
      name: "a range that ends before it begins",
      value: port({ port: 80, endPort: 79 }),
      want: ["bad_port spec.ingress[0].ports[0].endPort"],
    },
    {
      name: "a range from a name",
      value: port({ port: "http", endPort: 90 }),
      want: ["conflict spec.ingress[0].ports[0].endPort"],
    },
    {
      name: "a range from nothing",
      value: port({ endPort: 90 }),
      want: ["conflict spec.ingress[0].ports[0].endPort"],
    },
    {
      name: "a protocol that Kubernetes has not",
      value: port({ protocol: "ICMP" }),
      want: ["bad_value spec.ingress[0].ports[0].protocol"],
    },
    {
      name: "a protocol in lower case",
      value: port({ protocol: "tcp" }),
      want: ["bad_value spec.ingress[0].ports[0].protocol"],
    },
  ]);

  const selectors: readonly { readonly from: Plain; readonly want: string }[] = [
    { from: {}, want: "all()" },
    { from: { matchLabels: { b: "2", a: "1" } }, want: '(a == "1" && b == "2")' },
    { from: { matchLabels: { a: "" } }, want: 'a == ""' },
    {
      from: { matchExpressions: [{ key: "a", operator: "In", values: ["y", "x", "x"] }] },
      want: 'a in {"x", "y"}',
    },
    { from: { matchExpressions: [{ key: "a", operator: "NotIn", values: ["x"] }] }, want: 'a not in {"x"}' },
    { from: { matchExpressions: [{ key: "a/b", operator: "Exists" }] }, want: "has(a/b)" },
    { from: { matchExpressions: [{ key: "a", operator: "DoesNotExist", values: [] }] }, want: "!has(a)" },
    {
      from: { matchLabels: { a: "1" }, matchExpressions: [{ key: "b", operator: "Exists" }] },
      want: '(a == "1" && has(b))',
    },
  ];
  for (const { from, want } of selectors) {
    it(`reads ${JSON.stringify(from)} as ${want}`, () => {
      assert.equal(formatSelector(valid("KubernetesNetworkPolicy", chosen(from)).podSelector), want);
    });
  }
  const expression = (each: Plain): Plain => chosen({ matchExpressions: [{ key: "a", ...each }] });
  check([
    {
      name: "In without values",
      value: expression({ operator: "In" }),
      want: ["missing_field spec.podSelector.matchExpressions[0]"],
    },
    {
      name: "Exists with values",
      value: expression({ operator: "Exists", values: ["x"] }),
      want: ["conflict spec.podSelector.matchExpressions[0].values"],
    },
    {
      name: "an unknown operator",
      value: expression({ operator: "Equals", values: ["x"] }),
      want: ["bad_value spec.podSelector.matchExpressions[0].operator"],
    },
    {
      name: "a label's name that can't be one",
      value: chosen({ matchLabels: { "a b": "x" } }),
      want: ['bad_name spec.podSelector.matchLabels["a b"]'],
    },
    {
      name: "a label's value that can't be one",
      value: chosen({ matchLabels: { a: "x y" } }),
      want: ["bad_value spec.podSelector.matchLabels.a"],
    },
    {
      name: "labels without matchLabels",
      value: chosen({ app: "web" }),
      want: ["unknown_key spec.podSelector.app"],
    },
  ]);

  const directions: readonly { readonly spec: Plain; readonly want: readonly [boolean, boolean] }[] = [
    { spec: {}, want: [true, false] },
    { spec: { policyTypes: [] }, want: [true, false] },
    { spec: { policyTypes: ["Egress"] }, want: [false, true] },
    { spec: { policyTypes: ["Egress", "Ingress"] }, want: [true, true] },
    { spec: { egress: [{}] }, want: [true, false] },
  ];
  for (const { spec, want } of directions) {
    it(`applies to ingress ${want[0]}, egress ${want[1]}: ${JSON.stringify(spec)}`, () => {
      const read = valid("KubernetesNetworkPolicy", policy({ ...EVERYONE, ...spec }));
      assert.deepEqual([read.appliesToIngress, read.appliesToEgress], want);
    });
  }
  it("warns of egress rules that have no effect", () => {
    assert.deepEqual(findings(policy({ ...EVERYONE, egress: [{}] }), "warning"), ["conflict spec.egress"]);
    assert.deepEqual(findings(policy({ ...EVERYONE, policyTypes: ["Egress"], egress: [{}] }), "warning"), []);
  });
  it("reads ports, peers and blocks", () => {
    const rule = {
      from: [{ namespaceSelector: {} }, { ipBlock: { cidr: "10.0.0.1/8", except: ["10.1.0.0/16"] } }],
      ports: [{ port: 1, endPort: 2 }, {}],
    };
    const [read] = valid("KubernetesNetworkPolicy", ingress(rule)).ingress;
    assert.deepEqual(read?.ports, [
      { protocol: "TCP", port: { first: 1, last: 2 } },
      { protocol: "TCP", port: undefined },
    ]);
    const [first, second] = read?.peers ?? [];
    assert.deepEqual(first, { kind: "selectors", podSelector: undefined, namespaceSelector: { op: "all" } });
    assert.equal(
      second?.kind === "block" ? [second.cidr, ...second.except].map(formatCidr).join() : "",
      "10.0.0.0/8,10.1.0.0/16",
    );
  });
});

describe("a staged Kubernetes network policy", () => {
  const staged = (spec: Plain): Plain =>
    object("projectcalico.org/v3", "StagedKubernetesNetworkPolicy", { name: "a", namespace: "b" }, { spec });
  check([
    { name: "a policy", value: staged({ podSelector: {}, stagedAction: "Set", policyTypes: ["Ingress"] }) },
    { name: "a deletion", value: staged({ stagedAction: "Delete" }) },
    {
      name: "a deletion with what is printed with it",
      value: staged({ stagedAction: "Delete", podSelector: {} }),
    },
    {
      name: "a deletion with types",
      value: staged({ stagedAction: "Delete", policyTypes: ["Ingress"] }),
      want: ["conflict spec.policyTypes"],
    },
    { name: "a tier", value: staged({ podSelector: {}, tier: "default" }), want: ["unknown_key spec.tier"] },
  ]);
});

describe("a cluster network policy", () => {
  const base = { tier: "Admin", priority: 0, subject: { namespaces: {} } };
  const cluster = (spec: Plain): Plain =>
    object(
      "policy.networking.k8s.io/v1alpha2",
      "ClusterNetworkPolicy",
      { name: "a" },
      { spec: { ...base, ...spec } },
    );
  const rule = (each: Plain): Plain =>
    cluster({ ingress: [{ action: "Accept", from: [{ namespaces: {} }], ...each }] });
  const out = (each: Plain): Plain =>
    cluster({ egress: [{ action: "Deny", to: [{ namespaces: {} }], ...each }] });
  const at = "spec.ingress[0]";
  check([
    {
      name: "a whole one",
      value: rule({
        name: "x",
        protocols: [
          { tcp: { destinationPort: { number: 80 } } },
          { udp: { destinationPort: { range: { start: 1, end: 2 } } } },
          { sctp: {} },
          { destinationNamedPort: "http" },
        ],
      }),
    },
    { name: "priority 1000", value: cluster({ priority: 1000 }) },
    { name: "priority 1001", value: cluster({ priority: 1001 }), want: ["limit spec.priority"] },
    { name: "priority -1", value: cluster({ priority: -1 }), want: ["bad_value spec.priority"] },
    {
      name: "a fraction of a priority",
      value: cluster({ priority: 1.5 }),
      want: ["bad_value spec.priority"],
    },
    { name: "no tier", value: cluster({ tier: undefined }), want: ["missing_field spec.tier"] },
    { name: "an unknown tier", value: cluster({ tier: "Default" }), want: ["bad_value spec.tier"] },
    { name: "no subject", value: cluster({ subject: undefined }), want: ["missing_field spec.subject"] },
    { name: "an empty subject", value: cluster({ subject: {} }), want: ["missing_field spec.subject"] },
    {
      name: "two subjects",
      value: cluster({ subject: { namespaces: {}, pods: { podSelector: {} } } }),
      want: ["conflict spec.subject.pods"],
    },
    {
      name: "an unknown subject",
      value: cluster({ subject: { nodes: {} } }),
      want: ["unknown_key spec.subject.nodes"],
    },
    {
      name: "25 rules",
      value: cluster({
        egress: Array.from({ length: 25 }, () => ({ action: "Deny", to: [{ namespaces: {} }] })),
      }),
    },
    {
      name: "26 rules",
      value: cluster({
        egress: Array.from({ length: 26 }, () => ({ action: "Deny", to: [{ namespaces: {} }] })),
      }),
      want: ["limit spec.egress"],
    },
    { name: "an action of Calico's", value: rule({ action: "Allow" }), want: [`bad_value ${at}.action`] },
    { name: "no peers", value: rule({ from: [] }), want: [`bad_value ${at}.from`] },
    { name: "peers left out", value: rule({ from: undefined }), want: [`missing_field ${at}.from`] },
    { name: "an empty peer", value: rule({ from: [{}] }), want: [`missing_field ${at}.from[0]`] },
    {
      name: "networks as source",
      value: rule({ from: [{ networks: ["10.0.0.0/8"] }] }),
      want: [`unknown_key ${at}.from[0].networks`],
    },
    { name: "networks as destination", value: out({ to: [{ networks: ["10.0.0.0/8", "fd00::/8"] }] }) },
    {
      name: "a network that does not parse",
      value: out({ to: [{ networks: ["10.0.0.0/33"] }] }),
      want: ["bad_cidr spec.egress[0].to[0].networks[0]"],
    },
    {
      name: "names of domains, which we don't read",
      value: out({ to: [{ domainNames: ["example.com"] }] }),
      want: ["unknown_key spec.egress[0].to[0].domainNames"],
    },
    {
      name: "a named port of networks",
      value: out({ to: [{ networks: ["10.0.0.0/8"] }], protocols: [{ destinationNamedPort: "http" }] }),
      want: ["conflict spec.egress[0].protocols[0]"],
    },
    {
      name: "an empty protocol",
      value: rule({ protocols: [{}] }),
      want: [`missing_field ${at}.protocols[0]`],
    },
    {
      name: "two protocols in one",
      value: rule({ protocols: [{ tcp: {}, udp: {} }] }),
      want: [`conflict ${at}.protocols[0].udp`],
    },
    { name: "no protocols in the list", value: rule({ protocols: [] }), want: [`bad_value ${at}.protocols`] },
    {
      name: "a port that is nothing",
      value: rule({ protocols: [{ tcp: { destinationPort: {} } }] }),
      want: [`missing_field ${at}.protocols[0].tcp.destinationPort`],
    },
    {
      name: "port 0",
      value: rule({ protocols: [{ tcp: { destinationPort: { number: 0 } } }] }),
      want: [`bad_port ${at}.protocols[0].tcp.destinationPort.number`],
    },
    {
      name: "a range that ends where it begins",
      value: rule({ protocols: [{ tcp: { destinationPort: { range: { start: 5, end: 5 } } } }] }),
      want: [`bad_port ${at}.protocols[0].tcp.destinationPort.range`],
    },
  ]);
  it("reads subject, peers and ports", () => {
    const read = valid(
      "KubernetesClusterNetworkPolicy",
      cluster({
        subject: { pods: { podSelector: { matchLabels: { a: "b" } } } },
        egress: [
          {
            action: "Pass",
            to: [{ pods: { namespaceSelector: {}, podSelector: {} } }, { networks: ["10.0.0.1/8"] }],
            protocols: [{ tcp: {} }],
          },
        ],
      }),
    );
    assert.deepEqual(read.subject, {
      kind: "pods",
      namespaceSelector: { op: "all" },
      podSelector: { op: "eq", label: "a", value: "b" },
    });
    const [only] = read.egress;
    assert.deepEqual(
      only?.peers.map(({ kind }) => kind),
      ["pods", "networks"],
    );
    assert.deepEqual(only?.protocols, [{ protocol: "TCP", port: undefined }]);
  });
});
