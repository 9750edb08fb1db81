/**
 * Random histories of a small cluster, so small that everything collides: a few names, labels and addresses, and
 * selectors about exactly those.
 */
import fc from "fast-check";
import { type Resource, type ResourceUpdate, resourceKey } from "../../src/datastore/resources.ts";
import * as make from "./make.ts";

const NAMESPACES = ["a", "b"];
const NAMES = ["p", "q"];
const space = fc.constantFrom(...NAMESPACES);
const name = fc.constantFrom(...NAMES);
const path = fc.tuple(space, name).map(([first, second]) => `${first}/${second}`);

const labels = fc.dictionary(
  fc.constantFrom(
    "app",
    "tier",
    "pcns.team",
    "projectcalico.org/namespace",
    "projectcalico.org/serviceaccount",
  ),
  fc.constantFrom("x", "y", "a"),
  { maxKeys: 3 },
);
const ip = fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1");
const ips = fc.array(ip, { minLength: 0, maxLength: 3, size: "max" });
const net = fc.constantFrom("10.0.0.1", "10.0.0.0/24", "0.0.0.0/0", "fd00::/64", "192.0.2.0/25");
const ports = fc.array(
  fc.record({
    name: fc.constantFrom("http", "dns"),
    protocol: fc.constantFrom("TCP", "udp", "", "6", "132"),
    port: fc.constantFrom(53, 80),
  }),
  { maxLength: 2 },
);

const selectorText = fc.constantFrom(
  "all()",
  "app == 'x'",
  "app in {'x', 'y'}",
  "!has(app)",
  "app != 'x'",
  "tier == 'x' && app == 'y'",
  "tier == 'x' || app == 'y'",
  "has(tier) && !(app == 'x')",
  "app starts with 'x'",
);
const inheritedText = fc.constantFrom(
  "all()",
  "team == 'x'",
  "team != 'x'",
  "has(team)",
  "projectcalico.org/name == 'a'",
);
const namespaceText = fc.oneof(inheritedText, fc.constant("global()"));
const rarely = fc.constantFrom(false, false, false, false, false, false, false, true);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

/** Leaves out what is undefined, as the makers want it. */
function compact<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as never;
}

const rulePorts = fc.array(
  fc.oneof(
    fc.constantFrom({ name: "http" }, { name: "dns" }),
    fc.constantFrom({ first: 80, last: 80 }, { first: 1, last: 100 }),
  ),
  { maxLength: 2 },
);
const side = fc
  .record({
    selector: maybe(selectorText),
    notSelector: maybe(selectorText),
    namespaceSelector: maybe(namespaceText),
    ports: rulePorts,
    notPorts: rulePorts,
    serviceAccounts: maybe(
      fc.record({ names: fc.subarray(NAMES), selector: fc.constantFrom("all()", "role == 'x'") }),
    ),
    services: maybe(fc.record({ name: fc.constantFrom("s", "t"), namespace: fc.constantFrom("", "a") })),
  })
  .map(compact);
const protocol = fc.constantFrom(
  undefined,
  { name: "tcp" },
  { name: "udp" },
  { number: 132 },
  { name: "icmp" },
);
const rules = fc.array(
  fc
    .record({
      action: fc.constantFrom("Allow", "Deny", "Pass", "Log"),
      source: side,
      destination: side,
      protocol,
    })
    .map(({ action, source, destination, protocol: of }) =>
      make.rule(action as "Allow", { source, destination }, { protocol: of }),
    ),
  { minLength: 1, maxLength: 2 },
);
const order = fc.constantFrom(undefined, 1, 2, 1.5);
const tierName = fc.constantFrom("default", "t", "missing");
const unusable = fc.option(fc.constant({ why: "broken" }), { nil: undefined, freq: 8 });

const calicoPolicy = fc
  .record({
    path: fc.oneof(path, name),
    isStaged: fc.boolean(),
    unusable,
    spec: fc
      .record({
        tier: tierName,
        order,
        selector: maybe(selectorText),
        namespaceSelector: maybe(inheritedText),
        serviceAccountSelector: maybe(fc.constantFrom("all()", "role == 'x'")),
        appliesToIngress: fc.boolean(),
        appliesToEgress: fc.boolean(),
        ingress: rules,
        egress: rules,
        doNotTrack: rarely,
        preDnat: rarely,
        performanceHints: fc.constantFrom([], [], ["AssumeNeededOnEveryNode"]),
        stagedAction: fc.constantFrom("Set" as const, "Delete" as const),
      })
      .map((spec) => ({ ...compact(spec), order: spec.order })),
  })
  .map(({ path: at, isStaged, unusable: why, spec }) => {
    const isNamespaced = at.includes("/");
    const { namespaceSelector, stagedAction, ...common } = spec;
    const policy = make.policy(
      at,
      {
        ...common,
        ...(isNamespaced || namespaceSelector === undefined ? {} : { namespaceSelector }),
        stagedAction: isStaged ? stagedAction : "Set",
      },
      { unusable: why },
    );
    const kind = `Staged${policy.kind}` as "StagedNetworkPolicy";
    return isStaged ? { ...policy, kind } : policy;
  });

