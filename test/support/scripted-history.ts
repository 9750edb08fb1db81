/**
 * A seeded history of a small cluster: creations, relabellings, new rules and deletions in random order, as objects that
 * each datastore is given in its own way.
 *
 * Files and an API server take the objects as they are. An etcd has no pods, namespaces and accounts; `asCalicoStores`
 * makes of them what Calico's CNI plugin and controllers would write there. It has no EndpointSlices either, and Kubernetes'
 * own NetworkPolicies come as copies of another kind, so a history without these (`hasClusterKinds: false`) is the one
 * that gives the same messages everywhere.
 */
export type HistoryObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
};

export type HistoryChange = {
  readonly kind: "create" | "update" | "delete";
  readonly object: HistoryObject;
};

export const SPACES: readonly string[] = ["prod", "dev"];
/** The pod of each namespace whose messages are compared; it is never deleted. */
export const GUARDED = "guarded";
export const CALICO_V3 = "projectcalico.org/v3";
const ACCOUNTS = ["web", "api"];
const TEAMS = ["x", "y", "z"];
const APPS = ["web", "api", "db"];
const NODE = "node-1";

export class ScriptedHistory {
  readonly #random: () => number;
  readonly #hasClusterKinds: boolean;
  readonly #objects = new Map<string, HistoryObject>();
  #created = 0;

  constructor(seed: number, { hasClusterKinds }: { readonly hasClusterKinds: boolean }) {
    this.#random = seeded(seed);
    this.#hasClusterKinds = hasClusterKinds;
  }

