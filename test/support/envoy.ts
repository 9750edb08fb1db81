/**
 * A real Envoy in front of a real sidecar process, for the integration tests: small policies of the test's own, callers
 * by address and credential, and an upstream that counts what reaches it.
 */
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { type Answer, askHttp, askTcp, type HttpAsk } from "../../src/cli/demo/ask.ts";
import { type CredentialName, type Credentials, mintCredentials } from "../../src/cli/demo/callers.ts";
import { Cleanup } from "../../src/cli/demo/cleanup.ts";
import { envoySearchHere, findEnvoy } from "../../src/cli/demo/envoy-binary.ts";
import type { Listener } from "../../src/cli/demo/envoy-config.ts";
import { EnvoyProcess } from "../../src/cli/demo/envoy-process.ts";
import { SidecarProcess } from "../../src/cli/demo/ephor-process.ts";
import type { PodConnection } from "../../src/cli/demo/pod-connection.ts";
import { EchoUpstream } from "../../src/cli/demo/upstream.ts";

/** Envoy for these tests; a missing one fails the run, for a test that did not run has not passed. */
export async function requireEnvoy(): Promise<string> {
  return (await findEnvoy(envoySearchHere((line) => process.stderr.write(`${line}\n`)))).path;
}

export type TestListener = Omit<Listener, "tls"> & { readonly tls?: boolean };

export type WorldOptions = {
  readonly listeners: readonly TestListener[];
  /** File names and texts; `WORKLOADS` is there already. */
  readonly policies: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** What the TCP upstream says first. */
  readonly greeting?: string;
  /** For tests in which Ephor is absent at first. */
  readonly withoutSidecar?: boolean;
};

export type Caller = {
  readonly address: string;
  /** Absent: shows no certificate. */
  readonly credential?: CredentialName;
};

export const WEB: Caller = { address: "10.65.0.11", credential: "web" };
export const WORKER: Caller = { address: "10.65.0.31", credential: "worker" };
export const NOBODY: Caller = { address: "192.0.2.55" };

/** The pods behind WEB and WORKER, and the one that is guarded, `shop/api`. */
export const WORKLOADS = `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: Pod
metadata: { name: api, namespace: shop, labels: { app: api } }
spec: { nodeName: n, serviceAccountName: api }
status: { podIPs: [{ ip: 10.65.0.21 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { nodeName: n, serviceAccountName: web }
status: { podIPs: [{ ip: 10.65.0.11 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: worker, namespace: shop, labels: { app: worker } }
spec: { nodeName: n, serviceAccountName: worker }
status: { podIPs: [{ ip: 10.65.0.31 }] }
`;

/** A NetworkPolicy of `shop` that guards the pod; `ingress` is YAML in flow style. */
export function networkPolicy(name: string, ingress: string, order = 100): string {
  return `
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop }
spec: { order: ${order}, selector: app == 'api', types: [Ingress], ingress: ${ingress} }
`;
}

/** GET below /public for WEB: what most of these tests ask about. */
export const ALLOW_PUBLIC: string = networkPolicy(
  "public",
  "[{ action: Allow, source: { serviceAccounts: { names: [web] } }, http: { methods: [GET], paths: [{ prefix: /public }] } }]",
);

/** Minted once for all worlds of a test file. */
let minted: Promise<Credentials> | undefined;

function credentialsOfThisRun(): Promise<Credentials> {
  minted ??= mintCredentials(systemClock);
  return minted;
}

/** One Envoy, one sidecar and one upstream, with a folder of policies of their own. */
export class World {
  readonly folder: string;
  readonly policies: string;
  readonly upstream: EchoUpstream;
  readonly credentials: Credentials;
  readonly #options: WorldOptions;
  readonly #cleanup: Cleanup;
  #envoy: EnvoyProcess | undefined;
  #sidecar: SidecarProcess | undefined;
  #callerPort = 20_000;

