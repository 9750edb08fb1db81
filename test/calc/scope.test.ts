import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PolicyResource, policyModel } from "../../src/calc/policy-model.ts";
import { peerSelectors } from "../../src/calc/policy-selector.ts";
import { formatSelector } from "../../src/selector/format-selector.ts";
import type { Selector } from "../../src/selector/selector.ts";
import { clusterPolicy, entity, kubernetesPolicy, policy, selector } from "./make.ts";

const NS = 'projectcalico.org/namespace == "prod"';
const K8S = 'projectcalico.org/orchestrator == "k8s"';
const HAS_NS = "has(projectcalico.org/namespace)";
const HAS_SA = "has(projectcalico.org/serviceaccount)";

describe("a policy's effective selector", () => {
  const cases: { name: string; resource: PolicyResource; want: string }[] = [
    { name: "nothing, in a namespace", resource: policy("prod/p"), want: NS },
    {
      name: "a selector, in a namespace",
      resource: policy("prod/p", { selector: "a == 'b'" }),
      want: `(a == "b" && ${NS})`,
    },
    {
      name: "an or keeps its parentheses",
      resource: policy("prod/p", { selector: "a == 'b' || c == 'd'" }),
      want: `((a == "b" || c == "d") && ${NS})`,
    },
    {
      name: "a service account selector, in a namespace",
      resource: policy("prod/p", { selector: "a == 'b'", serviceAccountSelector: "r == 'q'" }),
      want: `((a == "b" && ${NS}) && pcsa.r == "q")`,
    },
    {
      name: "all() in a namespace stays all()",
      resource: policy("prod/p", { selector: "all()", serviceAccountSelector: "all()" }),
      want: `((all() && ${NS}) && all())`,
    },
    { name: "nothing, cluster-wide", resource: policy("p"), want: "all()" },
    { name: "all(), cluster-wide", resource: policy("p", { selector: "all()" }), want: "all()" },
    {
      name: "the worked example of scope",
      resource: policy("p", {
        selector: "role == 'db'",
        namespaceSelector: "env == 'prod'",
        serviceAccountSelector: "all()",
      }),
      want: `((role == "db" && pcns.env == "prod") && ${HAS_SA})`,
    },
    {
      name: "a namespace selector alone",
      resource: policy("p", { namespaceSelector: "env == 'prod'" }),
      want: 'pcns.env == "prod"',
    },
    { name: "every namespace", resource: policy("p", { namespaceSelector: "all()" }), want: HAS_NS },
    {
      name: "all() beside a namespace selector means what has a namespace",
      resource: policy("p", { selector: "all()", namespaceSelector: "env != 'prod'" }),
      want: `(${HAS_NS} && pcns.env != "prod")`,
    },
    {
      name: "a Kubernetes policy of every pod",
      resource: kubernetesPolicy("prod/p"),
      want: `(${K8S} && ${NS})`,
    },
    {
      name: "a Kubernetes policy of some pods",
      resource: kubernetesPolicy("prod/p", { podSelector: selector("a == 'b'") }),
      want: `((${K8S} && a == "b") && ${NS})`,
    },
    {
      name: "a cluster policy of every namespace",
      resource: clusterPolicy("p"),
      want: `(${K8S} && ${HAS_NS})`,
    },
    {
      name: "a cluster policy of some pods",
      resource: clusterPolicy("p", {
        subject: {
          kind: "pods",
          namespaceSelector: selector("env == 'prod'"),
          podSelector: selector("a == 'b'"),
        },
      }),
      want: `((${K8S} && a == "b") && pcns.env == "prod")`,
    },
  ];
  for (const { name, resource, want } of cases) {
    it(name, () => assert.equal(formatSelector(policyModel(resource).selector), want));
  }
});

