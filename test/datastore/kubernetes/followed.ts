/** A Kubernetes datastore on a scripted API server, with every call of its listener recorded. */
import type { TestContext } from "node:test";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import type { ApiAccess } from "../../../src/datastore/kubernetes/api-access.ts";
import { KubernetesDatastore } from "../../../src/datastore/kubernetes/kubernetes-datastore.ts";
import { RecordedListener } from "../../support/recorded-listener.ts";
import { type Json, ScriptedApi, V1 } from "./scripted-api.ts";

export const POLICIES: string = `/apis/${V1}/networkpolicies`;
export const PODS = "/api/v1/pods";

export class Followed extends RecordedListener {
  readonly api: ScriptedApi;
  readonly datastore: KubernetesDatastore;
  started: Promise<void> = Promise.resolve();

  constructor(api: ScriptedApi, access: ApiAccess, clock: Clock = systemClock) {
    super();
    this.api = api;
    this.datastore = new KubernetesDatastore(clock, { access, random: () => 0.5 });
  }

  /** A server that `prepare` has filled, and a datastore that begins to follow it. */
  static async begin(
    test: TestContext,
    prepare: (api: ScriptedApi) => void = () => {},
    token?: () => string,
  ): Promise<Followed> {
    const api = await ScriptedApi.start(test);
    prepare(api);
    const followed = new Followed(api, await api.access(token));
    test.after(() => followed.datastore.close());
    followed.started = followed.datastore.start(followed);
    followed.started.catch(() => {}); // a test that ends early closes it
    return followed;
  }

  /** The same, in sync and watching. */
  static async start(
    test: TestContext,
    prepare?: (api: ScriptedApi) => void,
    token?: () => string,
  ): Promise<Followed> {
    const followed = await Followed.begin(test, prepare, token);
    await followed.started;
    return followed;
  }

  order(name: string): number | undefined {
    const resource = this.inForce.get(`NetworkPolicy shop/${name}`);
    return resource?.kind === "NetworkPolicy" ? resource.spec.order : undefined;
  }

  has(key: string): boolean {
    return this.inForce.has(key);
  }
}

export function policy(name: string, order: number | string = 1): Json {
  return { metadata: { name, namespace: "shop" }, spec: { order, selector: "all()", types: ["Ingress"] } };
}

export function pod(name: string, ip: string, labels: Json = {}): Json {
  return {
    metadata: { name, namespace: "shop", labels, managedFields: [{ manager: "kubelet" }] },
    spec: { nodeName: "node-1", containers: [] },
    status: { podIP: ip, podIPs: [{ ip }] },
  };
}