const kubernetesRules = fc.array(
  fc.record({
    ports: fc.array(
      fc.record({
        protocol: fc.constantFrom("TCP" as const, "UDP" as const),
        port: fc.constantFrom(undefined, { name: "http" }, { first: 80, last: 81 }, { first: 82, last: 90 }),
      }),
      { maxLength: 3 },
    ),
    peers: fc.array(
      fc.oneof(
        fc
          .record({ podSelector: maybe(selectorText), namespaceSelector: maybe(inheritedText) })
          .map((peer) => ({
            kind: "selectors" as const,
            podSelector: peer.podSelector === undefined ? undefined : make.selector(peer.podSelector),
            namespaceSelector:
              peer.namespaceSelector === undefined ? undefined : make.selector(peer.namespaceSelector),
          })),
        fc.constant({
          kind: "block" as const,
          cidr: make.cidr("10.0.0.0/24"),
          except: [make.cidr("10.0.0.1")],
        }),
      ),
      { maxLength: 2 },
    ),
  }),
  { maxLength: 2 },
);
const kubernetesPolicy = fc
  .record({
    path,
    podSelector: selectorText,
    appliesToIngress: fc.boolean(),
    appliesToEgress: fc.boolean(),
    ingress: kubernetesRules,
    egress: kubernetesRules,
    unusable,
  })
  .map(({ path: at, podSelector, ...more }) =>
    make.kubernetesPolicy(at, { ...more, podSelector: make.selector(podSelector) }),
  );

const clusterRules = fc.array(
  fc.record({
    name: fc.constantFrom("", "n"),
    action: fc.constantFrom("Accept" as const, "Deny" as const, "Pass" as const),
    peers: fc.array(
      fc.oneof(
        inheritedText.map((text) => ({
          kind: "namespaces" as const,
          namespaceSelector: make.selector(text),
        })),
        fc.tuple(inheritedText, selectorText).map(([spaces, pods]) => ({
          kind: "pods" as const,
          namespaceSelector: make.selector(spaces),
          podSelector: make.selector(pods),
        })),
      ),
      { minLength: 1, maxLength: 2 },
    ),
    protocols: fc.array(
      fc.constantFrom(
        { protocol: "TCP" as const, port: { first: 80, last: 80 } },
        { protocol: "UDP" as const, port: undefined },
        { name: "http" },
      ),
      { maxLength: 2 },
    ),
  }),
  { maxLength: 2 },
);
const clusterPolicy = fc
  .record({
    name,
    tier: fc.constantFrom("Admin" as const, "Baseline" as const),
    priority: fc.nat({ max: 3 }),
  })
  .chain((head) =>
    fc.record({ spaces: inheritedText, ingress: clusterRules, egress: clusterRules }).map((body) =>
      make.clusterPolicy(head.name, {
        tier: head.tier,
        priority: head.priority,
        subject: { kind: "namespaces", namespaceSelector: make.selector(body.spaces) },
        ingress: body.ingress,
        egress: body.egress,
      }),
    ),
  );

const profileName = fc.constantFrom("kns.a", "ksa.a.p", "extra", "projectcalico-default-allow");

