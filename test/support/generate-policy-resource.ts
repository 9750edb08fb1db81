/** Random policies of every kind, and tiers, as a datastore yields them. */
import fc from "fast-check";
import type {
  CalicoPolicy,
  ClusterNetworkPolicy,
  ClusterPeer,
  ClusterPort,
  KubernetesNetworkPolicy,
  KubernetesPeer,
  KubernetesRule,
  Metadata,
  Tier,
} from "../../src/datastore/resources.ts";
import type { Selector } from "../../src/selector/selector.ts";
import {
  ANY_ENTITY,
  leaf,
  namespace,
  net,
  rulePort,
  rules,
  selector,
  service,
} from "./generate-policy-rule.ts";
import { sometimes, weighted } from "./weighted.ts";

export function metadata(name: string, ownNamespace: string, own: ReadonlyMap<string, string>): Metadata {
  return { name, namespace: ownNamespace, uid: "", labels: own, annotations: new Map() };
}

export const unusable = sometimes(6, fc.constant({ why: "cannot be read" }), undefined);
export const order = weighted<number | undefined>(
  [6, fc.constantFrom(1, 5, 5, 10)],
  [2, fc.constant(undefined)],
);

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

export const namespacedPolicy: fc.Arbitrary<CalicoPolicy> = fc
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
export const plainPolicy: fc.Arbitrary<CalicoPolicy> = namespacedPolicy.map((policy) => ({
  ...policy,
  kind: "NetworkPolicy",
  spec: { ...policy.spec, selector: undefined, serviceAccountSelector: undefined, stagedAction: "Set" },
}));

/** Every rule names a service. */
export const servicePolicy: fc.Arbitrary<CalicoPolicy> = fc
  .tuple(plainPolicy, service)
  .map(([policy, services]) => ({
    ...policy,
    spec: {
      ...policy.spec,
      egress: policy.spec.ingress.map((each) => ({ ...each, destination: { ...ANY_ENTITY, services } })),
      ingress: policy.spec.ingress.map((each) => ({ ...each, source: { ...ANY_ENTITY, services } })),
    },
  }));

export const globalPolicy: fc.Arbitrary<CalicoPolicy> = fc
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

export const KUBERNETES_PROTOCOLS = ["TCP", "UDP", "SCTP"] as const;

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

export const kubernetesPolicy: fc.Arbitrary<KubernetesNetworkPolicy> = fc
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

export const clusterPolicy: fc.Arbitrary<ClusterNetworkPolicy> = fc
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

export const tier: fc.Arbitrary<Tier> = fc
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
