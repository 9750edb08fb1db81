/** The shop in a real etcd, started for the demo, as a cluster with Calico's etcd datastore keeps its policy. */
import { systemClock } from "../../base/clock.ts";
import { etcdAccess, parseEtcdEndpoint } from "../../datastore/etcd/etcd-access.ts";
import { EtcdClient } from "../../datastore/etcd/etcd-client.ts";
import { CLUSTER_INFORMATION_KEY, formatEtcdKey } from "../../datastore/etcd/etcd-keys.ts";
import type { ResourceKind } from "../../datastore/resources.ts";
import { awaitCondition, BackgroundProcess } from "./child-process.ts";
import type { Cleanup } from "./cleanup.ts";
import { etcdFlags } from "./control-plane.ts";
import { etcdObject, etcdRuleName } from "./etcd-object.ts";
import { freePorts } from "./free-ports.ts";
import { type PolicyStore, type ShopObject, StoreMissingError } from "./policy-store.ts";

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 2_000;

/** @param binary from `$ETCD`; undefined or empty: the one in the PATH. */
export async function openEtcdStore(
  cleanup: Cleanup,
  folder: string,
  binary: string | undefined,
): Promise<PolicyStore> {
  const [port = 0, peerPort = 0] = await freePorts(2);
  const command = binary === undefined || binary === "" ? "etcd" : binary;
  const process = new BackgroundProcess(command, etcdFlags(folder, port, peerPort), { name: "etcd" });
  cleanup.add(() => process.stop(STOP_TIMEOUT_MS));
  const url = `http://127.0.0.1:${port}`;
  const endpoint = parseEtcdEndpoint(url);
  if (!endpoint.ok) throw new Error(endpoint.error);
  const client = new EtcdClient(systemClock, etcdAccess([endpoint.value], {}));
  cleanup.add(() => client.close());
  const answers = async (): Promise<boolean> => (await client.range({ key: CLUSTER_INFORMATION_KEY })).ok;
  const options = { timeoutMs: START_TIMEOUT_MS, process, intervalMs: 20 };
  await awaitCondition("etcd answers", answers, options).catch((reason: unknown) => {
    const { ended = "" } = process;
    if (!ended.startsWith("can't be run")) throw reason;
    throw new StoreMissingError(`no etcd (${ended}): install Debian's etcd-server, or name one by $ETCD`);
  });
  const write = async (key: string, value: object | undefined): Promise<void> => {
    const text = value === undefined ? undefined : JSON.stringify(value);
    const written = await client.txn({ compare: [], writes: [{ key, value: text }] });
    if (!written.ok) throw new Error(`etcd: ${written.error.message}`);
  };
  const gate = {
    apiVersion: "projectcalico.org/v3",
    kind: "ClusterInformation",
    metadata: { name: "default" },
  };
  await write(CLUSTER_INFORMATION_KEY, { ...gate, spec: { datastoreReady: true } });
  return {
    name: `an etcd, ${url}`,
    nodeFlags: ["--datastore", "etcd", "--etcd-endpoint", url],
    howToEdit: [
      `etcdctl --endpoints ${url} get --prefix /calico/resources/v3/projectcalico.org/networkpolicies/`,
    ],
    put: async (object) => {
      const stored = etcdObject(object);
      await write(keyOf(stored), stored);
    },
    remove: async (object) => await write(keyOf(etcdObject(object)), undefined),
    ruleName: etcdRuleName,
  };
}

function keyOf({ kind, metadata: { namespace = "", name } }: ShopObject): string {
  const key = formatEtcdKey({ kind: kind as ResourceKind, namespace, name });
  if (key === undefined) throw new Error(`an etcd can't hold ${kind} ${namespace}/${name}`);
  return key;
}
