/** Random resources and histories of their changes, for the calculation: few names, so that everything meets. */
import fc from "fast-check";
import {
  type EndpointSlice,
  type HostEndpoint,
  type NamedPort,
  type NetworkSet,
  type Pod,
  type Profile,
  type Resource,
  type ResourceUpdate,
  resourceKey,
  type WorkloadEndpoint,
} from "../../src/datastore/resources.ts";
import {
  clusterPolicy,
  globalPolicy,
  KUBERNETES_PROTOCOLS,
  kubernetesPolicy,
  metadata,
  namespacedPolicy,
  plainPolicy,
  servicePolicy,
  tier,
  unusable,
} from "./generate-policy-resource.ts";
import {
  account,
  address,
  anyLabels,
  ip,
  LABELS,
  labels,
  namespace,
  net,
  rules,
  VALUES,
} from "./generate-policy-rule.ts";
import { sometimes, weighted } from "./weighted.ts";

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
