/** Random resources and histories of their changes, for the calculation: few names, so that everything meets. */
import fc from "fast-check";
import {
  type CalicoPolicy,
  type ClusterNetworkPolicy,
  type ClusterPeer,
  type ClusterPort,
  type EndpointSlice,
  type EntityRule,
  type HostEndpoint,
  type KubernetesNetworkPolicy,
  type KubernetesPeer,
  type KubernetesRule,
  type Metadata,
  type NamedPort,
  type NetworkSet,
  type Pod,
  type PolicyRule,
  type Profile,
  type Resource,
  type ResourceUpdate,
  type RulePort,
  resourceKey,
  type Tier,
  type WorkloadEndpoint,
} from "../../src/datastore/resources.ts";
import type { Cidr, IpAddress } from "../../src/net/address.ts";
import type { Protocol } from "../../src/policy/messages.ts";
import type { Selector } from "../../src/selector/selector.ts";
import { identities } from "./generate-identities.ts";
import { readBlockText, toWords } from "./reference/addresses.ts";

type Weighted<T> = readonly [number, fc.Arbitrary<T>];

function weighted<T>(...choices: readonly Weighted<T>[]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

function sometimes<T, U>(percent: number, arbitrary: fc.Arbitrary<T>, otherwise: U): fc.Arbitrary<T | U> {
  return weighted<T | U>([100 - percent, fc.constant(otherwise)], [percent, arbitrary]);
}

const namespace = fc.constantFrom("prod", "dev");
const account = fc.constantFrom("web", "api", "default");

function cidr(text: string): Cidr {
  const { address, length } = readBlockText(text)!;
  const [w0, w1, w2, w3] = toWords(address);
  return { address: { family: address.family, w0, w1, w2, w3 }, length };
}

function ip(text: string): IpAddress {
  return cidr(text).address;
}

const address = fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.9", "fd00::1", "fd00::2").map(ip);
const net = fc
  .constantFrom("10.0.0.0/30", "10.0.0.2/31", "10.0.0.1/32", "192.0.2.0/24", "0.0.0.0/0", "fd00::/64", "::/0")
  .map(cidr);

// ---- labels and selectors

const LABELS = ["app", "team", "tier"] as const;
const VALUES = ["a", "b"] as const;

const labels = fc
  .array(fc.tuple(fc.constantFrom(...LABELS), fc.constantFrom(...VALUES)), { maxLength: 2 })
  .map((pairs) => new Map<string, string>(pairs));

/** Labels that some try to lie with. */
const anyLabels = weighted<Map<string, string>>(
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

const leaf: fc.Arbitrary<Selector> = weighted<Selector>(
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

const selector: fc.Arbitrary<Selector> = weighted<Selector>(
  [6, leaf],
  [1, leaf.map((operand) => ({ op: "not", operand }))],
  [1, fc.tuple(leaf, leaf).map((operands) => ({ op: "and", operands }))],
  [1, fc.tuple(leaf, leaf).map((operands) => ({ op: "or", operands }))],
);

const namespaceSelector: fc.Arbitrary<Selector> = weighted<Selector>(
  [5, leaf],
  [1, fc.constant({ op: "global" as const })],
  [1, fc.constant({ op: "all" as const })],
  [1, fc.constant({ op: "eq" as const, label: "projectcalico.org/name", value: "prod" })],
);

// ---- rules

const rulePort: fc.Arbitrary<RulePort> = weighted<RulePort>(
  [1, fc.constantFrom({ first: 80, last: 80 }, { first: 8000, last: 8080 }, { first: 81, last: 90 })],
  [1, fc.constantFrom({ name: "http" }, { name: "dns" })],
);
const rulePorts = fc.array(rulePort, { minLength: 1, maxLength: 2 });

const ANY_ENTITY: EntityRule = {
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

const service = fc.record({
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

const protocol: fc.Arbitrary<Protocol | undefined> = weighted<Protocol | undefined>(
  [4, fc.constant(undefined)],
  [4, fc.constantFrom({ name: "tcp" }, { name: "udp" }, { name: "sctp" })],
  [2, fc.constantFrom({ number: 6 }, { number: 17 }, { name: "icmp" }, { name: "icmpv6" })],
);

const rule: fc.Arbitrary<PolicyRule> = fc.record({
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

const rules = fc.array(rule, { maxLength: 2 });

// ---- objects

function metadata(name: string, ownNamespace: string, own: ReadonlyMap<string, string>): Metadata {
  return { name, namespace: ownNamespace, uid: "", labels: own, annotations: new Map() };
}

const unusable = sometimes(6, fc.constant({ why: "cannot be read" }), undefined);
const order = weighted<number | undefined>([6, fc.constantFrom(1, 5, 5, 10)], [2, fc.constant(undefined)]);

const spec: fc.Arbitrary<CalicoPolicy["spec"]> = fc.record({
  tier: fc.constantFrom("default", "default", "security", "ghost"),
  order,
  selector: sometimes(70, selector, undefined),
  namespaceSelector: fc.constant(undefined),
  serviceAccountSelector: sometimes(20, leaf, undefined),
  appliesToIngress: sometimes(15, fc.constant(false), true),
  appliesToEgress: sometimes(50, fc.constant(true), false),
  ingress: rules,
  egress: sometimes(30, rules, []),
  doNotTrack: sometimes(4, fc.constant(true), false),
  preDnat: sometimes(4, fc.constant(true), false),
  performanceHints: sometimes(6, fc.constant(["AssumeNeededOnEveryNode"]), []),
  stagedAction: fc.constant("Set" as const),
});

const namespacedPolicy: fc.Arbitrary<CalicoPolicy> = fc
  .tuple(
    fc.constantFrom<CalicoPolicy["kind"]>(
      "NetworkPolicy",
      "NetworkPolicy",
      "NetworkPolicy",
      "StagedNetworkPolicy",
    ),
    fc.constantFrom("web", "web-a", "web.a"),
    namespace,
    spec,
    fc.constantFrom<CalicoPolicy["spec"]["stagedAction"]>("Set", "Set", "Delete", "Learn"),
    unusable,
  )
  .map(([kind, name, own, ownSpec, stagedAction, broken]) => ({
    kind,
    metadata: metadata(name, own, new Map()),
    spec: kind === "StagedNetworkPolicy" ? { ...ownSpec, stagedAction } : ownSpec,
    unusable: broken,
  }));

/** Selects every pod of its namespace, so that its place among others is what matters. */
const plainPolicy: fc.Arbitrary<CalicoPolicy> = namespacedPolicy.map((policy) => ({
  ...policy,
  kind: "NetworkPolicy",
  spec: { ...policy.spec, selector: undefined, serviceAccountSelector: undefined, stagedAction: "Set" },
}));

/** Every rule names a service. */
const servicePolicy: fc.Arbitrary<CalicoPolicy> = fc
  .tuple(plainPolicy, service)
  .map(([policy, services]) => ({
    ...policy,
    spec: {
      ...policy.spec,
      egress: policy.spec.ingress.map((each) => ({ ...each, destination: { ...ANY_ENTITY, services } })),
      ingress: policy.spec.ingress.map((each) => ({ ...each, source: { ...ANY_ENTITY, services } })),
    },
  }));

const globalPolicy: fc.Arbitrary<CalicoPolicy> = fc
  .tuple(
    fc.constantFrom<CalicoPolicy["kind"]>(
      "GlobalNetworkPolicy",
      "GlobalNetworkPolicy",
      "StagedGlobalNetworkPolicy",
    ),
    fc.constantFrom("base", "block"),
    spec,
    sometimes(40, weighted<Selector>([4, leaf], [1, fc.constant({ op: "all" as const })]), undefined),
    unusable,
  )
  .map(([kind, name, ownSpec, ownNamespaceSelector, broken]) => ({
    kind,
    metadata: metadata(name, "", new Map()),
    spec: { ...ownSpec, namespaceSelector: ownNamespaceSelector },
    unusable: broken,
  }));

const KUBERNETES_PROTOCOLS = ["TCP", "UDP", "SCTP"] as const;

const kubernetesPeer: fc.Arbitrary<KubernetesPeer> = weighted<KubernetesPeer>(
  [
    4,
    fc.record({
      kind: fc.constant("selectors" as const),
      podSelector: sometimes(70, leaf, undefined),
      namespaceSelector: sometimes(50, leaf, undefined),
    }),
  ],
  [1, fc.record({ kind: fc.constant("block" as const), cidr: net, except: fc.array(net, { maxLength: 1 }) })],
);

const kubernetesRule: fc.Arbitrary<KubernetesRule> = fc.record({
  ports: fc.array(
    fc.record({
      protocol: fc.constantFrom(...KUBERNETES_PROTOCOLS),
      port: sometimes(80, rulePort, undefined),
    }),
    { maxLength: 3 },
  ),
  peers: fc.array(kubernetesPeer, { maxLength: 2 }),
});

const kubernetesPolicy: fc.Arbitrary<KubernetesNetworkPolicy> = fc
  .record({
    kind: fc.constantFrom<KubernetesNetworkPolicy["kind"]>(
      "KubernetesNetworkPolicy",
      "KubernetesNetworkPolicy",
      "StagedKubernetesNetworkPolicy",
    ),
    name: fc.constantFrom("web", "lock"),
    namespace,
    podSelector: leaf,
    appliesToIngress: sometimes(10, fc.constant(false), true),
    appliesToEgress: fc.boolean(),
    ingress: fc.array(kubernetesRule, { maxLength: 2 }),
    egress: fc.array(kubernetesRule, { maxLength: 1 }),
    stagedAction: fc.constant("Set" as const),
    unusable,
  })
  .map(({ name, namespace: own, ...rest }) => ({ ...rest, metadata: metadata(name, own, new Map()) }));

const clusterPeer: fc.Arbitrary<ClusterPeer> = weighted<ClusterPeer>(
  [2, fc.record({ kind: fc.constant("namespaces" as const), namespaceSelector: leaf })],
  [2, fc.record({ kind: fc.constant("pods" as const), namespaceSelector: leaf, podSelector: leaf })],
  [
    1,
    fc.record({
      kind: fc.constant("networks" as const),
      nets: fc.array(net, { minLength: 1, maxLength: 2 }),
    }),
  ],
);

const clusterPort: fc.Arbitrary<ClusterPort> = weighted<ClusterPort>(
  [
    3,
    fc.record({
      protocol: fc.constantFrom(...KUBERNETES_PROTOCOLS),
      port: fc.constantFrom(undefined, { first: 80, last: 80 }, { first: 8000, last: 8080 }),
    }),
  ],
  [1, fc.constant({ name: "http" })],
);

const clusterRules = fc.array(
  fc.record({
    name: fc.constantFrom("", "first"),
    action: fc.constantFrom<"Accept" | "Deny" | "Pass">("Accept", "Deny", "Pass"),
    peers: fc.array(clusterPeer, { maxLength: 2 }),
    protocols: fc.array(clusterPort, { maxLength: 2 }),
  }),
  { maxLength: 2 },
);

const clusterPolicy: fc.Arbitrary<ClusterNetworkPolicy> = fc
  .record({
    kind: fc.constant("KubernetesClusterNetworkPolicy" as const),
    name: fc.constantFrom("admin", "baseline"),
    tier: fc.constantFrom<"Admin" | "Baseline">("Admin", "Baseline"),
    priority: fc.constantFrom(0, 10),
    subject: weighted<ClusterNetworkPolicy["subject"]>(
      [1, fc.record({ kind: fc.constant("namespaces" as const), namespaceSelector: leaf })],
      [1, fc.record({ kind: fc.constant("pods" as const), namespaceSelector: leaf, podSelector: leaf })],
    ),
    ingress: clusterRules,
    egress: clusterRules,
    unusable,
  })
  .map(({ name, ...rest }) => ({ ...rest, metadata: metadata(name, "", new Map()) }));

const tier: fc.Arbitrary<Tier> = fc
  .tuple(
    fc.constantFrom("default", "security", "kube-admin", "kube-baseline"),
    order,
    fc.constantFrom<"Deny" | "Pass">("Deny", "Pass"),
  )
  .map(([name, ownOrder, defaultAction]) => ({
    kind: "Tier",
    metadata: metadata(name, "", new Map()),
    order: ownOrder,
    defaultAction,
  }));

const networkSet: fc.Arbitrary<NetworkSet> = fc
  .tuple(
    fc.boolean(),
    fc.constantFrom("office", "partners"),
    namespace,
    anyLabels,
    fc.array(net, { maxLength: 3 }),
  )
  .map(([isGlobal, name, own, ownLabels, nets]) => ({
    kind: isGlobal ? "GlobalNetworkSet" : "NetworkSet",
    metadata: metadata(name, isGlobal ? "" : own, ownLabels),
    nets,
  }));

const namedPort: fc.Arbitrary<NamedPort> = fc.record({
  name: fc.constantFrom("http", "dns"),
  protocol: fc.constantFrom("TCP", "UDP", "tcp", "6", "17", "", "SCTP"),
  port: fc.constantFrom(80, 53, 8080),
});

const addresses = fc.uniqueArray(address, {
  minLength: 0,
  maxLength: 2,
  selector: (each) => `${each.family} ${each.w0} ${each.w3}`,
});

const pod: fc.Arbitrary<Pod> = fc
  .record({
    name: fc.constantFrom("api-0", "web-0", "web-1"),
    namespace,
    labels: anyLabels,
    nodeName: weighted([8, fc.constant("node-1")], [2, fc.constantFrom("node-2", "")]),
    hostNetwork: sometimes(5, fc.constant(true), false),
    serviceAccountName: account,
    addresses,
    finished: sometimes(8, fc.constant(true), false),
    ports: fc.array(namedPort, { maxLength: 2 }),
  })
  .map(({ name, namespace: own, labels: ownLabels, ...rest }) => ({
    kind: "Pod",
    metadata: metadata(name, own, ownLabels),
    ...rest,
  }));

/** Profiles that say different things of one label are in either order. */
const PROFILE_LISTS: readonly (readonly string[])[] = [
  [],
  ["extra", "other"],
  ["other", "extra"],
  ["kns.prod", "ksa.prod.web", "extra"],
  ["projectcalico-default-allow", "nowhere"],
];

const workloadEndpoint: fc.Arbitrary<WorkloadEndpoint> = fc
  .record({
    name: fc.constantFrom("vm-0", "vm-1"),
    namespace,
    labels: anyLabels,
    orchestrator: fc.constantFrom("openstack", "openstack", ""),
    node: fc.constantFrom("node-1", "node-2"),
    serviceAccountName: fc.constantFrom("", "web"),
    addresses,
    profiles: fc.constantFrom(...PROFILE_LISTS),
    ports: fc.array(namedPort, { maxLength: 2 }),
  })
  .map(({ name, namespace: own, labels: ownLabels, ...rest }) => ({
    kind: "WorkloadEndpoint",
    metadata: metadata(name, own, ownLabels),
    workload: `${own}-${name}`,
    pod: "",
    endpoint: "eth0",
    interfaceName: "",
    ...rest,
  }));

const hostEndpoint: fc.Arbitrary<HostEndpoint> = fc
  .record({
    name: fc.constantFrom("gateway", "edge"),
    labels: anyLabels,
    node: fc.constantFrom("node-1", "node-2"),
    expectedIps: addresses,
    profiles: fc.constantFrom(...PROFILE_LISTS),
    ports: fc.array(namedPort, { maxLength: 1 }),
  })
  .map(({ name, labels: ownLabels, ...rest }) => ({
    kind: "HostEndpoint",
    metadata: metadata(name, "", ownLabels),
    interfaceName: "eth0",
    ...rest,
  }));

const profile: fc.Arbitrary<Profile> = fc
  .record({
    name: fc.constantFrom("extra", "other"),
    ingress: rules,
    egress: rules,
    labelsToApply: fc
      .tuple(...LABELS.map((key) => fc.tuple(fc.constant(key), fc.constantFrom(...VALUES))))
      .map((pairs) => new Map<string, string>(pairs)),
    unusable,
  })
  .map(({ name, ...rest }) => ({ kind: "Profile", metadata: metadata(name, "", new Map()), ...rest }));

const namespaceObject: fc.Arbitrary<Resource> = fc
  .tuple(namespace, labels)
  .map(([name, own]) => ({ kind: "Namespace", metadata: metadata(name, "", own) }));

const accountObject: fc.Arbitrary<Resource> = fc
  .tuple(namespace, account, labels)
  .map(([own, name, ownLabels]) => ({ kind: "ServiceAccount", metadata: metadata(name, own, ownLabels) }));

const endpointSlice: fc.Arbitrary<EndpointSlice> = fc
  .record({
    name: fc.constantFrom("slice-1", "slice-2"),
    namespace,
    serviceName: fc.constantFrom("db", "cache", ""),
    addresses,
    ports: fc.array(
      fc.record({ protocol: fc.constantFrom(...KUBERNETES_PROTOCOLS), port: fc.constantFrom(5432, 53) }),
      { maxLength: 2 },
    ),
  })
  .map(({ name, namespace: own, ...rest }) => ({
    kind: "EndpointSlice",
    metadata: metadata(name, own, new Map()),
    ...rest,
  }));

/** Everything there is, in the proportions of a cluster. */
const anything: fc.Arbitrary<Resource> = weighted<Resource>(
  [8, namespacedPolicy],
  [5, globalPolicy],
  [4, kubernetesPolicy],
  [3, clusterPolicy],
  [4, tier],
  [6, networkSet],
  [12, pod],
  [3, workloadEndpoint],
  [3, hostEndpoint],
  [3, profile],
  [4, namespaceObject],
  [4, accountObject],
  [4, endpointSlice],
);

/** Which policies apply and in which order. */
const aboutOrder: fc.Arbitrary<Resource> = weighted<Resource>(
  [4, plainPolicy],
  [2, globalPolicy],
  [1, clusterPolicy],
  [4, tier],
);

/** What is in the sets of services. */
const aboutServices: fc.Arbitrary<Resource> = weighted<Resource>([1, servicePolicy], [3, endpointSlice]);

/** Which labels things have, own and inherited. */
const aboutLabels: fc.Arbitrary<Resource> = weighted<Resource>(
  [3, globalPolicy],
  [3, workloadEndpoint],
  [3, hostEndpoint],
  [4, profile],
  [2, namespaceObject],
  [2, accountObject],
  [2, networkSet],
  [2, pod],
);

const THEMES = [anything, anything, aboutOrder, aboutServices, aboutLabels] as const;

function put(resource: Resource): ResourceUpdate {
  return { kind: "put", key: resourceKey(resource), resource };
}

/** Put or delete, of one object. A deletion may be of something that was never there. */
function updateOf(resource: fc.Arbitrary<Resource>): fc.Arbitrary<ResourceUpdate> {
  return fc
    .tuple(resource, sometimes(22, fc.constant(true), false))
    .map(([chosen, isDelete]) => (isDelete ? { kind: "delete", key: resourceKey(chosen) } : put(chosen)));
}

/** What is there at first in every history, so that there is somebody for policy to be about. */
const CORE: readonly Resource[] = [
  { kind: "Namespace", metadata: metadata("prod", "", new Map([["team", "a"]])) },
  { kind: "Namespace", metadata: metadata("dev", "", new Map([["team", "b"]])) },
  { kind: "Tier", metadata: metadata("default", "", new Map()), order: 5, defaultAction: "Deny" },
  { kind: "Tier", metadata: metadata("security", "", new Map()), order: 1, defaultAction: "Pass" },
  corePod("api-0", "prod", "10.0.0.1"),
  corePod("web-0", "dev", "10.0.0.2"),
];

function corePod(name: string, own: string, text: string): Pod {
  return {
    kind: "Pod",
    metadata: metadata(name, own, new Map([["app", "a"]])),
    nodeName: "node-1",
    hostNetwork: false,
    serviceAccountName: "web",
    addresses: [ip(text)],
    finished: false,
    ports: [{ name: "http", protocol: "TCP", port: 8080 }],
  };
}

/** A first state and batches of changes. */
export const history: fc.Arbitrary<readonly (readonly ResourceUpdate[])[]> = fc
  .constantFrom(...THEMES)
  .chain((resource) =>
    fc.tuple(
      fc.array(resource.map(put), { minLength: 6, maxLength: 24 }),
      fc.array(fc.array(updateOf(resource), { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 8 }),
    ),
  )
  .map(([first, later]) => [[...CORE.map(put), ...first], ...later]);
