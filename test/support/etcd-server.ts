/** A real etcd, one member or several, each on ports and in a folder of its own, and ways to be bad to it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../src/base/clock.ts";
import { freePorts } from "../../src/cli/demo/free-ports.ts";
import { type EtcdFiles, etcdAccess, parseEtcdEndpoint } from "../../src/datastore/etcd/etcd-access.ts";
import { EtcdClient } from "../../src/datastore/etcd/etcd-client.ts";
import { type Minted, mintRoot, mintSvid } from "./mint-chain.ts";

type Json = Record<string, unknown>;

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
/** etcd 3.4 wants a port in the name of a socket, which it makes where it is started. */
const SOCKET = "etcd:1";

export type EtcdOptions = {
  /** Beside the plain port, one that wants certificates of clients. */
  readonly hasTls?: boolean;
  readonly flags?: readonly string[];
};

export class EtcdServer {
  readonly folder: string;
  /** Plain. */
  readonly port: number;
  /** With `hasTls`. */
  readonly tlsPort: number;
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;
  #token = "";

  private constructor(folder: string, ports: readonly [number, number], flags: readonly string[]) {
    this.folder = folder;
    [this.port, this.tlsPort] = ports;
    this.#flags = flags;
  }

  static async start(options: EtcdOptions = {}): Promise<EtcdServer> {
    const [server] = await EtcdServer.startMembers(1, options);
    if (server === undefined) throw new Error("a cluster of one has a member");
    return server;
  }