describe("a rule's peer", () => {
  const text = (part: Selector | undefined): string | undefined => part && formatSelector(part);
  type Peer = { positive?: string; negative?: string };
  const cases: { name: string; peer: Parameters<typeof entity>[0]; inProd: Peer; clusterWide: Peer }[] = [
    { name: "nothing", peer: {}, inProd: {}, clusterWide: {} },
    {
      name: "nets and ports alone, which no namespace restricts",
      peer: { nets: ["10.0.0.0/8"], ports: [{ first: 80, last: 80 }] },
      inProd: {},
      clusterWide: {},
    },
    {
      name: "a service alone",
      peer: { services: { name: "s" } },
      inProd: {},
      clusterWide: {},
    },
    {
      name: "a selector",
      peer: { selector: "app == 'a'" },
      inProd: { positive: `(${NS} && app == "a")` },
      clusterWide: { positive: 'app == "a"' },
    },
    {
      name: "a namespace selector",
      peer: { namespaceSelector: "team == 'x'" },
      inProd: { positive: 'pcns.team == "x"' },
      clusterWide: { positive: 'pcns.team == "x"' },
    },
    {
      name: "every namespace",
      peer: { namespaceSelector: "all()" },
      inProd: { positive: HAS_NS },
      clusterWide: { positive: HAS_NS },
    },
    {
      name: "no namespace",
      peer: { namespaceSelector: "global()", selector: "app == 'a'" },
      inProd: { positive: `(!${HAS_NS} && app == "a")` },
      clusterWide: { positive: `(!${HAS_NS} && app == "a")` },
    },
    {
      name: "service account names",
      peer: { serviceAccounts: { names: ["sa2", "sa1"] } },
      inProd: { positive: `(${NS} && projectcalico.org/serviceaccount in {"sa1", "sa2"})` },
      clusterWide: { positive: 'projectcalico.org/serviceaccount in {"sa1", "sa2"}' },
    },
    {
      name: "service account names and selector",
      peer: { serviceAccounts: { names: ["s"], selector: "r == 'q'" } },
      inProd: { positive: `(${NS} && (pcsa.r == "q" && projectcalico.org/serviceaccount in {"s"}))` },
      clusterWide: { positive: '(pcsa.r == "q" && projectcalico.org/serviceaccount in {"s"})' },
    },
    {
      name: "a service account match that asks for nothing",
      peer: { serviceAccounts: {} },
      inProd: {},
      clusterWide: {},
    },
    {
      name: "service accounts and a selector",
      peer: { serviceAccounts: { names: ["s"] }, selector: "app == 'a'" },
      inProd: { positive: `(${NS} && (projectcalico.org/serviceaccount in {"s"} && app == "a"))` },
      clusterWide: { positive: '(projectcalico.org/serviceaccount in {"s"} && app == "a")' },
    },
    {
      name: "what it is not, alone",
      peer: { notSelector: "app == 'a'" },
      inProd: { positive: `(${NS} && !app == "a")` },
      clusterWide: { negative: 'app == "a"' },
    },
    {
      name: "what it is and what it is not",
      peer: { selector: "tier == 't'", notSelector: "app == 'a'" },
      inProd: { positive: `((${NS} && tier == "t") && !app == "a")` },
      clusterWide: { positive: '(tier == "t" && !app == "a")' },
    },
    {
      name: "what it is not, in some namespaces",
      peer: { namespaceSelector: "team == 'x'", notSelector: "app == 'a'" },
      inProd: { positive: '(pcns.team == "x" && !app == "a")' },
      clusterWide: { positive: '(pcns.team == "x" && !app == "a")' },
    },
  ];
  for (const { name, peer, inProd, clusterWide } of cases) {
    it(name, () => {
      for (const [space, want] of [
        ["prod", inProd],
        ["", clusterWide],
      ] as const) {
        const { positive, negative } = peerSelectors(entity(peer), space);
        assert.deepEqual([text(positive), text(negative)], [want.positive, want.negative], `in "${space}"`);
      }
    });
  }
});
