/** The demo's world: an upstream, an Envoy in front of it, an Ephor beside that, and callers. */

import { rmSync } from "node:fs";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { PACKAGE_FOLDER } from "../package-folder.ts";
import { type Answer, askHttp, askTcp } from "./ask.ts";
import { CALLERS, type Credentials, mintCredentials } from "./callers.ts";
import { awaitCondition } from "./child-process.ts";
import { Cleanup } from "./cleanup.ts";
import type { Listener } from "./envoy-config.ts";
import { type AccessLogEntry, EnvoyProcess } from "./envoy-process.ts";
import { SidecarProcess } from "./ephor-process.ts";
import type { ClientTls, PodConnection } from "./pod-connection.ts";
import { LISTENER_PORTS, type ListenerName, type Question } from "./scenes.ts";
import { EchoUpstream } from "./upstream.ts";

/** The pod that is guarded, as `examples/shop/workloads.yaml` has it. */
export const GUARDED_WORKLOAD = "shop/api";
export const GUARDED_ADDRESS_IPV4 = "10.65.0.21";
export const GUARDED_ADDRESSES: GuardedAddresses = { ipv4: GUARDED_ADDRESS_IPV4, ipv6: "fd00:65::21" };

/** Callers' ports count up from here, so that each question has an address of its own in Envoy's access log. */
const CALLER_PORT_FIRST = 40_000;
const CALLER_PORT_LAST = 65_535;
const SIDECAR_STOP_TIMEOUT_MS = 5_000;
const LOG_TIMEOUT_MS = 10_000;

/** What came back, and what Ephor told Envoy about it; undefined where Ephor was not asked. */
export type Observation = {
  readonly answer: Answer;
  readonly decision: Decision | undefined;
  /** Envoy's own word for how it answered. */
  readonly details: string;
};

export type GuardedAddresses = { readonly ipv4: string; readonly ipv6: string };

/** A sidecar behind a node agent, for one of the pods that the agent serves. */
export type AgentSide = {
  readonly policySync: string;
  /** The directory that the agent reads, or the files of which the objects are that it reads. */
  readonly policies: string;
  readonly addresses: GuardedAddresses;
  readonly credentials: Credentials;
  /** What ends after the stage, at its close. */
  readonly cleanup?: Cleanup;
};

/** Ephor's verdict; the reason is empty for an allow. */
export type Decision = { readonly rule: string; readonly reason: string; readonly revision: number };

/** `examples/shop` of the repository or of the installed package. */
export const EXAMPLE_FOLDER: string = join(PACKAGE_FOLDER, "examples/shop");

export class Stage {
  /** The copy of the example that Ephor reads: edit it and see. */
  readonly policies: string;
  readonly folder: string;
  readonly envoy: EnvoyProcess;
  readonly sidecar: SidecarProcess;
  readonly credentials: Credentials;
  readonly #cleanup: Cleanup;
  readonly #allows: readonly Decision[];
  readonly #addresses: GuardedAddresses;
  #allowsRead = 0;
  #callerPort: number = CALLER_PORT_FIRST;

  private constructor(parts: {
    folder: string;
    envoy: EnvoyProcess;
    sidecar: SidecarProcess;
    credentials: Credentials;
    allows: readonly Decision[];
    policies: string;
    addresses: GuardedAddresses;
    cleanup: Cleanup;
  }) {
    this.folder = parts.folder;
    this.policies = parts.policies;
    this.#addresses = parts.addresses;
    this.envoy = parts.envoy;
    this.sidecar = parts.sidecar;
    this.credentials = parts.credentials;
    this.#allows = parts.allows;
    this.#cleanup = parts.cleanup;
  }

  /**
   * Start everything; on failure nothing is left.
   *
   * @param agent absent: the sidecar reads a copy of the example itself.
   */
  static async open(clock: Clock, envoyBinary: string, agent?: AgentSide): Promise<Stage> {
    const cleanup = agent?.cleanup ?? new Cleanup();
    try {
      const folder = await temporaryFolder(cleanup);
      const policies = agent?.policies ?? join(folder, "policies");
      if (agent === undefined) await cp(EXAMPLE_FOLDER, policies, { recursive: true });
      const sockets = { authz: join(folder, "authz.sock"), admin: join(folder, "admin.sock") };
      const upstreams = { http: join(folder, "http.sock"), tcp: join(folder, "tcp.sock") };
      const upstream = new EchoUpstream();
      await upstream.listen(upstreams);
      cleanup.add(() => upstream.close());
      const allows: Decision[] = [];
      const onLog = (line: string): void => {
        const allow = readAllow(line);
        if (allow !== undefined) allows.push(allow);
      };
      const credentials = await (agent?.credentials ?? mintCredentials(clock));
      const bundles = await writeBundles(folder, credentials);
      const sidecar = await SidecarProcess.start({
        ...sockets,
        source:
          agent === undefined ? { policies, workload: GUARDED_WORKLOAD } : { policySync: agent.policySync },
        flags: ["--log-level", "debug", ...bundles],
        onLog,
      });
      cleanup.add(() => sidecar.stop(SIDECAR_STOP_TIMEOUT_MS));
      const envoy = await EnvoyProcess.start({
        binary: envoyBinary,
        folder,
        listeners: listeners(credentials),
        authz: sockets.authz,
        httpUpstream: upstreams.http,
        tcpUpstream: upstreams.tcp,
      });
      cleanup.add(() => envoy.stop());
      const addresses = agent?.addresses ?? GUARDED_ADDRESSES;
      return new Stage({ folder, envoy, sidecar, credentials, allows, policies, addresses, cleanup });
    } catch (reason) {
      await cleanup.run();
      throw reason;
    }
  }