  private constructor(parts: {
    folder: string;
    upstream: EchoUpstream;
    credentials: Credentials;
    cleanup: Cleanup;
    options: WorldOptions;
  }) {
    this.folder = parts.folder;
    this.policies = join(parts.folder, "policies");
    this.upstream = parts.upstream;
    this.credentials = parts.credentials;
    this.#cleanup = parts.cleanup;
    this.#options = parts.options;
  }

  static async open(options: WorldOptions): Promise<World> {
    const cleanup = new Cleanup();
    try {
      const folder = await mkdtemp(join(tmpdir(), "ephor-test-"));
      cleanup.add(() => rm(folder, { recursive: true, force: true }));
      const upstream = new EchoUpstream(options.greeting);
      await upstream.listen({ http: join(folder, "http.sock"), tcp: join(folder, "tcp.sock") });
      cleanup.add(() => upstream.close());
      const [binary, credentials] = await Promise.all([requireEnvoy(), credentialsOfThisRun()]);
      const world = new World({ folder, upstream, credentials, cleanup, options });
      await mkdir(world.policies);
      await writeFile(join(world.policies, "workloads.yaml"), WORKLOADS);
      for (const [file, text] of Object.entries(options.policies)) {
        await writeFile(join(world.policies, file), text);
      }
      if (!options.withoutSidecar) await world.startSidecar();
      cleanup.add(async () => world.#sidecar?.stop(5_000));
      world.#envoy = await EnvoyProcess.start({
        binary,
        folder,
        listeners: options.listeners.map(({ tls, ...listener }) => ({
          ...listener,
          ...(tls ? { tls: { ...credentials.server, trusted: credentials.trustedByEnvoy } } : {}),
        })),
        authz: join(folder, "authz.sock"),
        httpUpstream: join(folder, "http.sock"),
        tcpUpstream: join(folder, "tcp.sock"),
      });
      cleanup.add(() => world.envoy.stop());
      return world;
    } catch (reason) {
      await cleanup.run();
      throw reason;
    }
  }

  get envoy(): EnvoyProcess {
    if (this.#envoy === undefined) throw new Error("Envoy has not started");
    return this.#envoy;
  }

  get sidecar(): SidecarProcess {
    if (this.#sidecar === undefined) throw new Error("the sidecar has not started");
    return this.#sidecar;
  }

  /** Start one, ready when it returns; the one before must have ended. */
  async startSidecar(): Promise<void> {
    this.#sidecar = await SidecarProcess.start({
      authz: join(this.folder, "authz.sock"),
      admin: join(this.folder, "admin.sock"),
      source: { policies: this.policies, workload: "shop/api" },
      flags: this.#options.flags ?? [],
    });
  }

  /** Save a policy file as editors do: beside it, then renamed over it. */
  async write(file: string, text: string): Promise<void> {
    const path = join(this.policies, file);
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }

  /** A connection of a port of its own, so that it is told apart in the access log. */
  connection(listener: string, caller: Caller, port = 8443): PodConnection {
    this.#callerPort = this.#callerPort === 65_535 ? 20_000 : this.#callerPort + 1;
    const listened = this.#options.listeners.find(({ name }) => name === listener);
    const connection = {
      listenerPort: this.envoy.port(listener),
      source: { address: caller.address, port: this.#callerPort },
      destination: { address: "10.65.0.21", port },
    };
    if (!listened?.tls) return connection;
    const trusted = this.credentials.trustedByCallers;
    const { credential } = caller;
    if (credential === undefined) return { ...connection, tls: { trusted } };
    return { ...connection, tls: { trusted, credential: this.credentials.callers[credential] } };
  }

  async http(listener: string, caller: Caller, ask: HttpAsk): Promise<Answer> {
    return await askHttp(this.connection(listener, caller), ask);
  }

  /** The status, or 0 where there was no answer. */
  async status(listener: string, caller: Caller, ask: HttpAsk): Promise<number> {
    const answer = await this.http(listener, caller, ask);
    return answer.kind === "http" ? answer.status : 0;
  }

  async tcp(listener: string, caller: Caller): Promise<Answer> {
    return await askTcp(this.connection(listener, caller));
  }

  async close(): Promise<void> {
    await this.#cleanup.run();
  }
}
