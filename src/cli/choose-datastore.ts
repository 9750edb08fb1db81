import { access as checkAccess } from "node:fs/promises";
import type { Command } from "commander";
import { toError } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import type { Datastore, StatusOutcome, StatusReporter } from "../datastore/datastore.ts";
import { etcdName } from "../datastore/etcd/etcd-access.ts";
import type { ApiAccess } from "../datastore/kubernetes/api-access.ts";
import { addEtcdFlags, type EtcdFlags, etcdAccessFrom, refuseEtcdFlags } from "./etcd-flags.ts";
import { choice, flag, readText } from "./flags.ts";
import { type Io, UsageError } from "./io.ts";

export type DatastoreFlags = EtcdFlags & {
  readonly datastore?: "files" | "kubernetes" | "etcd";
  readonly policies?: string;
  readonly kubeconfig?: string;
  readonly kubeContext?: string;
};

export function addDatastoreFlags(command: Command): Command {
  command
    .addOption(
      choice("--datastore <word>", "where policy comes from (default: files)", [
        "files",
        "kubernetes",
        "etcd",
      ]),
    )
    .addOption(
      flag(
        "--kubeconfig <file>",
        "how to reach the API server (default: the pod's service account)",
        readText,
      ),
    )
    .addOption(
      flag("--kube-context <name>", "context of the kubeconfig (default: its current one)", readText),
    );
  return addEtcdFlags(command);
}

/** Begins to write problems where the authors of policy look. */
export type StartStatus = (
  instance: string,
  onOutcome: (outcome: StatusOutcome, detail: string) => void,
) => StatusReporter;

export type ChosenDatastore = {
  readonly datastore: Datastore;
  /** For messages. */
  readonly source: string;
  /** Where the source has a place for it. */
  readonly startStatus?: StartStatus;
};

/** The datastore that flags ask for, and what to call it in messages. What reads the others is not loaded. */
export async function chooseDatastore(clock: Clock, io: Io, flags: DatastoreFlags): Promise<ChosenDatastore> {
  const { policies } = flags;
  if (policies !== undefined && (flags.datastore ?? "files") !== "files") {
    throw new UsageError("--policies goes with --datastore files");
  }
  if (flags.datastore === "etcd") {
    refuseClusterFlags(flags);
    const access = etcdAccessFrom(flags);
    const { EtcdDatastore } = await import("../datastore/etcd/etcd-datastore.ts");
    const datastore = new EtcdDatastore(clock, { access, random: Math.random });
    return { datastore, source: `etcd ${etcdName(access)}` };
  }
  refuseEtcdFlags(flags);
  if (flags.datastore === "kubernetes") {
    const access = await findCluster(clock, io, flags);
    const { KubernetesDatastore } = await import("../datastore/kubernetes/kubernetes-datastore.ts");
    const { EventReporter } = await import("../datastore/kubernetes/event-reporter.ts");
    const { random } = Math;
    const datastore = new KubernetesDatastore(clock, { access, random });
    const subjectOf = datastore.subjectOf.bind(datastore);
    return {
      datastore,
      source: `kubernetes ${access.name}`,
      startStatus: (instance, onOutcome) =>
        new EventReporter(clock, { access, instance, subjectOf, random, onOutcome }),
    };
  }
  refuseClusterFlags(flags);
  if (policies === undefined) throw new UsageError("--policies DIR is required");
  const { FileDatastore } = await import("../datastore/files/file-datastore.ts");
  return { datastore: new FileDatastore(clock, { directory: policies }), source: `files ${policies}` };
}

/** For what is not read from a cluster's API. */
export function refuseClusterFlags({ kubeconfig, kubeContext }: DatastoreFlags): void {
  if (kubeconfig === undefined && kubeContext === undefined) return;
  throw new UsageError("--kubeconfig and --kube-context go with --datastore kubernetes");
}

/** A kubeconfig where one is named; else what a pod finds; else the kubeconfig that other tools would take. */
export async function findCluster(clock: Clock, { env }: Io, flags: DatastoreFlags): Promise<ApiAccess> {
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "443" } = env;
  const isNamed = flags.kubeconfig !== undefined || flags.kubeContext !== undefined;
  try {
    if (host !== "" && !isNamed) {
      const { SERVICE_ACCOUNT_FOLDER: folder, serviceAccountAccess } = await import(
        "../datastore/kubernetes/service-account.ts"
      );
      return await serviceAccountAccess(clock, { host, port: Number(port), folder });
    }
    if (flags.kubeconfig !== undefined) await checkAccess(flags.kubeconfig); // a plain message where there is none
    const { kubeconfigAccess } = await import("../datastore/kubernetes/kubeconfig.ts");
    return await kubeconfigAccess(clock, { path: flags.kubeconfig, context: flags.kubeContext });
  } catch (reason) {
    throw new UsageError(`no way to the API server: ${toError(reason).message}`);
  }
}
