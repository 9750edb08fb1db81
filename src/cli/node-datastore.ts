import { readFile } from "node:fs/promises";
import { toError } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import type { Datastore } from "../datastore/datastore.ts";
import { FileDatastore } from "../datastore/files/file-datastore.ts";
import type { ApiAccess } from "../datastore/kubernetes/api-access.ts";
import { kubeconfigAccess } from "../datastore/kubernetes/kubeconfig.ts";
import { KubernetesDatastore } from "../datastore/kubernetes/kubernetes-datastore.ts";
import { SERVICE_ACCOUNT_FOLDER, serviceAccountAccess } from "../datastore/kubernetes/service-account.ts";
import { type Io, UsageError } from "./io.ts";

export const DATASTORES = ["files", "kubernetes"] as const;

export type DatastoreFlags = {
  readonly datastore?: (typeof DATASTORES)[number];
  readonly policies?: string;
  readonly kubeconfig?: string;
  readonly kubeContext?: string;
};

/** The datastore that flags ask for, and what to call it in messages. */
export async function openDatastore(
  clock: Clock,
  io: Io,
  flags: DatastoreFlags,
): Promise<{ readonly datastore: Datastore; readonly source: string }> {
  const { datastore = "files", policies, kubeconfig, kubeContext } = flags;
  if (datastore === "files") {
    if (kubeconfig !== undefined || kubeContext !== undefined) {
      throw new UsageError("--kubeconfig and --kube-context go with --datastore kubernetes");
    }
    if (policies === undefined) throw new UsageError("--policies DIR is required");
    return { datastore: new FileDatastore(clock, { directory: policies }), source: `files ${policies}` };
  }
  if (policies !== undefined) throw new UsageError("--policies goes with --datastore files");
  const access = await findAccess(clock, io, flags);
  return {
    datastore: new KubernetesDatastore(clock, { access, random: Math.random }),
    source: `kubernetes ${access.name}`,
  };
}

/** A kubeconfig where one is named; else what a pod finds; else the kubeconfig that other tools would take. */
async function findAccess(clock: Clock, { env }: Io, flags: DatastoreFlags): Promise<ApiAccess> {
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "443" } = env;
  const isNamed = flags.kubeconfig !== undefined || flags.kubeContext !== undefined;
  try {
    if (host !== "" && !isNamed) {
      return await serviceAccountAccess(clock, { host, port: Number(port), folder: SERVICE_ACCOUNT_FOLDER });
    }
    if (flags.kubeconfig !== undefined) await readFile(flags.kubeconfig); // a plain message where there is none
    return await kubeconfigAccess(clock, { path: flags.kubeconfig, context: flags.kubeContext });
  } catch (reason) {
    throw new UsageError(`no way to the API server: ${toError(reason).message}`);
  }
}
