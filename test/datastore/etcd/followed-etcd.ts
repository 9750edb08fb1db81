/** An etcd datastore on a real etcd, with every call of its listener recorded, and short ways to write. */
import type { TestContext } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import {
  type EtcdEndpoint,
  type EtcdFiles,
  etcdAccess,
  parseEtcdEndpoint,
} from "../../../src/datastore/etcd/etcd-access.ts";
import { EtcdDatastore } from "../../../src/datastore/etcd/etcd-datastore.ts";
import { CLUSTER_INFORMATION_KEY, ETCD_RESOURCES_PREFIX } from "../../../src/datastore/etcd/etcd-keys.ts";
import type { EtcdServer } from "../../support/etcd-server.ts";
import { RecordedListener } from "../../support/recorded-listener.ts";

export class FollowedEtcd extends RecordedListener {
  readonly datastore: EtcdDatastore;
  started: Promise<void> = Promise.resolve();

  private constructor(urls: readonly string[], files: EtcdFiles) {
    super();
    const access = etcdAccess(urls.map(endpointOf), files);
    this.datastore = new EtcdDatastore(systemClock, { access, random: () => 0.5 });
  }

  /** A datastore that begins to follow. */
  static begin(test: TestContext, urls: readonly string[], files: EtcdFiles = {}): FollowedEtcd {
    const followed = new FollowedEtcd(urls, files);
    test.after(() => followed.datastore.close());
    followed.started = followed.datastore.start(followed);
    followed.started.catch(() => {}); // a test that ends early closes it
    return followed;
  }

  /** The same, in sync and watching. */
  static async start(
    test: TestContext,
    urls: readonly string[],
    files: EtcdFiles = {},
  ): Promise<FollowedEtcd> {
    const followed = FollowedEtcd.begin(test, urls, files);
    await followed.started;
    return followed;
  }

  order(name: string): number | undefined {
    const resource = this.inForce.get(`NetworkPolicy prod/${name}`);
    return resource?.kind === "NetworkPolicy" ? resource.spec.order : undefined;
  }

  get isConnected(): boolean {
    return this.datastore.health().isConnected;
  }
}

export function endpointOf(url: string): EtcdEndpoint {
  const endpoint = parseEtcdEndpoint(url);
  if (!endpoint.ok) throw new Error(endpoint.error);
  return endpoint.value;
}

export function setReady(etcd: EtcdServer, datastoreReady = true): Promise<void> {
  const identity = { apiVersion: "projectcalico.org/v3", kind: "ClusterInformation" };
  return etcd.put(CLUSTER_INFORMATION_KEY, {
    ...identity,
    metadata: { name: "default" },
    spec: { datastoreReady },
  });
}

export function policyKey(name: string): string {
  return `${ETCD_RESOURCES_PREFIX}networkpolicies/prod/${name}`;
}

export function putPolicy(etcd: EtcdServer, name: string, order: number): Promise<void> {
  return etcd.put(policyKey(name), {
    apiVersion: "projectcalico.org/v3",
    kind: "NetworkPolicy",
    metadata: { name, namespace: "prod" },
    spec: { order, types: ["Ingress"], selector: "all()" },
  });
}
