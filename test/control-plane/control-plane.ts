/** A real API server with an etcd of its own, on ports and in a folder of their own, and ways to be bad to them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import {
  ADMIN_TOKEN,
  apiServerFlags,
  etcdFlags,
  serverCertificatePath,
  writeControlPlaneFiles,
} from "../../src/cli/demo/control-plane.ts";
import { freePorts } from "../../src/cli/demo/free-ports.ts";
import type { ApiAccess } from "../../src/datastore/kubernetes/api-access.ts";
import { requireControlPlane } from "./build.ts";

export type Json = Record<string, unknown>;

/** An API server is up in three seconds on an idle machine. */
const START_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 20_000;

export class ApiRefusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(`${status}: ${message}`);
    this.status = status;
  }
}

export class ControlPlane {
  readonly folder: string;
  readonly port: number;
  readonly #binary: string;
  readonly #etcdPorts: readonly [number, number];
  #etcd: ChildProcess | undefined;
  #server: ChildProcess | undefined;
  #agent: Agent = new Agent({ keepAlive: true });

  private constructor(binary: string, folder: string, ports: readonly [number, number, number]) {
    this.#binary = binary;
    this.folder = folder;
    this.port = ports[0];
    this.#etcdPorts = [ports[1], ports[2]];
  }

  static async start(): Promise<ControlPlane> {
    const folder = await mkdtemp(join(tmpdir(), "ephor-control-plane-"));
    const [port = 0, etcd = 0, peer = 0] = await freePorts(3);
    const plane = new ControlPlane(await requireControlPlane(), folder, [port, etcd, peer]);
    await writeControlPlaneFiles(folder);
    try {
      await plane.startEtcd();
      await plane.startServer();
    } catch (error) {
      await plane.stop();
      throw error;
    }
    return plane;
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.killServer();
    await kill(this.#etcd);
    await rm(this.folder, { recursive: true, force: true });
  }

  async startEtcd(): Promise<void> {
    const [client, peer] = this.#etcdPorts;
    this.#etcd = await this.#spawn("etcd", etcdFlags(this.folder, client, peer));
  }

  /** Resolves when it says that it is ready; `isReadyAwaited` false: as soon as it runs. */
  async startServer(isReadyAwaited = true): Promise<void> {
    const [etcd, etcdPeer] = this.#etcdPorts;
    const flags = apiServerFlags(this.folder, { server: this.port, etcd, etcdPeer });
    this.#server = await this.#spawn("kube-apiserver", flags);
    if (isReadyAwaited) await this.ready();
  }

  async ready(): Promise<void> {
    await awaitTrue("the API server is ready", START_TIMEOUT_MS, async () => {
      if (!existsSync(serverCertificatePath(this.folder))) return false;
      return this.request("GET", "/readyz").then(
        () => true,
        () => false,
      );
    });
  }

  async killServer(): Promise<void> {
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true });
    await kill(this.#server);
  }

  pauseServer(): void {
    this.#server?.kill("SIGSTOP");
  }

  resumeServer(): void {
    this.#server?.kill("SIGCONT");
  }

  /** Forgets the history: what began before is expired for etcd, and for every server that is started after this. */
  async compact(): Promise<void> {
    const base = `http://127.0.0.1:${this.#etcdPorts[0]}/v3/kv`;
    const post = async (path: string, body: Json): Promise<Json> =>
      (await (await fetch(`${base}/${path}`, { method: "POST", body: JSON.stringify(body) })).json()) as Json;
    const range = await post("range", { key: "AA==", limit: 1 });
    const { revision } = range["header"] as { revision: string };
    await post("compaction", { revision, physical: true });
  }

  /** Of the API server; 0 while there is none. */
  get serverPid(): number {
    return this.#server?.pid ?? 0;
  }

  get ca(): string {
    return readFileSync(serverCertificatePath(this.folder), "utf8");
  }

  /** @param port that of a proxy before it, perhaps. */
  access(token: () => string = () => ADMIN_TOKEN, port: number = this.port): ApiAccess {
    const { ca } = this;
    return {
      name: `https://127.0.0.1:${port}`,
      host: "127.0.0.1",
      port,
      basePath: "",
      serverName: undefined,
      isCertificateChecked: true,
      credentials: async () => ({ token: token(), ca, certificate: undefined, privateKey: undefined }),
    };
  }

  /** As the administrator. Waits while a server that was just started asks for it; rejects with every other refusal. */
  async request(method: string, path: string, body?: unknown): Promise<Json> {
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      try {
        return await this.#requestOnce(method, path, body);
      } catch (error) {
        const isBusy = error instanceof ApiRefusal && error.status === 429;
        if (!isBusy || performance.now() > deadlineMs) throw error;
        await sleep(200);
      }
    }
  }

  async #requestOnce(method: string, path: string, body: unknown): Promise<Json> {
    const patch = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const text = body === undefined ? "" : JSON.stringify(body);
    const length = { "content-length": Buffer.byteLength(text) };
    const sent = request({
      agent: this.#agent,
      host: "127.0.0.1",
      port: this.port,
      method,
      path,
      ca: this.ca,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": patch, ...length },
    });
    sent.setTimeout(30_000, () => sent.destroy(new Error("no answer to the administrator")));
    sent.end(text);
    const [answer] = await once(sent, "response");
    const pieces: Buffer[] = [];
    for await (const piece of answer) pieces.push(piece);
    const said = Buffer.concat(pieces).toString("utf8");
    if (answer.statusCode >= 300) throw new ApiRefusal(answer.statusCode, said);
    return said.startsWith("{") ? (JSON.parse(said) as Json) : {};
  }

  /** Creates every document of a manifest. */
  async applyManifest(file: string): Promise<void> {
    for (const document of parseAllDocuments(await readFile(file, "utf8"))) {
      const { apiVersion, kind, metadata } = document.toJS();
      const base = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
      const space = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`;
      await this.request("POST", `${base}${space}/${kind.toLowerCase()}s`, document.toJS());
    }
  }

  /** A token that is bound to a service account, for at least ten minutes. */
  async accountToken(namespace: string, name: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const answer = await this.request("POST", path, { spec: { expirationSeconds: 600 } });
    return (answer["status"] as { token: string }).token;
  }

  async #spawn(role: string, flags: readonly string[]): Promise<ChildProcess> {
    const log = await open(join(this.folder, `${role}.log`), "a");
    const child = spawn(this.#binary, [role, ...flags], { stdio: ["ignore", log.fd, log.fd] });
    child.once("exit", () => void log.close());
    await once(child, "spawn");
    return child;
  }
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit", { signal: AbortSignal.timeout(STOP_TIMEOUT_MS) });
  child.kill("SIGKILL");
  await ended;
}

export async function awaitTrue(
  what: string,
  timeoutMs: number,
  isTrue: () => Promise<boolean> | boolean,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`never came true: ${what}`);
    await sleep(50);
  }
}
