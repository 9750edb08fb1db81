/**
 * A small API server for faults that a real one can't be made to show: objects in memory, lists in pages, watches with
 * their history, and a script that may answer any request in its place.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { TestContext } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { CertificateAuthority } from "../../../src/cli/demo/certificates.ts";
import type { ApiAccess, Credentials } from "../../../src/datastore/kubernetes/api-access.ts";

export type Json = Record<string, unknown>;

/** Returns true if it took care of the answer. */
export type Script = (request: IncomingMessage, response: ServerResponse, url: URL) => boolean;

type Logged = { readonly type: string; readonly object: Json; readonly version: number };

const ca = CertificateAuthority.create(systemClock, "kubernetes.test");
const served = ca.then((authority) => authority.issue({ uris: [], dnsNames: ["localhost"] }));

export const V1 = "crd.projectcalico.org/v1";
const CALICO = [
  "tiers",
  "networkpolicies",
  "globalnetworkpolicies",
  "stagednetworkpolicies",
  "stagedglobalnetworkpolicies",
  "stagedkubernetesnetworkpolicies",
  "networksets",
  "globalnetworksets",
  "hostendpoints",
  "clusterinformations",
];

export class ScriptedApi {
  /** Asked first, before anything below. */
  script: Script = () => false;
  /** Every request's target, in order. */
  readonly requests: string[] = [];
  /** Every request's bearer token, in order. */
  readonly tokens: string[] = [];
  /** Plurals by group and version. */
  groups: Record<string, readonly string[]> = { [V1]: CALICO };
  readiness = 200;
  /** History before this is gone. */
  compactedAt = 0;
  version = 100;
  #server: Server | undefined;
  readonly #sockets = new Set<Duplex>();
  readonly #objects = new Map<string, Map<string, Json>>();
  readonly #history = new Map<string, Logged[]>();
  readonly #watchers = new Set<{ readonly path: string; readonly response: ServerResponse }>();

  static async start(test: TestContext): Promise<ScriptedApi> {
    const api = new ScriptedApi();
    const { certificate, privateKey } = await served;
    api.#server = createServer({ cert: certificate, key: privateKey }, (request, response) => {
      const url = new URL(request.url ?? "/", "https://localhost");
      api.requests.push(request.url ?? "");
      api.tokens.push(request.headers.authorization ?? "");
      if (!api.script(request, response, url)) api.#answer(url, response);
    });
    api.#server.on("connection", (socket) => {
      api.#sockets.add(socket);
      socket.on("close", () => api.#sockets.delete(socket));
      socket.on("error", () => {}); // cut by the test or the client
    });
    api.#server.listen(0, "127.0.0.1");
    await once(api.#server, "listening");
    test.after(() => {
      api.cut();
      api.#server?.close();
    });
    api.put(`/apis/${V1}/clusterinformations`, {
      metadata: { name: "default" },
      spec: { datastoreReady: true },
    });
    return api;
  }

  async access(token: () => string = () => "secret"): Promise<ApiAccess> {
    const { certificate } = await ca;
    const credentials = (): Promise<Credentials> =>
      Promise.resolve({ token: token(), ca: certificate, certificate: undefined, privateKey: undefined });
    const { port } = (this.#server as Server).address() as AddressInfo;
    return {
      name: "https://kubernetes.test",
      host: "127.0.0.1",
      port,
      basePath: "",
      serverName: "localhost",
      isCertificateChecked: true,
      credentials,
    };
  }

  /** Ends every connection without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  put(path: string, object: Json): void {
    const stored = this.#stamp(object);
    const objects = this.#collection(path);
    const type = objects.has(nameOf(stored)) ? "MODIFIED" : "ADDED";
    objects.set(nameOf(stored), stored);
    this.#log(path, type, stored);
  }

  remove(path: string, name: string): void {
    const objects = this.#collection(path);
    const object = objects.get(name);
    if (object === undefined) throw new Error(`no ${path} ${name}`);
    objects.delete(name);
    this.#log(path, "DELETED", this.#stamp(object));
  }

  /** An object is not there any more, and no watch is told. */
  forget(path: string, name: string): void {
    this.#collection(path).delete(name);
  }

  /** Bytes as they are, to every watch of a path. */
  send(path: string, bytes: string | Buffer): void {
    for (const watcher of this.#watchers)
      if (watcher.path === path && !watcher.response.writableEnded) watcher.response.write(bytes);
  }

  /** Ends every watch of a path, politely. */
  endWatches(path: string): void {
    for (const watcher of this.#watchers) if (watcher.path === path) watcher.response.end();
  }

  watchCount(path: string): number {
    return [...this.#watchers].filter((watcher) => watcher.path === path).length;
  }

  #collection(path: string): Map<string, Json> {
    const objects = this.#objects.get(path) ?? new Map<string, Json>();
    this.#objects.set(path, objects);
    return objects;
  }

  #stamp(object: Json): Json {
    const metadata = object["metadata"] as Json;
    const stamp = {
      uid: `uid-${String(metadata["name"])}`,
      ...metadata,
      resourceVersion: String(++this.version),
    };
    return { ...object, metadata: stamp };
  }

  #log(path: string, type: string, object: Json): void {
    const logged = { type, object, version: this.version };
    this.#history.set(path, [...(this.#history.get(path) ?? []), logged]);
    this.send(path, `${JSON.stringify({ type, object })}\n`);
  }

  #answer(url: URL, response: ServerResponse): void {
    const path = url.pathname;
    if (path === "/readyz" || path === "/livez") {
      response.writeHead(this.readiness).end("ok");
      return;
    }
    const group = this.groups[path.slice("/apis/".length)];
    if (path === "/apis") {
      const groups = Object.keys(this.groups).map((groupVersion) => ({ versions: [{ groupVersion }] }));
      sendJson(response, 200, { groups });
    } else if (group !== undefined) {
      sendJson(response, 200, { resources: group.map((name) => ({ name })) });
    } else if (url.searchParams.get("watch") === "1") {
      this.#watch(path, url, response);
    } else {
      this.#list(path, url, response);
    }
  }

  #list(path: string, url: URL, response: ServerResponse): void {
    const all = [...this.#collection(path).values()];
    const start = Number(url.searchParams.get("continue") ?? 0);
    const limit = Number(url.searchParams.get("limit") ?? all.length);
    const end = start + limit;
    const metadata = {
      resourceVersion: String(this.version),
      ...(end < all.length ? { continue: String(end) } : {}),
    };
    sendJson(response, 200, { metadata, items: all.slice(start, end) });
  }

  #watch(path: string, url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get("resourceVersion"));
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (from < this.compactedAt) {
      const object = { kind: "Status", code: 410, message: "too old resource version" };
      response.end(`${JSON.stringify({ type: "ERROR", object })}\n`);
      return;
    }
    for (const { type, object, version } of this.#history.get(path) ?? []) {
      if (version > from) response.write(`${JSON.stringify({ type, object })}\n`);
    }
    const watcher = { path, response };
    this.#watchers.add(watcher);
    response.on("close", () => this.#watchers.delete(watcher));
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** What an API server says with an error. */
export function sendStatus(
  response: ServerResponse,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): true {
  sendJson(response, code, { kind: "Status", code, message }, headers);
  return true;
}

function nameOf(object: Json): string {
  const { namespace = "", name } = object["metadata"] as { namespace?: string; name: string };
  return namespace === "" ? name : `${namespace}/${name}`;
}
