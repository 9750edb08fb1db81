/** A seeded history of a small cluster, applied through its API: creations, relabellings and deletions in random order. */
import type { ControlPlane, Json } from "../../control-plane/control-plane.ts";
import { CALICO, create, createPod, pathOf } from "./cluster.ts";

export const SPACES: readonly string[] = ["prod", "dev"];
const ACCOUNTS = ["web", "api"];
const TEAMS = ["x", "y", "z"];
const APPS = ["web", "api", "db"];

type Object = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
};

export class ScriptedHistory {
  readonly #plane: ControlPlane;
  readonly #random: () => number;
  /** What exists, by its text. */
  readonly #objects = new Map<string, Object>();
  #created = 0;

  constructor(plane: ControlPlane, seed: number) {
    this.#plane = plane;
    this.#random = seeded(seed);
  }

  /** Namespaces, accounts and the pods that are guarded; they are relabelled but never deleted. */
  async begin(): Promise<void> {
    for (const name of SPACES) {
      await create(this.#plane, "v1", "Namespace", { name, labels: this.#labels("team", TEAMS) });
      for (const account of ACCOUNTS) {
        await create(this.#plane, "v1", "ServiceAccount", { name: account, namespace: name });
      }
      await createPod(
        this.#plane,
        { name: "guarded", namespace: name, labels: { app: "api" } },
        "10.65.0.1",
        {
          serviceAccountName: "api",
        },
      );
    }
    for (const name of ["security", "platform"]) {
      await create(
        this.#plane,
        CALICO,
        "Tier",
        { name },
        { spec: { order: 10 * this.#pick([1, 2, 3]), defaultAction: "Pass" } },
      );
    }
  }

  async step(): Promise<void> {
    const choice = this.#random();
    if (choice < 0.45 || this.#objects.size < 8) await this.#create();
    else if (choice < 0.6) await this.#relabelSpaceOrAccount();
    else if (choice < 0.8) await this.#change();
    else await this.#delete();
  }

  async #create(): Promise<void> {
    const name = `o${this.#created++}`;
    const namespace = this.#pick(SPACES);
    switch (this.#pick(["pod", "pod", "pod", "np", "np", "gnp", "set", "knp", "slice"])) {
      case "pod": {
        const labels = this.#labels("app", APPS);
        const ip = `10.65.${this.#integer(4)}.${10 + this.#integer(240)}`;
        await createPod(this.#plane, { name, namespace, labels }, ip, {
          serviceAccountName: this.#pick(ACCOUNTS),
        });
        return this.#note({ apiVersion: "v1", kind: "Pod", namespace, name });
      }
      case "np":
        await create(this.#plane, CALICO, "NetworkPolicy", { name, namespace }, { spec: this.#policySpec() });
        return this.#note({ apiVersion: CALICO, kind: "NetworkPolicy", namespace, name });
      case "gnp":
        await create(this.#plane, CALICO, "GlobalNetworkPolicy", { name }, { spec: this.#policySpec() });
        return this.#note({ apiVersion: CALICO, kind: "GlobalNetworkPolicy", name });
      case "set": {
        const spec = { nets: [`192.0.2.${this.#integer(256)}/32`, `198.51.${this.#integer(256)}.0/24`] };
        await create(
          this.#plane,
          CALICO,
          "GlobalNetworkSet",
          { name, labels: this.#labels("app", APPS) },
          { spec },
        );
        return this.#note({ apiVersion: CALICO, kind: "GlobalNetworkSet", name });
      }
      case "knp": {
        const from = [{ namespaceSelector: { matchLabels: this.#labels("team", TEAMS) } }];
        const spec = {
          podSelector: {},
          policyTypes: ["Ingress"],
          ingress: [{ from, ports: [{ port: "http" }] }],
        };
        await create(this.#plane, "networking.k8s.io/v1", "NetworkPolicy", { name, namespace }, { spec });
        return this.#note({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace, name });
      }
      default: {
        const labels = { "kubernetes.io/service-name": this.#pick(APPS) };
        const addresses = [`10.66.0.${1 + this.#integer(250)}`];
        const rest = {
          addressType: "IPv4",
          endpoints: [{ addresses }],
          ports: [{ port: 5353, protocol: "UDP" }],
        };
        await create(this.#plane, "discovery.k8s.io/v1", "EndpointSlice", { name, namespace, labels }, rest);
        return this.#note({ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", namespace, name });
      }
    }
  }

  async #relabelSpaceOrAccount(): Promise<void> {
    const space = this.#pick(SPACES);
    const path =
      this.#random() < 0.5
        ? `${pathOf("v1", "Namespace")}/${space}`
        : `${pathOf("v1", "ServiceAccount", space)}/${this.#pick(ACCOUNTS)}`;
    await this.#plane.request("PATCH", path, { metadata: { labels: this.#labels("team", TEAMS) } });
  }

  /** A relabelling, or a policy's new spec; a slice moves to another service. */
  async #change(): Promise<void> {
    const object = this.#pick([...this.#objects.values()]);
    const isCalicoPolicy = object.apiVersion === CALICO && object.kind.endsWith("Policy");
    const labels =
      object.kind === "EndpointSlice"
        ? { "kubernetes.io/service-name": this.#pick(APPS) }
        : this.#labels("app", APPS);
    const { order, ...spec } = this.#policySpec();
    const patch = isCalicoPolicy ? { spec: { ...spec, order: order ?? null } } : { metadata: { labels } };
    await this.#plane.request("PATCH", pathTo(object), patch);
  }

  async #delete(): Promise<void> {
    const object = this.#pick([...this.#objects.values()]);
    await this.#plane.request("DELETE", pathTo(object), { gracePeriodSeconds: 0 });
    this.#objects.delete(pathTo(object));
  }

  #policySpec(): Json {
    const source = this.#pick<Json>([
      { selector: `app == '${this.#pick(APPS)}'` },
      { namespaceSelector: `team == '${this.#pick(TEAMS)}'` },
      { serviceAccounts: { names: [this.#pick(ACCOUNTS)] } },
      { services: { name: this.#pick(APPS), namespace: this.#pick(SPACES) } },
      { nets: [`10.${this.#integer(256)}.0.0/16`] },
    ]);
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

  #note(object: Object): void {
    this.#objects.set(pathTo(object), object);
  }

  #integer(below: number): number {
    return Math.floor(this.#random() * below);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#integer(values.length)] as T;
  }
}

function pathTo({ apiVersion, kind, namespace, name }: Object): string {
  return `${pathOf(apiVersion, kind, namespace)}/${name}`;
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