/** Any resource of the small cluster. */
export const resource: fc.Arbitrary<Resource> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc
      .tuple(space, fc.dictionary(fc.constantFrom("team", "env"), fc.constantFrom("x", "y")))
      .map(([at, texts]) => make.namespace(at, texts)),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(path, fc.dictionary(fc.constant("role"), fc.constantFrom("x", "y")))
      .map(([at, texts]) => make.serviceAccount(at, texts)),
  },
  {
    weight: 5,
    arbitrary: fc
      .record({
        path,
        labels,
        ips,
        more: fc.record({
          serviceAccountName: name,
          ports,
          nodeName: fc.constantFrom("node-1", "node-1", "node-1", "node-2", ""),
          hostNetwork: rarely,
          finished: rarely,
        }),
      })
      .map(({ path: at, labels: texts, ips, more }) => make.pod(at, texts, ips, more)),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        path,
        labels,
        ips,
        more: fc.record({
          pod: name,
          orchestrator: fc.constantFrom("k8s", "other"),
          serviceAccountName: fc.constantFrom("", "p"),
          profiles: fc.uniqueArray(profileName, { maxLength: 2 }),
          ports,
          node: fc.constantFrom("node-1", "node-2"),
        }),
      })
      .map(({ path: at, labels: texts, ips, more }) => make.workload(at, texts, ips, more)),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        name,
        labels,
        ips,
        profiles: fc.uniqueArray(profileName),
        ports,
      })
      .map(({ name: at, labels: texts, ips, profiles, ports: its }) =>
        make.hostEndpoint(at, texts, ips, { profiles, ports: its }),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ path: fc.oneof(path, name), labels, nets: fc.array(net, { maxLength: 3 }) })
      .map(({ path: at, labels: texts, nets }) => make.networkSet(at, texts, nets)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom("default", "t", "kube-admin"),
        order,
        fc.constantFrom("Deny" as const, "Pass" as const),
      )
      .map(([at, place, action]) => make.tier(at, place, action)),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        name: profileName,
        ingress: rules,
        egress: rules,
        unusable,
        label: fc.constantFrom("x", "y"),
      })
      .map(({ name: at, label, ...more }) =>
        make.profile(at, {
          ...more,
          labelsToApply: new Map([
            ["pcns.team", label],
            ["tier", label],
          ]),
        }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        path,
        service: fc.constantFrom("s", "t", ""),
        ips,
        ports: fc.array(
          fc.record({
            protocol: fc.constantFrom("TCP" as const, "UDP" as const),
            port: fc.constantFrom(53, 80),
          }),
          { maxLength: 2 },
        ),
      })
      .map(({ path: at, service, ips, ports: its }) => make.slice(at, service, ips, its)),
  },
  { weight: 6, arbitrary: calicoPolicy },
  { weight: 2, arbitrary: kubernetesPolicy },
  { weight: 1, arbitrary: clusterPolicy },
);

const update: fc.Arbitrary<ResourceUpdate> = fc
  .tuple(resource, fc.constantFrom(false, false, true))
  .map(([it, isDelete]) =>
    isDelete ? { kind: "delete", key: resourceKey(it) } : { kind: "put", key: resourceKey(it), resource: it },
  );

/** A populated cluster under the same few names, so that most histories change something that matters. */
const WORLD: readonly Resource[] = [
  make.namespace("a", { team: "x" }),
  make.namespace("b", { team: "y" }),
  make.serviceAccount("a/p", { role: "x" }),
  make.tier("default", 2),
  make.pod("a/p", { app: "x" }, ["10.0.0.1"], {
    serviceAccountName: "p",
    ports: [make.namedPort("http", 80)],
  }),
  make.pod("b/q", { app: "y", tier: "x" }, ["10.0.0.2", "fd00::1"], {
    ports: [make.namedPort("dns", 53, "UDP")],
  }),
  make.hostEndpoint("q", { app: "x" }, ["10.0.0.3"], { profiles: ["extra"] }),
  make.networkSet("a/q", { app: "y" }, ["192.0.2.0/25"]),
  make.slice("a/p", "s", ["10.0.0.2"], [{ protocol: "TCP", port: 80 }]),
  make.policy("p", {
    ingress: [
      make.rule("Allow", { source: { selector: "app == 'y'", notSelector: "tier == 'y'" } }),
      make.rule("Deny", {
        source: { namespaceSelector: "team == 'x'" },
        destination: { ports: [{ name: "http" }] },
      }),
      make.rule("Allow", {
        source: { notSelector: "has(app)" },
        destination: { services: { name: "s", namespace: "a" } },
      }),
    ],
  }),
  make.policy("a/q", { ingress: [make.rule("Allow", { source: { serviceAccounts: { names: ["p"] } } })] }),
];

const changes = fc.array(fc.array(update, { minLength: 1, maxLength: 16, size: "max" }), {
  minLength: 1,
  maxLength: 8,
  size: "max",
});

/** Batches, with a flush after each; three in four begin with the populated cluster. */
export const history: fc.Arbitrary<ResourceUpdate[][]> = fc
  .tuple(fc.constantFrom(true, true, true, false), changes)
  .map(([isPopulated, batches]) => (isPopulated ? [make.put(...WORLD), ...batches] : batches));

/** What there is after a history. */
export function remaining(batches: readonly (readonly ResourceUpdate[])[]): Resource[] {
  const resources = new Map<string, Resource>();
  for (const change of batches.flat()) {
    const key = `${change.key.kind} ${change.key.namespace}/${change.key.name}`;
    if (change.kind === "put") resources.set(key, change.resource);
    else resources.delete(key);
  }
  return [...resources.values()];
}
