import { readFileSync } from "node:fs";
import { Command } from "commander";
import { findGroup, type TcpSecurity } from "../authz/index.ts";
import { toError } from "../base/assert.ts";
import { systemClock } from "../base/clock.ts";
import { IssuesError } from "../base/issue.ts";
import { type ListenAddress, parseListenAddress } from "../base/listen-address.ts";
import { FileDatastore } from "../datastore/files/file-datastore.ts";
import { createLogger, LOG_LEVELS, type LogLevel } from "../observe/index.ts";
import { choice, flag, RepeatableFlag, readDurationMs, readFileMode, readText, toggle } from "./flags.ts";
import { guardedWorkload } from "./guarded-workload.ts";
import { type CommandContext, EXIT_OK, EXIT_USAGE, type Io, UsageError } from "./io.ts";
import { addPolicyFlags, type PolicyFlags, portMap } from "./policy-flags.ts";
import { countIssues, formatIssues } from "./render-issues.ts";
import { Sidecar, type SidecarOptions } from "./sidecar-process.ts";
import { paintFor } from "./terminal.ts";

type SidecarFlags = PolicyFlags & {
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
const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

export function sidecarCommand({ io, finish }: CommandContext): Command {
  const command = new Command("sidecar").description("answer Envoy's ext_authz checks for one workload");
  addPolicyFlags(command);
  command
    .addOption(
      new RepeatableFlag(
        "--listen <address>",
        "where checks come in, unix:PATH or HOST:PORT (default: unix:/var/run/ephor/ext_authz.sock)",
        parseListenAddress,
      ),
    )
    .addOption(flag("--socket-mode <mode>", "permissions of Unix sockets (default: 0660)", readFileMode))
    .addOption(flag("--socket-group <group>", "group that owns Unix sockets, by name or number", readText))
    .addOption(flag("--tls-certificate <file>", "certificate chain for TCP listeners, PEM", readText))
    .addOption(flag("--tls-key <file>", "its private key, PEM", readText))
    .addOption(
      flag(
        "--tls-client-ca <file>",
        "let in only clients whose certificate one of these signed, PEM",
        readText,
      ),
    )
    .addOption(toggle("--insecure-tcp", "listen on TCP without TLS"))
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

Logs go to standard error, one JSON object a line. SIGTERM drains; a second one ends at once.`,
    )
    .action(async (flags: SidecarFlags) => finish(await runSidecar(io, flags)));
  return command;
}

async function runSidecar(io: Io, flags: SidecarFlags): Promise<number> {
  const directory = flags.policies;
  if (directory === undefined) throw new UsageError("--policies DIR is required");
  const options = await sidecarOptions(flags, directory);
  const log = createLogger({ level: flags.logLevel ?? "info" });
  const datastore = new FileDatastore(systemClock, { directory });
  const sidecar = new Sidecar(systemClock, log, datastore, options);
  // From here on, so that a signal while policy is read is not lost.
  const stop = awaitStopSignal();
  try {
    await sidecar.start();
  } catch (reason) {
    stop.giveUp();
    return explainStart(io, directory, reason);
  }
  log.info({ signal: await stop.received }, "stopping");
  await sidecar.stop();
  return EXIT_OK;
}

function explainStart(io: Io, directory: string, reason: unknown): number {
  const paint = paintFor(io.stderr, io.env);
  if (!(reason instanceof IssuesError)) throw new UsageError(toError(reason).message);
  io.stderr.write(formatIssues(reason.issues, io.stderr.isTTY === true, paint));
  io.stderr.write(`${paint("bad", "error:")} ${directory} can't be used: ${countIssues(reason.issues)}\n`);
  return EXIT_USAGE;
}

async function sidecarOptions(flags: SidecarFlags, directory: string): Promise<SidecarOptions> {
  const listen = flags.listen ?? [DEFAULT_LISTEN];
  const tcpSecurity = readTcpSecurity(flags);
  const tcp = listen.some(({ kind }) => kind === "tcp");
  if (tcp && tcpSecurity === undefined) {
    throw new UsageError("--listen on TCP needs --tls-certificate and --tls-key, or --insecure-tcp");
  }
  if (!tcp && tcpSecurity !== undefined)
    throw new UsageError("there is no TCP address to --listen on for what the TLS flags say");
  return {
    flags,
    guarded: guardedWorkload(flags),
    source: `files ${directory}`,
    listen,
    admin: flags.admin,
    authz: {
      socketAccess: { mode: flags.socketMode ?? 0o660, group: await readGroup(flags.socketGroup) },
      ...(tcpSecurity === undefined ? {} : { tcpSecurity }),
      denialBody: flags.denialBody ?? "",
      portMap: portMap(flags),
    },
    drainTimeoutMs: flags.drainTimeout ?? DEFAULT_DRAIN_TIMEOUT_MS,
  };
}

function readTcpSecurity(flags: SidecarFlags): TcpSecurity | undefined {
  const { tlsCertificate, tlsKey, tlsClientCa, insecureTcp = false } = flags;
  if (tlsCertificate === undefined && tlsKey === undefined && tlsClientCa === undefined) {
    return insecureTcp ? { kind: "insecure" } : undefined;
  }
  if (insecureTcp) throw new UsageError("--insecure-tcp excludes the TLS flags");
  if (tlsCertificate === undefined || tlsKey === undefined) {
    throw new UsageError("TLS needs both --tls-certificate and --tls-key");
  }
  return {
    kind: "tls",
    certificateChain: readFileOf("--tls-certificate", tlsCertificate),
    privateKey: readFileOf("--tls-key", tlsKey),
    clientAuthorities: tlsClientCa === undefined ? undefined : readFileOf("--tls-client-ca", tlsClientCa),
  };
}

function readFileOf(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (reason) {
    throw new UsageError(`${name}: ${toError(reason).message}`);
  }
}

async function readGroup(group: string | undefined): Promise<number | undefined> {
  if (group === undefined) return undefined;
  return await findGroup(group).catch((reason: unknown) => {
    throw new UsageError(`--socket-group: ${toError(reason).message}`);
  });
}

/** The first signal that asks to stop; a second one ends the process at once, as if nobody listened. */
function awaitStopSignal(): { readonly received: Promise<NodeJS.Signals>; readonly giveUp: () => void } {
  let stop: NodeJS.SignalsListener = () => {};
  const giveUp = (): void => {
    for (const each of STOP_SIGNALS) process.off(each, stop);
  };
  const received = new Promise<NodeJS.Signals>((resolve) => {
    stop = (signal) => {
      giveUp();
      resolve(signal);
    };
  });
  for (const each of STOP_SIGNALS) process.on(each, stop);
  return { received, giveUp };
}