  /** Ask one question over a connection of its own. */
  async ask(question: Question): Promise<Observation> {
    const connection = this.#connection(question);
    const { http } = question;
    const answer = http === undefined ? await askTcp(connection) : await askHttp(connection, http);
    // A handshake that failed has no access log entry: Envoy had no request to log.
    if (answer.kind === "refused" && http !== undefined) {
      return { answer, decision: undefined, details: answer.why };
    }
    const { address, port } = connection.source;
    const remote = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
    const entry = await this.envoy.accessLogOf(remote);
    const decision = isSuccess(answer) ? await this.#nextAllow() : readDenial(entry);
    return { answer, decision, details: entry.details };
  }

  /**
   * Denials tell Envoy why, allows only the decision log (at level `debug`). Questions are asked one by one, so the
   * record that isn't read yet is that of the last one.
   */
  async #nextAllow(): Promise<Decision> {
    const isThere = (): boolean => this.#allows.length > this.#allowsRead;
    const options = { timeoutMs: LOG_TIMEOUT_MS, process: this.sidecar.process };
    await awaitCondition("Ephor logs that it allowed", isThere, options);
    return this.#allows[this.#allowsRead++]!;
  }

  /** Have something closed with the rest. */
  onClose(step: () => Promise<void>): void {
    this.#cleanup.add(step);
  }

  async close(): Promise<void> {
    await this.#cleanup.run();
  }

  #connection(question: Question): PodConnection {
    const caller = CALLERS[question.caller];
    if (++this.#callerPort > CALLER_PORT_LAST) this.#callerPort = CALLER_PORT_FIRST;
    const isIpv6 = caller.address.includes(":");
    const connection = {
      listenerPort: this.envoy.port(question.to),
      source: { address: caller.address, port: this.#callerPort },
      destination: {
        address: isIpv6 ? this.#addresses.ipv6 : this.#addresses.ipv4,
        port: LISTENER_PORTS[question.to],
      },
    };
    if (!isTls(question.to)) return connection;
    const { shows } = caller;
    const trusted = this.credentials.trustedByCallers;
    const tls: ClientTls =
      shows === "nothing" ? { trusted } : { trusted, credential: this.credentials.callers[shows] };
    return { ...connection, tls };
  }
}

export function isTls(listener: ListenerName): boolean {
  return listener === "https" || listener === "events" || listener === "gullible";
}

function listeners(credentials: Credentials): readonly Listener[] {
  const tls = { ...credentials.server, trusted: credentials.trustedByEnvoy };
  return [
    { name: "https", protocol: "http", tls },
    { name: "http", protocol: "http" },
    { name: "metrics", protocol: "http" },
    { name: "events", protocol: "tcp", tls },
    { name: "gullible", protocol: "http", tls: { ...tls, clientCertificate: "any" } },
  ];
}

/** A file a trust domain, and the flags that name them. */
async function writeBundles(folder: string, { bundles }: Credentials): Promise<readonly string[]> {
  const flags: string[] = [];
  for (const [domain, pem] of Object.entries(bundles)) {
    const path = join(folder, `${domain}.pem`);
    await writeFile(path, pem);
    flags.push("--trust-bundle", `${domain}=${path}`);
  }
  return flags;
}

/** Removed at the end, and also when the process is ended by an error or a signal on the way. */
export async function temporaryFolder(cleanup: Cleanup): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ephor-demo-"));
  const removeNow = (): void => rmSync(folder, { recursive: true, force: true });
  process.on("exit", removeNow);
  cleanup.add(async () => {
    process.off("exit", removeNow);
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

function isSuccess(answer: Answer): boolean {
  return answer.kind === "connected" || (answer.kind === "http" && answer.status < 400);
}

/** Ephor's dynamic metadata, as documented in `docs/operations.md`. */
function readDenial(entry: AccessLogEntry): Decision | undefined {
  if (entry.ephor === undefined) return undefined;
  const { policy, rule_index: rule, tier, reason, revision } = entry.ephor;
  return { rule: ruleText(policy, rule, tier), reason: String(reason), revision: Number(revision) };
}

/** A record of the decision log about an allow; undefined for any other line. */
function readAllow(line: string): Decision | undefined {
  if (!line.includes('"msg":"allowed"')) return undefined;
  const { policy, rule, tier, revision } = JSON.parse(line) as Record<string, unknown>;
  return { rule: ruleText(policy, rule, tier), reason: "", revision: Number(revision) };
}

/** `NetworkPolicy shop/jobs rule 0`, or `tier default` where no rule decided. */
function ruleText(policy: unknown, rule: unknown, tier: unknown): string {
  return policy === undefined ? `tier ${String(tier)}` : `${String(policy)} rule ${String(rule)}`;
}
