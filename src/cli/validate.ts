import { Command } from "commander";
import { systemClock } from "../base/clock.ts";
import type { Issue } from "../base/issue.ts";
import type { Datastore } from "../datastore/datastore.ts";
import { etcdName } from "../datastore/etcd/etcd-access.ts";
import { type Resource, resourceKey } from "../datastore/resources.ts";
import {
  addDatastoreFlags,
  type DatastoreFlags,
  findCluster,
  refuseClusterFlags,
} from "./choose-datastore.ts";
import { etcdAccessFrom, refuseEtcdFlags } from "./etcd-flags.ts";
import { choice } from "./flags.ts";
import { type CommandContext, EXIT_OK, EXIT_REFUSED, EXIT_USAGE, type Io, UsageError } from "./io.ts";
import { counted, countIssues, formatIssues } from "./render-issues.ts";
import { paintFor } from "./terminal.ts";

type ValidateFlags = DatastoreFlags & { readonly output?: "text" | "json" };

/** A large cluster is read in seconds. */
const DATASTORE_TIMEOUT_MS = 60_000;

export function validateCommand({ io, finish }: CommandContext): Command {
  return addDatastoreFlags(new Command("validate"))
    .description("read a policy directory, or a cluster's policy, and list everything that is wrong with it")
    .argument("[dir]", "directory of policy files, YAML or JSON")
    .addOption(choice("--output <word>", "how to print (default: text)", ["text", "json"]))
    .addHelpText(
      "after",
      `
Examples:
  ephor validate examples/shop
  ephor validate examples/shop --output json
  ephor validate --datastore kubernetes
  ephor validate --datastore etcd --etcd-endpoint https://etcd:2379 --etcd-ca ca.pem

Errors make it invalid; warnings don't.`,
    )
    .action(async (directory: string | undefined, flags: ValidateFlags) => {
      finish(await validate(io, directory, flags));
    });
}

async function validate(io: Io, directory: string | undefined, flags: ValidateFlags): Promise<number> {
  const { output = "text" } = flags;
  const { source, isRead, resources, objectCount, issues } = await readSource(io, directory, flags);
  const all = [...issues, ...(await calculatedIssues(resources))];
  const isValid = all.every(({ severity }) => severity !== "error");
  if (output === "json") {
    const report = { valid: isValid, objects: objectCount, issues: all };
    io.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  } else {
    const paint = paintFor(io.stdout, io.env);
    io.stdout.write(formatIssues(all, io.stdout.isTTY === true, paint));
    const verdict = isValid ? paint("good", "valid") : paint("bad", "invalid");
    io.stdout.write(`${source}: ${verdict}: ${counted(objectCount, "object")}, ${countIssues(all)}\n`);
  }
  if (isValid) return EXIT_OK;
  return isRead ? EXIT_REFUSED : EXIT_USAGE;
}

type Content = {
  /** For messages. */
  readonly source: string;
  readonly isRead: boolean;
  readonly resources: readonly Resource[];
  readonly objectCount: number;
  readonly issues: readonly Issue[];
};

/** What reads files or clusters is loaded only by commands that read some. */
async function readSource(io: Io, directory: string | undefined, flags: ValidateFlags): Promise<Content> {
  if (flags.datastore === "kubernetes") {
    if (directory !== undefined) throw new UsageError("a directory goes with --datastore files");
    refuseEtcdFlags(flags);
    const access = await findCluster(systemClock, io, flags);
    const { KubernetesDatastore } = await import("../datastore/kubernetes/kubernetes-datastore.ts");
    const datastore = new KubernetesDatastore(systemClock, { access, random: Math.random });
    return readWhole(datastore, access.name);
  }
  if (flags.datastore === "etcd") {
    if (directory !== undefined) throw new UsageError("a directory goes with --datastore files");
    refuseClusterFlags(flags);
    const access = etcdAccessFrom(flags);
    const { EtcdDatastore } = await import("../datastore/etcd/etcd-datastore.ts");
    const datastore = new EtcdDatastore(systemClock, { access, random: Math.random });
    return readWhole(datastore, etcdName(access));
  }
  refuseClusterFlags(flags);
  refuseEtcdFlags(flags);
  if (directory === undefined) throw new UsageError("which directory? ephor validate DIR");
  const { readDirectory } = await import("../datastore/files/read-directory.ts");
  const content = await readDirectory(directory);
  const isRead = !content.issues.some(({ code, where }) => code === "unreadable" && where === directory);
  return { source: directory, isRead, ...content };
}

async function readWhole(datastore: Datastore, source: string): Promise<Content> {
  const { readOnce } = await import("../datastore/read-once.ts");
  return { source, ...(await readOnce(datastore, source, DATASTORE_TIMEOUT_MS)) };
}

/** What only shows when the objects are put together, such as a tier that nobody defines. */
async function calculatedIssues(resources: readonly Resource[]): Promise<readonly Issue[]> {
  const { CalcGraph } = await import("../calc/graph.ts");
  const graph = new CalcGraph({ local: [], inventory: "complete" });
  graph.apply(resources.map((resource) => ({ kind: "put", key: resourceKey(resource), resource })));
  graph.setInSync();
  graph.flush();
  return graph.issues();
}
