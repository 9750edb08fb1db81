import { once } from "node:events";
import { chmod } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ADMIN_CONNECTIONS_MAX, ADMIN_HEADER_MAX_BYTES, ADMIN_REQUEST_TIMEOUT_MS } from "../base/limits.ts";
import { formatListenAddress, isLocalAddress, type ListenAddress } from "../base/listen-address.ts";
import type { Metrics } from "./metrics.ts";
import { claimSocketPath } from "./socket-path.ts";

/** Owner and group ask; others don't. */
const SOCKET_MODE = 0o660;

/** What the admin listener asks the process about itself, at each request. */
export type ProcessState = {
  /** What still stands in the way of being ready, each a short phrase; empty when ready. */
  notReady(): readonly string[];
  /** The answer to `/status`; plain data. */
  status(): object;
  /** Brings gauges up to date that nobody keeps, before they are exposed. */
  collect?(): void;
};

/**
 * HTTP for probes, scrapers and people: `/livez`, `/readyz`, `/metrics`, `/status`.
 *
 * It tells about policy and changes nothing, and is reachable from this machine only: by a Unix socket, or by loopback.
 */
export class AdminServer {
  readonly #metrics: Metrics;
  readonly #state: ProcessState;
  readonly #server: Server;

  constructor(metrics: Metrics, state: ProcessState) {
    this.#metrics = metrics;
    this.#state = state;
    this.#server = createServer(
      { maxHeaderSize: ADMIN_HEADER_MAX_BYTES, requestTimeout: ADMIN_REQUEST_TIMEOUT_MS },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.maxConnections = ADMIN_CONNECTIONS_MAX;
  }

  /** Resolves with the address that is listened on (the port filled in); rejects when it can't be. */
  async listen(address: ListenAddress): Promise<ListenAddress> {
    if (!isLocalAddress(address)) {
      throw new Error(`${formatListenAddress(address)} is not a Unix socket or a loopback address`);
    }
    if (address.kind === "tcp") {
      this.#server.listen({ host: address.host, port: address.port });
      await once(this.#server, "listening");
      return { kind: "tcp", host: address.host, port: (this.#server.address() as AddressInfo).port };
    }
    await claimSocketPath(address.path);
    this.#server.listen({ path: address.path });
    await once(this.#server, "listening");
    await chmod(address.path, SOCKET_MODE);
    return address;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("cache-control", "no-store");
    response.setHeader("x-content-type-options", "nosniff");
    if (!isOwnHost(request.headers.host))
      return sendText(response, 403, "not a host name of this listener\n");
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return sendText(response, 405, "only GET and HEAD\n");
    }
    switch (request.url?.replace(/\?.*$/, "")) {
      case "/livez":
        return sendText(response, 200, "ok\n");
      case "/readyz": {
        const reasons = this.#state.notReady();
        return reasons.length === 0
          ? sendText(response, 200, "ok\n")
          : sendText(response, 503, `not ready: ${reasons.join(", ")}\n`);
      }
      case "/metrics":
        this.#state.collect?.();
        return send(response, 200, this.#metrics.contentType, await this.#metrics.expose());
      case "/status":
        return send(
          response,
          200,
          "application/json",
          `${JSON.stringify(this.#state.status(), undefined, 2)}\n`,
        );
      default:
        return sendText(response, 404, "here are /livez, /readyz, /metrics and /status\n");
    }
  }
}

/** A web page may make a browser ask us under a name of its own (DNS rebinding); it can't ask under these. */
function isOwnHost(host: string | undefined): boolean {
  if (host === undefined || host === "") return true;
  return /^(localhost|[0-9.]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$/.test(host);
}

function sendText(response: ServerResponse, status: number, body: string): void {
  send(response, status, "text/plain; charset=utf-8", body);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}
