import { findGroup } from "../authz/index.ts";
import { toError } from "../base/assert.ts";
import { systemClock } from "../base/clock.ts";
import type { ListenAddress } from "../base/listen-address.ts";
import { createLogger, type Logger } from "../observe/index.ts";
import { chooseSource } from "./choose-source.ts";
import { withImpliedPeer } from "./identity-flags.ts";
import { setUpIdentity } from "./identity-sources.ts";
import { type Io, UsageError } from "./io.ts";
import { portMap } from "./policy-flags.ts";
import { runService } from "./run-service.ts";
import type { SidecarFlags } from "./sidecar.ts";
import { Sidecar, type SidecarOptions } from "./sidecar-process.ts";
import { wantsSvid } from "./tls-flags.ts";
import { setUpTls } from "./tls-setup.ts";

const DEFAULT_LISTEN: ListenAddress = { kind: "unix", path: "/var/run/ephor/ext_authz.sock" };
const DEFAULT_DRAIN_TIMEOUT_MS = 30_000;

/** Runs a sidecar until a signal ends it. */
export async function runSidecar(io: Io, given: SidecarFlags): Promise<number> {
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
