import { Command } from "commander";
import { findGroup } from "../authz/index.ts";
import { toError } from "../base/assert.ts";
import { systemClock } from "../base/clock.ts";
import { type ListenAddress, parseListenAddress } from "../base/listen-address.ts";
import { err, ok, type Result } from "../base/result.ts";
import { createLogger, LOG_LEVELS, type Logger, type LogLevel } from "../observe/index.ts";
import { chooseSource, type SourceFlags } from "./choose-source.ts";
import { choice, flag, RepeatableFlag, readDurationMs, readFileMode, readText } from "./flags.ts";
import { addIdentityFlags, type IdentityFlags, withImpliedPeer, workloadApiFlag } from "./identity-flags.ts";
import { setUpIdentity } from "./identity-sources.ts";
import { type CommandContext, type Io, UsageError } from "./io.ts";
import { addPolicyFlags, portMap } from "./policy-flags.ts";
import { runService } from "./run-service.ts";
import { Sidecar, type SidecarOptions } from "./sidecar-process.ts";
import { addTlsFlags, setUpTls, type TlsFlags, wantsSvid } from "./tls-flags.ts";

type SidecarFlags = SourceFlags &
  IdentityFlags &
  TlsFlags & {
    readonly listen?: readonly ListenAddress[];
    readonly socketMode?: number;
    readonly socketGroup?: string;
    readonly tlsCertificate?: string;
    readonly tlsKey?: string;
    readonly tlsClientCa?: string;
    readonly insecureTcp?: boolean;
    readonly denialBody?: string;
    readonly admin?: ListenAddress;
    readonly drainTimeout?: number;
    readonly logLevel?: LogLevel;
  };

const DEFAULT_LISTEN: ListenAddress = { kind: "unix", path: "/var/run/ephor/ext_authz.sock" };
const DEFAULT_DRAIN_TIMEOUT_MS = 30_000;

export function sidecarCommand({ io, finish }: CommandContext): Command {
  const command = new Command("sidecar").description("answer Envoy's ext_authz checks for one workload");
  addPolicyFlags(command);
  addIdentityFlags(command);
  command.addOption(workloadApiFlag());
  addTlsFlags(command);
  command
    .addOption(
      flag(
        "--policy-sync <address>",
        "take policy from a node agent at unix:PATH, not from files",
        readSyncAddress,
      ),
    )
    .addOption(
      flag(
        "--max-staleness <duration>",
        "deny once the node agent has been away for longer (default: never)",
        readDurationMs,
      ),
    )
    .addOption(flag("--replay <file>", "take policy from a recorded stream, for looking at it", readText))
    .addOption(
      new RepeatableFlag(
        "--listen <address>",
        "where checks come in, unix:PATH or HOST:PORT (default: unix:/var/run/ephor/ext_authz.sock)",
        parseListenAddress,
      ),
    )
    .addOption(flag("--socket-mode <mode>", "permissions of Unix sockets (default: 0660)", readFileMode))
    .addOption(flag("--socket-group <group>", "group that owns Unix sockets, by name or number", readText))
    .addOption(flag("--denial-body <text>", "what a denied client reads (default: nothing)", readText))
    .addOption(
      flag(
        "--admin <address>",
        "where probes and metrics are answered, unix:PATH or a loopback HOST:PORT",
        parseListenAddress,
      ),
    )
    .addOption(
      flag(
        "--drain-timeout <duration>",
        "how long to go on answering after SIGTERM (default: 30s)",
        readDurationMs,
      ),
    )
    .addOption(choice("--log-level <word>", "what is logged (default: info)", LOG_LEVELS))
    .addHelpText(
      "after",
      `
Examples:
  ephor sidecar --policies examples/shop --workload shop/api --listen unix:/tmp/ephor.sock
  ephor sidecar --policies examples/shop --workload shop/api --listen unix:/tmp/ephor.sock \\
    --admin 127.0.0.1:9901 --log-level debug
  ephor sidecar --policy-sync unix:/var/run/felix/nodeagent/socket --max-staleness 1h

Logs go to standard error, one JSON object a line. SIGTERM drains; a second one ends at once.`,
    )
    .action(async (flags: SidecarFlags) => finish(await runSidecar(io, flags)));
  return command;
}

async function runSidecar(io: Io, given: SidecarFlags): Promise<number> {
  const flags = withImpliedPeer(given);
  const log = createLogger({ level: flags.logLevel ?? "info" });
  const source = await chooseSource(flags);
  const sidecar = new Sidecar(
    systemClock,
    log,
    source.create,
    await sidecarOptions(flags, source.guards, log),
  );
  return await runService(io, log, source.name, sidecar);
}

/** `unix:PATH`; the protocol has no other transport. */
function readSyncAddress(text: string): Result<string, string> {
  const address = parseListenAddress(text);
  if (!address.ok) return address;
  return address.value.kind === "unix" ? ok(address.value.path) : err("not unix:PATH");
}

async function sidecarOptions(flags: SidecarFlags, guards: string, log: Logger): Promise<SidecarOptions> {
  const listen = flags.listen ?? [DEFAULT_LISTEN];
  const onProblem = (message: string): void => log.error(message);
  const identity = setUpIdentity(flags, wantsSvid(flags, listen), onProblem);
  const tcp = setUpTls(flags, listen, identity, onProblem);
  return {
    flags,
    guards,
    identity: identity.options,
    sources: [...identity.sources, ...tcp.sources],
    listen,
    admin: flags.admin,
    authz: {
      socketAccess: { mode: flags.socketMode ?? 0o660, group: await readGroup(flags.socketGroup) },
      ...(tcp.security === undefined ? {} : { tcpSecurity: tcp.security }),
      denialBody: flags.denialBody ?? "",
      portMap: portMap(flags),
    },
    drainTimeoutMs: flags.drainTimeout ?? DEFAULT_DRAIN_TIMEOUT_MS,
  };
}

async function readGroup(group: string | undefined): Promise<number | undefined> {
  if (group === undefined) return undefined;
  return await findGroup(group).catch((reason: unknown) => {
    throw new UsageError(`--socket-group: ${toError(reason).message}`);
  });
}
