/**
 * The example's objects as an etcd holds them. Pure.
 *
 * There a cluster's own objects stand as Calico's: its CNI plugin writes a WorkloadEndpoint for each pod, its controllers
 * a Profile for each namespace and service account and a copy of each Kubernetes policy. This does what they do, as far
 * as the example needs it.
 */
import type { ShopObject } from "./policy-store.ts";

const V3 = "projectcalico.org/v3";

type Labels = Readonly<Record<string, string>>;
type Container = { readonly ports?: readonly Port[] };
type Port = { readonly name?: string; readonly containerPort?: number; readonly protocol?: string };
type PodSpec = {
  readonly nodeName?: string;
  readonly serviceAccountName?: string;
  readonly containers?: readonly Container[];
};
type LabelSelector = { readonly matchLabels?: Labels };
type Peer = { readonly podSelector?: LabelSelector; readonly namespaceSelector?: LabelSelector };
type KubernetesRule = {
  readonly from?: readonly Peer[];
  readonly ports?: readonly { readonly protocol?: string; readonly port?: number | string }[];
};

/** What stands for an object in an etcd. Throws for what the example doesn't have: a conversion that guesses widens. */
export function etcdObject(object: ShopObject): ShopObject {
  const { apiVersion, kind } = object;
  if (apiVersion === V3) return object;
  if (apiVersion === "v1" && kind === "Pod") return workloadEndpoint(object);
  if (apiVersion === "v1" && kind === "Namespace") return namespaceProfile(object);
  if (apiVersion === "v1" && kind === "ServiceAccount") return accountProfile(object);
  if (apiVersion === "networking.k8s.io/v1" && kind === "NetworkPolicy") return policyCopy(object);
  throw new Error(`an etcd holds nothing for a ${kind} of ${apiVersion}`);
}

/** What a rule of the example is called there. */
export function etcdRuleName(rule: string): string {
  return rule.replace(/^KubernetesNetworkPolicy ([^/]+)\//, "NetworkPolicy $1/knp.default.");
}

function workloadEndpoint({ metadata, spec, status }: ShopObject): ShopObject {
  const { name, namespace = "", labels = {} } = metadata;
  const { nodeName = "", serviceAccountName = "default", containers = [] } = (spec ?? {}) as PodSpec;
  const { podIPs = [] } = (status ?? {}) as { readonly podIPs?: readonly { readonly ip: string }[] };
  const ports = containers.flatMap((container) => container.ports ?? []);
  return {
    apiVersion: V3,
    kind: "WorkloadEndpoint",
    metadata: {
      name: [nodeName, "k8s", name, "eth0"].map((part) => part.replaceAll("-", "--")).join("-"),
      namespace,
      labels: {
        ...labels,
        "projectcalico.org/namespace": namespace,
        "projectcalico.org/orchestrator": "k8s",
        "projectcalico.org/serviceaccount": serviceAccountName,
      },
    },
    spec: {
      orchestrator: "k8s",
      node: nodeName,
      pod: name,
      endpoint: "eth0",
      serviceAccountName,
      ipNetworks: podIPs.map(({ ip }) => `${ip}/${ip.includes(":") ? 128 : 32}`),
      profiles: [`kns.${namespace}`, `ksa.${namespace}.${serviceAccountName}`],
      ports: ports.flatMap(({ name: port, containerPort, protocol = "TCP" }) =>
        port === undefined ? [] : [{ name: port, port: containerPort, protocol }],
      ),
    },
  };
}

/** As for every namespace: what no policy decides is allowed. */
function namespaceProfile({ metadata: { name, labels = {} } }: ShopObject): ShopObject {
  return profile(`kns.${name}`, "pcns.", { ...labels, "projectcalico.org/name": name }, [
    { action: "Allow" },
  ]);
}

function accountProfile({ metadata: { name, namespace, labels = {} } }: ShopObject): ShopObject {
  return profile(`ksa.${namespace}.${name}`, "pcsa.", { ...labels, "projectcalico.org/name": name }, []);
}

function profile(name: string, prefix: string, labels: Labels, rules: readonly object[]): ShopObject {
  const labelsToApply = Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [`${prefix}${key}`, value]),
  );
  const spec = { ingress: rules, egress: rules, labelsToApply };
  return { apiVersion: V3, kind: "Profile", metadata: { name }, spec };
}

function policyCopy({ metadata, spec = {} }: ShopObject): ShopObject {
  const {
    podSelector,
    policyTypes,
    ingress = [],
    ...rest
  } = spec as {
    readonly podSelector?: LabelSelector;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly KubernetesRule[];
  };
  if (Object.keys(rest).length > 0) throw new Error(`${metadata.name}: can't copy ${Object.keys(rest)}`);
  return {
    apiVersion: V3,
    kind: "NetworkPolicy",
    metadata: { ...metadata, name: `knp.default.${metadata.name}` },
    spec: {
      tier: "default",
      order: 1_000,
      selector: podsSelector(podSelector),
      types: policyTypes ?? ["Ingress"],
      ingress: ingress.flatMap(rulesOf),
    },
  };
}

/** One for each peer and protocol. */
function rulesOf({ from = [{}], ports = [{}] }: KubernetesRule): object[] {
  return from.flatMap((peer) =>
    ports.map(({ protocol = "TCP", port }) => ({
      action: "Allow",
      protocol,
      source: sourceOf(peer),
      ...(port === undefined ? {} : { destination: { ports: [port] } }),
    })),
  );
}

function sourceOf({ podSelector, namespaceSelector, ...rest }: Peer): object {
  if (Object.keys(rest).length > 0) throw new Error(`can't copy a peer's ${Object.keys(rest)}`);
  if (podSelector === undefined && namespaceSelector === undefined) return {};
  return {
    selector: podsSelector(podSelector),
    ...(namespaceSelector === undefined
      ? {}
      : { namespaceSelector: labelSelector(namespaceSelector) || "all()" }),
  };
}

/** Pods only: no host endpoints and no network sets. */
function podsSelector(selector: LabelSelector | undefined): string {
  const rest = labelSelector(selector ?? {});
  return `projectcalico.org/orchestrator == 'k8s'${rest === "" ? "" : ` && ${rest}`}`;
}

function labelSelector({ matchLabels = {}, ...rest }: LabelSelector): string {
  if (Object.keys(rest).length > 0) throw new Error(`can't copy a selector's ${Object.keys(rest)}`);
  const terms = Object.entries(matchLabels).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return terms.map(([key, value]) => `${key} == '${value}'`).join(" && ");
}