  /** One cluster of so many members. */
  static async startMembers(count: number, options: EtcdOptions = {}): Promise<readonly EtcdServer[]> {
    const { hasTls = false, flags = [] } = options;
    const ports = await freePorts(count * 3);
    const port = (member: number, which: number): number => ports[member * 3 + which] ?? 0;
    const all = Array.from(
      { length: count },
      (_, member) => `m${member}=http://127.0.0.1:${port(member, 2)}`,
    );
    const members: EtcdServer[] = [];
    for (let member = 0; member < count; member++) {
      const folder = await mkdtemp(join(tmpdir(), "ephor-etcd-"));
      if (hasTls) await writeCertificates(folder);
      const plain = `http://127.0.0.1:${port(member, 0)}`;
      const peer = `http://127.0.0.1:${port(member, 2)}`;
      const client = hasTls ? `${plain},https://127.0.0.1:${port(member, 1)}` : plain;
      const server = new EtcdServer(
        folder,
        [port(member, 0), port(member, 1)],
        [
          `--name=m${member}`,
          `--data-dir=${join(folder, "data")}`,
          "--unsafe-no-fsync",
          `--listen-client-urls=${client},unix://${SOCKET}`,
          `--advertise-client-urls=${plain}`,
          `--listen-peer-urls=${peer}`,
          `--initial-advertise-peer-urls=${peer}`,
          `--initial-cluster=${all.join(",")}`,
          ...(hasTls ? tlsFlags(folder) : []),
          ...flags,
        ],
      );
      members.push(server);
    }
    try {
      await Promise.all(members.map((server) => server.run()));
    } catch (error) {
      await Promise.all(members.map((server) => server.stop()));
      throw error;
    }
    return members;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get tlsUrl(): string {
    return `https://localhost:${this.tlsPort}`;
  }

  /** The path of its Unix socket. */
  get socket(): string {
    return join(this.folder, SOCKET);
  }

  /** Starts it, again perhaps; resolves when it answers. */
  async run(): Promise<void> {
    await rm(this.socket, { force: true }); // of one that was killed, which the next refuses to replace
    const log = await open(join(this.folder, "log"), "a");
    const child = spawn("etcd", this.#flags, { cwd: this.folder, stdio: ["ignore", log.fd, log.fd] });
    child.once("exit", () => void log.close());
    await once(child, "spawn"); // rejects where there is none: `make test` says how to get it
    this.#process = child;
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while (!(await this.#isHealthy())) {
      if (child.exitCode !== null || performance.now() > deadlineMs) {
        throw new Error(
          `etcd did not start: ${(await readFile(join(this.folder, "log"), "utf8")).slice(-2_000)}`,
        );
      }
      await sleep(20);
    }
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit", { signal: AbortSignal.timeout(STOP_TIMEOUT_MS) });
    child.kill("SIGKILL");
    await ended;
  }

  /** What it holds, gone; the next start is that of a new cluster. */
  async erase(): Promise<void> {
    await rm(join(this.folder, "data"), { recursive: true, force: true });
  }

  pause(): void {
    this.#process?.kill("SIGSTOP");
  }

  resume(): void {
    this.#process?.kill("SIGCONT");
  }

  /** A client of the product's, to this member or through what stands before it. */
  client(files: EtcdFiles = {}, url: string = this.url): EtcdClient {
    return etcdClient([url], files);
  }

  async put(key: string, value: unknown): Promise<void> {
    await this.request("kv/put", { key: base64(key), value: base64(asText(value)) });
  }

  async delete(key: string): Promise<void> {
    await this.request("kv/deleterange", { key: base64(key) });
  }

  async revision(): Promise<string> {
    const { header } = await this.request("kv/range", { key: base64("\0"), limit: 1 });
    return (header as { revision: string }).revision;
  }

  /** Forgets the history up to now. */
  async compact(): Promise<void> {
    await this.request("kv/compaction", { revision: await this.revision(), physical: true });
  }

  /** A user for everything below a prefix, and the administrator that this object becomes. */
  async enableAuth(user: string, password: string, prefix: string): Promise<void> {
    const end = base64(prefix.replace(/\/$/, "0"));
    await this.request("auth/role/add", { name: user });
    const perm = { permType: "READWRITE", key: base64(prefix), range_end: end };
    await this.request("auth/role/grant", { name: user, perm });
    await this.request("auth/user/add", { name: user, password });
    await this.request("auth/user/grant", { user, role: user });
    await this.request("auth/role/add", { name: "root" });
    await this.request("auth/user/add", { name: "root", password });
    await this.request("auth/user/grant", { user: "root", role: "root" });
    await this.request("auth/enable", {});
    await this.logIn(password);
  }

  async logIn(password: string): Promise<void> {
    this.#token = "";
    this.#token = String((await this.request("auth/authenticate", { name: "root", password }))["token"]);
  }

  /** Through its JSON gateway, so that nothing of the product's is between. */
  async request(path: string, body: Json): Promise<Json> {
    const answer = await fetch(`${this.url}/v3/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: this.#token === "" ? {} : { authorization: this.#token },
      signal: AbortSignal.timeout(30_000),
    });
    const said = (await answer.json()) as Json;
    if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(said)}`);
    return said;
  }

  async #isHealthy(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.url}/health`, { signal: AbortSignal.timeout(1_000) });
      return ((await answer.json()) as { health?: string }).health === "true";
    } catch {
      return false; // not yet
    }
  }
}

export function etcdClient(urls: readonly string[], files: EtcdFiles = {}): EtcdClient {
  const endpoints = urls.map((url) => {
    const endpoint = parseEtcdEndpoint(url);
    if (!endpoint.ok) throw new Error(endpoint.error);
    return endpoint.value;
  });
  return new EtcdClient(systemClock, etcdAccess(endpoints, files));
}

/** `ca.pem`, `server.*` and `client.*` in the folder of a server with TLS. */
export function tlsFiles(folder: string): EtcdFiles {
  return {
    ca: join(folder, "ca.pem"),
    certificate: join(folder, "client.pem"),
    key: join(folder, "client.key"),
  };
}

/** Writes a client's certificate of another authority than that of the server, or of the same. */
export async function writeClientCertificate(folder: string, issuer: Minted): Promise<void> {
  const client = mintSvid("spiffe://etcd/client", issuer, { name: "client" });
  await writeFile(join(folder, "client.pem"), client.pem);
  await writeFile(join(folder, "client.key"), client.keyPem);
}

async function writeCertificates(folder: string): Promise<void> {
  const root = mintRoot("etcd");
  const names = [
    { type: 2, value: "localhost" },
    { type: 7, value: "\x7f\0\0\x01" },
  ] as const;
  const server = mintSvid("spiffe://etcd/server", root, { name: "server", altNames: names });
  await writeFile(join(folder, "ca.pem"), root.pem);
  await writeFile(join(folder, "server.pem"), server.pem);
  await writeFile(join(folder, "server.key"), server.keyPem);
  await writeClientCertificate(folder, root);
}

function tlsFlags(folder: string): readonly string[] {
  return [
    `--cert-file=${join(folder, "server.pem")}`,
    `--key-file=${join(folder, "server.key")}`,
    `--trusted-ca-file=${join(folder, "ca.pem")}`,
    "--client-cert-auth",
  ];
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
