/** Where a history can be written: a directory of files and a real etcd, each with a datastore that follows it. */
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../src/base/clock.ts";
import type { Datastore } from "../../../src/datastore/datastore.ts";
import { etcdAccess, parseEtcdEndpoint } from "../../../src/datastore/etcd/etcd-access.ts";
import { EtcdDatastore } from "../../../src/datastore/etcd/etcd-datastore.ts";
import { CLUSTER_INFORMATION_KEY, formatEtcdKey } from "../../../src/datastore/etcd/etcd-keys.ts";
import { FileDatastore } from "../../../src/datastore/files/file-datastore.ts";
import { resourceKey } from "../../../src/datastore/resources.ts";
import { CuttingProxy } from "../../control-plane/cutting-proxy.ts";
import { readObjects } from "../../support/calculating.ts";
import { EtcdServer } from "../../support/etcd-server.ts";
import {
  asCalicoStores,
  CALICO_V3,
  type HistoryChange,
  type HistoryObject,
  idOf,
} from "../../support/scripted-history.ts";

export type HistoryStore = {
  /** What a datastore of the store should yield for an object of the history. */
  asStored(object: HistoryObject): HistoryObject;
  write(change: HistoryChange): Promise<void>;
  datastore(): Datastore;
  close(): Promise<void>;
};

/** One file an object. */
export class FileStore implements HistoryStore {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async create(): Promise<FileStore> {
    return new FileStore(await mkdtemp(join(tmpdir(), "ephor-history-")));
  }

  asStored(object: HistoryObject): HistoryObject {
    return object;
  }

  async write({ kind, object }: HistoryChange): Promise<void> {
    const path = join(this.#directory, `${idOf(object).replaceAll(" ", "_")}.json`);
    if (kind === "delete") return rm(path);
    await writeFile(`${path}.new`, JSON.stringify(object));
    await rename(`${path}.new`, path);
  }

  datastore(): Datastore {
    return new FileDatastore(systemClock, { directory: this.#directory });
  }

  close(): Promise<void> {
    return rm(this.#directory, { recursive: true, force: true });
  }
}

/** As Calico would write it, with something between it and the datastore that can be cut. */
export class EtcdStore implements HistoryStore {
  readonly etcd: EtcdServer;
  readonly proxy: CuttingProxy;

  protected constructor(etcd: EtcdServer, proxy: CuttingProxy) {
    this.etcd = etcd;
    this.proxy = proxy;
  }

  static async create(): Promise<EtcdStore> {
    const etcd = await EtcdServer.start();
    const metadata = { name: "default" };
    const gate = { apiVersion: CALICO_V3, kind: "ClusterInformation", metadata };
    await etcd.put(CLUSTER_INFORMATION_KEY, { ...gate, spec: { datastoreReady: true } });
    return new this(etcd, await CuttingProxy.start(etcd.port));
  }

  asStored(object: HistoryObject): HistoryObject {
    return asCalicoStores(object);
  }

  async write({ kind, object }: HistoryChange): Promise<void> {
    const stored = this.asStored(object);
    const [resource] = readObjects([stored]);
    const key = resource && formatEtcdKey(resourceKey(resource));
    if (key === undefined) throw new Error(`an etcd holds no ${stored.kind}`);
    if (kind === "delete") return this.etcd.delete(key);
    await this.etcd.put(key, stored);
  }

  datastore(): Datastore {
    const endpoint = parseEtcdEndpoint(`http://127.0.0.1:${this.proxy.port}`);
    if (!endpoint.ok) throw new Error(endpoint.error);
    return new EtcdDatastore(systemClock, {
      access: etcdAccess([endpoint.value], {}),
      random: Math.random,
    });
  }

  async close(): Promise<void> {
    this.proxy.close();
    await this.etcd.stop();
  }
}
