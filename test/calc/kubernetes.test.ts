import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PolicyResource, policyModel } from "../../src/calc/policy-model.ts";
import type { ClusterRule, EntityRule, KubernetesRule, PolicyRule } from "../../src/datastore/resources.ts";
import { formatCidr } from "../../src/net/address.ts";
import { formatSelector } from "../../src/selector/format-selector.ts";
import { cidr, clusterPolicy, kubernetesPolicy, selector } from "./make.ts";

/** A side of a rule in one line: what of it asks for something. */
function sideText(side: EntityRule): string {
  const parts = [
    side.selector && `selector ${formatSelector(side.selector)}`,
    side.namespaceSelector && `namespaces ${formatSelector(side.namespaceSelector)}`,
    side.nets.length > 0 && `nets ${side.nets.map(formatCidr).join(" ")}`,
    side.notNets.length > 0 && `not ${side.notNets.map(formatCidr).join(" ")}`,
    side.ports.length > 0 &&
      `ports ${side.ports.map((port) => ("name" in port ? port.name : `${port.first}-${port.last}`)).join(" ")}`,
    (side.notSelector || side.notPorts.length > 0 || side.serviceAccounts || side.services) && "MORE",
  ];
  return parts.filter(Boolean).join(", ");
}

function ruleText({ action, protocol, source, destination }: PolicyRule): string {
  const name = protocol === undefined ? "any" : "name" in protocol ? protocol.name : String(protocol.number);
  return `${action} ${name} from [${sideText(source)}] to [${sideText(destination)}]`;
}

const ingress = (resource: PolicyResource): string[] => policyModel(resource).rules().ingress.map(ruleText);
const egress = (resource: PolicyResource): string[] => policyModel(resource).rules().egress.map(ruleText);

const K8S = 'projectcalico.org/orchestrator == "k8s"';
const TCP = "TCP" as const;
const UDP = "UDP" as const;
const port = (first: number, last = first) => ({ first, last });

describe("rules of a Kubernetes NetworkPolicy", () => {
  const cases: { name: string; rule: KubernetesRule; want: string[] }[] = [
    {
      name: "an empty rule allows everything",
      rule: { ports: [], peers: [] },
      want: ["Allow any from [] to []"],
    },
    {
      name: "one rule for each protocol, by name, and peer",
      rule: {
        ports: [
          { protocol: UDP, port: port(53) },
          { protocol: TCP, port: port(80) },
        ],
        peers: [
          { kind: "selectors", podSelector: selector("a == 'b'"), namespaceSelector: undefined },
          { kind: "block", cidr: cidr("10.0.0.0/8"), except: [cidr("10.1.0.0/16"), cidr("10.2.0.0/16")] },
        ],
      },
      want: [
        `Allow tcp from [selector (${K8S} && a == "b")] to [ports 80-80]`,
        "Allow tcp from [nets 10.0.0.0/8, not 10.1.0.0/16 10.2.0.0/16] to [ports 80-80]",
        `Allow udp from [selector (${K8S} && a == "b")] to [ports 53-53]`,
        "Allow udp from [nets 10.0.0.0/8, not 10.1.0.0/16 10.2.0.0/16] to [ports 53-53]",
      ],
    },
    {
      name: "ports of one protocol merge where they touch, names stay",
      rule: {
        ports: [
          { protocol: TCP, port: port(82, 90) },
          { protocol: TCP, port: { name: "http" } },
          { protocol: TCP, port: port(80, 81) },
          { protocol: TCP, port: port(85) },
          { protocol: TCP, port: port(92) },
          { protocol: TCP, port: { name: "http" } },
        ],
        peers: [],
      },
      want: ["Allow tcp from [] to [ports http 80-90 92-92]"],
    },
    {
      name: "an entry without a port takes the whole protocol, before or after others",
      rule: {
        ports: [
          { protocol: TCP, port: port(80) },
          { protocol: TCP, port: undefined },
          { protocol: TCP, port: port(81) },
          { protocol: UDP, port: port(53) },
        ],
        peers: [],
      },
      want: ["Allow tcp from [] to []", "Allow udp from [] to [ports 53-53]"],
    },
    {
      name: "a namespace selector alone means the pods in those namespaces",
      rule: {
        ports: [],
        peers: [{ kind: "selectors", podSelector: undefined, namespaceSelector: selector("team == 'y'") }],
      },
      want: [`Allow any from [selector ${K8S}, namespaces team == "y"] to []`],
    },
    {
      name: "an empty namespace selector means every namespace",
      rule: {
        ports: [],
        peers: [{ kind: "selectors", podSelector: undefined, namespaceSelector: selector("") }],
      },
      want: [`Allow any from [selector ${K8S}, namespaces all()] to []`],
    },
    {
      name: "an empty pod selector means every pod of its own namespace",
      rule: {
        ports: [],
        peers: [{ kind: "selectors", podSelector: selector(""), namespaceSelector: undefined }],
      },
      want: [`Allow any from [selector ${K8S}] to []`],
    },
  ];
  for (const { name, rule, want } of cases) {
    it(name, () => assert.deepEqual(ingress(kubernetesPolicy("a/p", { ingress: [rule] })), want));
  }

  it("of egress have peer and ports on the destination", () => {
    const rule: KubernetesRule = {
      ports: [{ protocol: TCP, port: port(80) }],
      peers: [{ kind: "selectors", podSelector: selector("a == 'b'"), namespaceSelector: undefined }],
    };
    assert.deepEqual(egress(kubernetesPolicy("a/p", { egress: [rule] })), [
      `Allow tcp from [] to [selector (${K8S} && a == "b"), ports 80-80]`,
    ]);
  });

  it("no rules are no rules: a selected pod without any is cut off by the tier", () => {
    assert.deepEqual(ingress(kubernetesPolicy("a/p")), []);
  });
});

