import { hostname } from "node:os";
import { Command } from "commander";
import { systemClock } from "../base/clock.ts";
import { type ListenAddress, parseListenAddress } from "../base/listen-address.ts";
import { LOG_LEVELS, type LogLevel } from "../observe/log-level.ts";
import { addDatastoreFlags, chooseDatastore, type DatastoreFlags } from "./choose-datastore.ts";
import { choice, flag, readDurationMs, readFileMode, readText, toggle } from "./flags.ts";
import { type CommandContext, type Io, UsageError } from "./io.ts";

type NodeFlags = DatastoreFlags & {
  readonly nodeName?: string;
  readonly prefix?: string;
  readonly socketMode?: number;
  readonly admin?: ListenAddress;
  readonly maxStaleness?: number;
  readonly record?: string;
  readonly reportStatus?: boolean;
  readonly logLevel?: LogLevel;
};

const DEFAULT_PREFIX = "/var/run/nodeagent";

export function nodeCommand({ io, finish }: CommandContext): Command {
  return addDatastoreFlags(new Command("node"))
    .description("feed the sidecars of one node over PolicySync, each pod through its own socket")
    .addOption(flag("--policies <dir>", "directory of policy files, YAML or JSON", readText))
    .addOption(flag("--node-name <name>", "serve the pods of this node (default: the host name)", readText))
    .addOption(
      flag("--prefix <dir>", `holds creds/ and mount/ of the pods (default: ${DEFAULT_PREFIX})`, readText),
    )
    .addOption(flag("--socket-mode <mode>", "permissions of the pods' sockets (default: 0666)", readFileMode))
    .addOption(
      flag(
        "--admin <address>",
        "where probes and metrics are answered, unix:PATH or a loopback HOST:PORT",
        parseListenAddress,
      ),
    )
    .addOption(
      flag(
        "--max-staleness <duration>",
        "end all streams while what the datastore told is older, so that sidecars know (default: never)",
        readDurationMs,
      ),
    )
    .addOption(
      flag("--record <file>", "append every message of every stream to a file, as JSON lines", readText),
    )
    .addOption(
      toggle(
        "--report-status",
        "write problems of policies where their authors look: as Events, with --datastore kubernetes",
      ),
    )
    .addOption(choice("--log-level <word>", "what is logged (default: info)", LOG_LEVELS))
    .addHelpText(
      "after",
      `
Examples:
  ephor node --policies /etc/ephor/policies --node-name node-1
  ephor node --policies examples/shop --node-name node-1 --prefix /tmp/nodeagent --admin 127.0.0.1:9902
  ephor node --datastore kubernetes
  ephor node --datastore etcd --etcd-endpoint https://etcd-0:2379 --etcd-endpoint https://etcd-1:2379 --etcd-ca ca.pem

A pod is served once PREFIX/creds/ID.json names it; its socket is PREFIX/mount/ID/socket.`,
    )
    .action(async (flags: NodeFlags) => finish(await runNode(io, flags)));
}

async function runNode(io: Io, flags: NodeFlags): Promise<number> {
  const { createLogger } = await import("../observe/index.ts");
  const log = createLogger({ level: flags.logLevel ?? "info" });
  const { datastore, source, startStatus } = await chooseDatastore(systemClock, io, flags);
  if (flags.reportStatus === true && startStatus === undefined) {
    throw new UsageError("--report-status goes with --datastore kubernetes");
  }
  const { NodeAgent } = await import("./node-process.ts");
  const agent = new NodeAgent(systemClock, log, datastore, {
    source,
    nodeName: flags.nodeName ?? hostname(),
    prefix: flags.prefix ?? DEFAULT_PREFIX,
    socketMode: flags.socketMode ?? 0o666,
    admin: flags.admin,
    maxStalenessMs: flags.maxStaleness,
    record: flags.record,
    startStatus: flags.reportStatus === true ? startStatus : undefined,
  });
  const { runService } = await import("./run-service.ts");
  return await runService(io, log, source, agent);
}
