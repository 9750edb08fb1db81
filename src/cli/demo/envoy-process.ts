/** A running Envoy: its ports, its access log, its end. */

import { writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { awaitCondition, BackgroundProcess } from "./child-process.ts";
import { ACCESS_LOG_MARK, envoyBootstrap, type Listener } from "./envoy-config.ts";

export type EnvoyOptions = {
  readonly binary: string;
  /** A folder of this run's own; short, for Unix socket paths end at about 100 bytes. */
  readonly folder: string;
  readonly listeners: readonly Listener[];
  /** Socket paths of Ephor and of the upstream. */
  readonly authz: string;
  readonly httpUpstream: string;
  readonly tcpUpstream: string;
  /** How long a drain takes; short, for nobody waits for a real balancer here. */
  readonly drainSeconds?: number;
};

/** What Envoy logged about one request or connection. */
export type AccessLogEntry = {
  readonly listener: string;
  /** As the PROXY header announced it: `10.65.1.10:40001`. */
  readonly remote: string;
  readonly status: number;
  /** Envoy's own word for how it answered: `via_upstream`, `ext_authz_denied`, … */
  readonly details: string;
  /** The dynamic metadata of the ext_authz filter; undefined where Ephor was not asked or did not answer. */
  readonly ephor: Readonly<Record<string, unknown>> | undefined;
};

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;
const LOG_TIMEOUT_MS = 10_000;

/** One Envoy. Start with `EnvoyProcess.start`, end with `stop`. */
export class EnvoyProcess {
  readonly process: BackgroundProcess;
  readonly #admin: string;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #log: Map<string, AccessLogEntry>;

  private constructor(
    process: BackgroundProcess,
    admin: string,
    ports: ReadonlyMap<string, number>,
    log: Map<string, AccessLogEntry>,
  ) {
    this.process = process;
    this.#admin = admin;
    this.#ports = ports;
    this.#log = log;
  }

  static async start(options: EnvoyOptions): Promise<EnvoyProcess> {
    const admin = join(options.folder, "envoy.sock");
    const config = join(options.folder, "envoy.json");
    await writeFile(config, JSON.stringify(envoyBootstrap({ ...options, admin })));
    const log = new Map<string, AccessLogEntry>();
    const flags = {
      "config-path": config,
      concurrency: 2,
      "log-level": "warning",
      "file-flush-interval-msec": 10,
      "drain-time-s": options.drainSeconds ?? 1,
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
    const process = new BackgroundProcess(options.binary, [...args, "--disable-hot-restart"], {
      name: "envoy",
      onLine: (line) => {
        const entry = parseAccessLog(line);
        if (entry !== undefined) log.set(entry.remote, entry);
      },
    });
    try {
      const ready = async (): Promise<boolean> => (await get(admin, "/ready")) === "LIVE\n";
      await awaitCondition("Envoy is ready", ready, { timeoutMs: START_TIMEOUT_MS, process });
      return new EnvoyProcess(process, admin, await boundPorts(admin), log);
    } catch (reason) {
      await process.stop(STOP_TIMEOUT_MS);
      throw reason;
    }
  }

  /** The loopback port that a listener was given. */
  port(listener: string): number {
    const port = this.#ports.get(listener);
    if (port === undefined) throw new Error(`Envoy has no listener \`${listener}\``);
    return port;
  }

  /** The entry about the last request or connection of a caller, awaited: Envoy writes it when all is over. */
  async accessLogOf(remote: string): Promise<AccessLogEntry> {
    const has = (): boolean => this.#log.has(remote);
    await awaitCondition(`Envoy logs ${remote}`, has, { timeoutMs: LOG_TIMEOUT_MS, process: this.process });
    return this.#log.get(remote)!;
  }

  /** Take no new connections and end the old ones at their next answer, as Envoy does before its pod stops. */
  async drainListeners(): Promise<void> {
    await post(this.#admin, "/drain_listeners?graceful&skip_exit");
  }

  /** A counter of Envoy's, by its whole name; 0 where it has not been touched. */
  async counter(name: string): Promise<number> {
    const text = (await get(this.#admin, `/stats?filter=^${name.replaceAll(".", "\\.")}$`)) ?? "";
    return Number(text.split(": ")[1] ?? "0");
  }

  async stop(): Promise<string> {
    return await this.process.stop(STOP_TIMEOUT_MS);
  }
}

function parseAccessLog(line: string): AccessLogEntry | undefined {
  if (!line.includes(ACCESS_LOG_MARK)) return undefined;
  // The fields of the access log format; Envoy writes null for what it has not.
  type Written = Omit<AccessLogEntry, "ephor"> & { readonly ephor: AccessLogEntry["ephor"] | null };
  const { listener, remote, status, details, ephor } = JSON.parse(line) as Written;
  return { listener, remote, status: status ?? 0, details: details ?? "", ephor: ephor ?? undefined };
}

/** The loopback port of each listener, asked of the admin socket. */
export async function boundPorts(admin: string): Promise<ReadonlyMap<string, number>> {
  const text = (await get(admin, "/listeners?format=json")) ?? "{}";
  type Status = { name: string; local_address: { socket_address: { port_value: number } } };
  const { listener_statuses: statuses } = JSON.parse(text) as { listener_statuses: Status[] };
  return new Map(statuses.map((status) => [status.name, status.local_address.socket_address.port_value]));
}

/** The body of the answer, or undefined where there is none (yet). */
export async function get(socketPath: string, path: string): Promise<string | undefined> {
  return await exchange(socketPath, path, "GET");
}

async function post(socketPath: string, path: string): Promise<string | undefined> {
  return await exchange(socketPath, path, "POST");
}

async function exchange(socketPath: string, path: string, method: string): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const request = httpRequest({ socketPath, path, method, agent: false }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on("end", () => resolve(response.statusCode === 200 ? body : undefined));
      response.on("error", () => resolve(undefined));
    });
    request.on("error", () => resolve(undefined)); // not listening yet is what the caller asks about
    request.end();
  });
}