describe("rules of a ClusterNetworkPolicy", () => {
  const everyone = [{ kind: "namespaces" as const, namespaceSelector: selector("") }];
  const rule = (more: Partial<ClusterRule>): ClusterRule => ({
    name: "",
    action: "Accept",
    peers: everyone,
    protocols: [],
    ...more,
  });
  const cases: { name: string; rule: ClusterRule; want: string[] }[] = [
    { name: "Accept allows", rule: rule({}), want: ["Allow any from [namespaces all()] to []"] },
    { name: "Deny denies", rule: rule({ action: "Deny" }), want: ["Deny any from [namespaces all()] to []"] },
    { name: "Pass passes", rule: rule({ action: "Pass" }), want: ["Pass any from [namespaces all()] to []"] },
    {
      name: "pods are chosen in namespaces",
      rule: rule({
        peers: [{ kind: "pods", namespaceSelector: selector("t == 'x'"), podSelector: selector("a == 'b'") }],
      }),
      want: [`Allow any from [selector (${K8S} && a == "b"), namespaces t == "x"] to []`],
    },
    {
      name: "a named port is of any protocol",
      rule: rule({ protocols: [{ name: "http" }] }),
      want: ["Allow any from [namespaces all()] to [ports http]"],
    },
    {
      name: "protocols each, named ports first",
      rule: rule({
        protocols: [
          { protocol: UDP, port: undefined },
          { protocol: TCP, port: port(81) },
          { name: "http" },
          { protocol: TCP, port: port(80) },
        ],
      }),
      want: [
        "Allow any from [namespaces all()] to [ports http]",
        "Allow tcp from [namespaces all()] to [ports 80-81]",
        "Allow udp from [namespaces all()] to []",
      ],
    },
  ];
  for (const { name, rule: given, want } of cases) {
    it(name, () => assert.deepEqual(ingress(clusterPolicy("p", { ingress: [given] })), want));
  }

  it("networks are nets of the destination", () => {
    const given = rule({ peers: [{ kind: "networks", nets: [cidr("10.0.0.0/8"), cidr("fd00::/8")] }] });
    assert.deepEqual(egress(clusterPolicy("p", { egress: [given] })), [
      "Allow any from [] to [nets 10.0.0.0/8 fd00::/8]",
    ]);
  });

  it("carry their name as an annotation, if they have one", () => {
    const rules = policyModel(clusterPolicy("p", { ingress: [rule({ name: "n" }), rule({})] })).rules()
      .ingress;
    assert.deepEqual(
      rules.map(({ annotations }) => annotations),
      [new Map([["name", "n"]]), new Map()],
    );
  });
});
