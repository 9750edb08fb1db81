import { Command } from "commander";
import { type ListenAddress, parseListenAddress } from "../base/listen-address.ts";
import { err, ok, type Result } from "../base/result.ts";
import { LOG_LEVELS, type LogLevel } from "../observe/log-level.ts";
import type { SourceFlags } from "./choose-source.ts";
import { choice, flag, RepeatableFlag, readDurationMs, readFileMode, readText } from "./flags.ts";
import { addIdentityFlags, type IdentityFlags, workloadApiFlag } from "./identity-flags.ts";
import type { CommandContext } from "./io.ts";
import { addPolicyFlags } from "./policy-flags.ts";
import { addTlsFlags, type TlsFlags } from "./tls-flags.ts";

/** What the command line or the environment says of a sidecar. */
export type SidecarFlags = SourceFlags &
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
    .action(async (flags: SidecarFlags) => {
      const { runSidecar } = await import("./run-sidecar.ts");
      finish(await runSidecar(io, flags));
    });
  return command;
}

/** `unix:PATH`; the protocol has no other transport. */
function readSyncAddress(text: string): Result<string, string> {
  const address = parseListenAddress(text);
  if (!address.ok) return address;
  return address.value.kind === "unix" ? ok(address.value.path) : err("not unix:PATH");
}