  /** What exists. */
  get objects(): readonly HistoryObject[] {
    return [...this.#objects.values()];
  }

  /** Namespaces, accounts, tiers and the pods that are guarded; they are relabelled but never deleted. */
  begin(): readonly HistoryChange[] {
    const all: HistoryObject[] = [];
    for (const name of SPACES) {
      // The other label is the one that API servers add.
      const labels = { ...this.#labels("team", TEAMS), "kubernetes.io/metadata.name": name };
      all.push(core("Namespace", { name, labels }));
      for (const account of ACCOUNTS) all.push(core("ServiceAccount", { name: account, namespace: name }));
      all.push(pod({ name: GUARDED, namespace: name, labels: { app: "api" } }, "10.65.0.1", "api"));
    }
    for (const name of ["security", "platform"]) {
      all.push(calico("Tier", { name }, { order: 10 * this.#pick([1, 2, 3]), defaultAction: "Pass" }));
    }
    return all.map((object) => this.#note("create", object));
  }

  step(): HistoryChange {
    const choice = this.#random();
    if (choice < 0.45 || this.#changeable().length < 8) return this.#create();
    if (choice < 0.6) return this.#relabelSpaceOrAccount();
    if (choice < 0.8) return this.#change();
    const object = this.#pick(this.#changeable());
    this.#objects.delete(idOf(object));
    return { kind: "delete", object };
  }

  #changeable(): readonly HistoryObject[] {
    return this.objects.filter(({ metadata }) => /^o[0-9]+$/.test(metadata.name));
  }

  #create(): HistoryChange {
    const name = `o${this.#created++}`;
    const namespace = this.#pick(SPACES);
    const kinds = ["pod", "pod", "pod", "np", "np", "gnp", "set"];
    switch (this.#pick(this.#hasClusterKinds ? [...kinds, "knp", "slice"] : kinds)) {
      case "pod": {
        const labels = this.#labels("app", APPS);
        const ip = `10.65.${this.#integer(4)}.${10 + this.#integer(240)}`;
        return this.#note("create", pod({ name, namespace, labels }, ip, this.#pick(ACCOUNTS)));
      }
      case "np":
        return this.#note("create", calico("NetworkPolicy", { name, namespace }, this.#policySpec()));
      case "gnp":
        return this.#note("create", calico("GlobalNetworkPolicy", { name }, this.#policySpec()));
      case "set": {
        const nets = [`192.0.2.${this.#integer(256)}/32`, `198.51.${this.#integer(256)}.0/24`];
        const metadata = { name, labels: this.#labels("app", APPS) };
        return this.#note("create", calico("GlobalNetworkSet", metadata, { nets }));
      }
      case "knp": {
        const from = [{ namespaceSelector: { matchLabels: this.#labels("team", TEAMS) } }];
        const ingress = [{ from, ports: [{ port: "http" }] }];
        const spec = { podSelector: {}, policyTypes: ["Ingress"], ingress };
        const metadata = { name, namespace };
        const apiVersion = "networking.k8s.io/v1";
        return this.#note("create", { apiVersion, kind: "NetworkPolicy", metadata, spec });
      }
      default: {
        const labels = { "kubernetes.io/service-name": this.#pick(APPS) };
        const endpoints = [{ addresses: [`10.66.0.${1 + this.#integer(250)}`] }];
        const rest = { addressType: "IPv4", endpoints, ports: [{ port: 5353, protocol: "UDP" }] };
        const metadata = { name, namespace, labels };
        const apiVersion = "discovery.k8s.io/v1";
        return this.#note("create", { apiVersion, kind: "EndpointSlice", metadata, ...rest });
      }
    }
  }

  #relabelSpaceOrAccount(): HistoryChange {
    const kinds = this.#random() < 0.5 ? ["Namespace"] : ["ServiceAccount"];
    const object = this.#pick(this.objects.filter(({ kind }) => kinds.includes(kind)));
    const labels = { ...object.metadata.labels, ...this.#labels("team", TEAMS) };
    return this.#note("update", { ...object, metadata: { ...object.metadata, labels } });
  }

  /** A relabelling, or a policy's new spec; a slice moves to another service. */
  #change(): HistoryChange {
    const object = this.#pick(this.#changeable());
    const isCalicoPolicy = object.apiVersion === CALICO_V3 && object.kind.endsWith("Policy");
    if (isCalicoPolicy) return this.#note("update", { ...object, spec: this.#policySpec() });
    const isSlice = object.kind === "EndpointSlice";
    const labels = this.#labels(isSlice ? "kubernetes.io/service-name" : "app", APPS);
    return this.#note("update", { ...object, metadata: { ...object.metadata, labels } });
  }

  #policySpec(): Record<string, unknown> {
    const peers: Record<string, unknown>[] = [
      { selector: `app == '${this.#pick(APPS)}'` },
      { namespaceSelector: `team == '${this.#pick(TEAMS)}'` },
      { serviceAccounts: { names: [this.#pick(ACCOUNTS)] } },
      { nets: [`10.${this.#integer(256)}.0.0/16`] },
    ];
    const services = { name: this.#pick(APPS), namespace: this.#pick(SPACES) };
    const source = this.#pick(this.#hasClusterKinds ? [...peers, { services }] : peers);
    return {
      tier: this.#pick(["default", "security", "platform"]),
      ...(this.#random() < 0.8 ? { order: this.#integer(100) } : {}),
      selector: this.#pick(["all()", "app == 'api'", "has(app)"]),
      types: ["Ingress"],
      ingress: [{ action: this.#pick(["Allow", "Deny", "Pass"]), source }],
    };
  }

  #labels(name: string, values: readonly string[]): Record<string, string> {
    return { [name]: this.#pick(values) };
  }

  #note(kind: "create" | "update", object: HistoryObject): HistoryChange {
    this.#objects.set(idOf(object), object);
    return { kind, object };
  }

  #integer(below: number): number {
    return Math.floor(this.#random() * below);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#integer(values.length)] as T;
  }
}

/** One text for one object. */
export function idOf({ apiVersion, kind, metadata }: HistoryObject): string {
  return `${apiVersion.replaceAll("/", "-")} ${kind} ${metadata.namespace ?? ""} ${metadata.name}`;
}

/**
 * What stands for an object in Calico's own storage: a WorkloadEndpoint for a pod, with the labels that its CNI plugin
 * adds and its two profiles, and a Profile for a namespace or an account, as its controllers write them.
 */
export function asCalicoStores(object: HistoryObject): HistoryObject {
  const { kind, metadata } = object;
  const { name, namespace = "", labels = {} } = metadata;
  switch (kind) {
    case "Namespace": {
      const labelsToApply = { ...prefixed("pcns.", labels), "pcns.projectcalico.org/name": name };
      const rules = { ingress: [{ action: "Allow" }], egress: [{ action: "Allow" }] };
      return calico("Profile", { name: `kns.${name}` }, { ...rules, labelsToApply });
    }
    case "ServiceAccount": {
      const labelsToApply = { ...prefixed("pcsa.", labels), "pcsa.projectcalico.org/name": name };
      return calico("Profile", { name: `ksa.${namespace}.${name}` }, { labelsToApply });
    }
    case "Pod": {
      const { serviceAccountName } = object["spec"] as { readonly serviceAccountName: string };
      const { podIP } = object["status"] as { readonly podIP: string };
      const own = { "projectcalico.org/namespace": namespace, "projectcalico.org/orchestrator": "k8s" };
      return calico(
        "WorkloadEndpoint",
        {
          name: `${doubled(NODE)}-k8s-${doubled(name)}-eth0`,
          namespace,
          labels: { ...labels, ...own, "projectcalico.org/serviceaccount": serviceAccountName },
        },
        {
          orchestrator: "k8s",
          node: NODE,
          pod: name,
          endpoint: "eth0",
          serviceAccountName,
          ipNetworks: [`${podIP}/32`],
          profiles: [`kns.${namespace}`, `ksa.${namespace}.${serviceAccountName}`],
          ports: [{ name: "http", protocol: "TCP", port: 8080 }],
        },
      );
    }
    default:
      return object;
  }
}

function calico(
  kind: string,
  metadata: HistoryObject["metadata"],
  spec: Record<string, unknown>,
): HistoryObject {
  return { apiVersion: CALICO_V3, kind, metadata, spec };
}

function core(kind: string, metadata: HistoryObject["metadata"]): HistoryObject {
  return { apiVersion: "v1", kind, metadata };
}

/** A pod as its node would report it, with an address and a named port. */
function pod(metadata: HistoryObject["metadata"], podIP: string, serviceAccountName: string): HistoryObject {
  const containers = [{ name: "c", image: "none", ports: [{ name: "http", containerPort: 8080 }] }];
  const status = { phase: "Running", podIP, podIPs: [{ ip: podIP }] };
  return { ...core("Pod", metadata), spec: { nodeName: NODE, serviceAccountName, containers }, status };
}

function prefixed(prefix: string, labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [`${prefix}${name}`, value]));
}

function doubled(part: string): string {
  return part.replaceAll("-", "--");
}

/** Mulberry32: the same numbers for the same seed, on every machine. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
