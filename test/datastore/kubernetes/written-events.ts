/** The part of a scripted API server that takes writes: Events and Leases, in memory, with every write noted. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isMapping } from "../../../src/datastore/schema/kind.ts";
import { type Json, type ScriptedApi, sendJson, sendStatus } from "./scripted-api.ts";

export const LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/ephor-node-status";
const COLLECTION =
  /^\/apis\/(?:events\.k8s\.io|coordination\.k8s\.io)\/v1\/namespaces\/[^/]+\/(?:events|leases)/;

/** Answers a write in place of the server; returns true if it did. */
export type Fault = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

export class WrittenEvents {
  /** By path. */
  readonly objects: Map<string, Json> = new Map();
  /** `POST /path`, in order, and what was sent. */
  readonly writes: { readonly line: string; readonly body: Json }[] = [];
  /** Requests for Events and Leases, reads among them, in order. */
  readonly requests: string[] = [];
  fault: Fault = () => false;
  #version = 0;

  constructor(api: ScriptedApi) {
    const before = api.script;
    api.script = (request, response, url) => {
      if (before(request, response, url)) return true;
      if (!COLLECTION.test(url.pathname)) return false;
      void this.#answer(request, response, url.pathname);
      return true;
    };
  }

  get events(): readonly Json[] {
    return [...this.objects.entries()].flatMap(([path, object]) =>
      path.includes("/events/") ? [object] : [],
    );
  }

  /** Of the requests, those for Events that would change something. */
  get eventWrites(): readonly string[] {
    return this.writes.map(({ line }) => line).filter((line) => line.includes("/events"));
  }

  store(path: string, object: Json): void {
    const metadata = isMapping(object["metadata"]) ? object["metadata"] : {};
    this.objects.set(path, {
      ...object,
      metadata: { ...metadata, resourceVersion: String(++this.#version) },
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const { method = "GET" } = request;
    let text = "";
    for await (const piece of request.setEncoding("utf8")) text += piece;
    const body = (text === "" ? {} : JSON.parse(text)) as Json;
    this.requests.push(`${method} ${path}`);
    if (method !== "GET") this.writes.push({ line: `${method} ${path}`, body });
    if (this.fault(request, response, path)) return;
    const { name, resourceVersion } = (body["metadata"] ?? {}) as { name?: string; resourceVersion?: string };
    const own = method === "POST" ? `${path}/${name}` : path;
    const known = this.objects.get(own);
    if (method === "POST" ? known !== undefined : known === undefined) {
      sendStatus(response, method === "POST" ? 409 : 404, "it is or isn't there");
    } else if (method === "PUT" && resourceVersion !== versionOf(known)) {
      sendStatus(response, 409, "the object has been modified");
    } else {
      if (method !== "GET") this.store(own, method === "PATCH" ? { ...known, ...body } : body);
      sendJson(response, method === "POST" ? 201 : 200, this.objects.get(own));
    }
  }
}

function versionOf(object: Json | undefined): unknown {
  return isMapping(object?.["metadata"]) ? object["metadata"]["resourceVersion"] : undefined;
}
