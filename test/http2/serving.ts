import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { systemClock } from "../../src/base/clock.ts";
import { GrpcServer, type GrpcServerOptions, type UnaryMethod } from "../../src/http2/index.ts";
import { frames, PREFACE } from "./raw-frames.ts";
import { RawPeer } from "./raw-peer.ts";

/** Where a server listens: a Unix socket of its own, or a port of its own, in plaintext or with a certificate. */
export type Listening = "unix" | "tcp" | { readonly certificatePem: string; readonly keyPem: string };

/** A gRPC server of ours that listens, with the limits of checks. */
export class Serving implements AsyncDisposable {
  readonly server: GrpcServer;
  /** Real time, and what a test lets pass beside it. */
  readonly clock = { nowMs: () => systemClock.nowMs() + this.passedMs, wallMs: systemClock.wallMs };
  passedMs = 0;
  readonly errors: Error[] = [];
  readonly #listener: Server;
  readonly #folder: string = mkdtempSync(join(tmpdir(), "ephor-http2-"));
  readonly #clients: Socket[] = [];

  private constructor(
    listening: Listening,
    methods: ReadonlyMap<string, UnaryMethod>,
    options: Partial<GrpcServerOptions>,
  ) {
    this.server = new GrpcServer(this.clock, methods, {
      streamsMax: 1_000,
      messageMaxBytes: 4_194_304,
      messageReadMaxBytes: 67_108_864,
      onError: (error) => this.errors.push(error),
      ...options,
    });
    const serve = (socket: Socket): void => this.server.serve(socket);
    this.#listener =
      typeof listening === "string"
        ? createServer({ noDelay: true }, serve)
        : createTlsServer(
            { cert: listening.certificatePem, key: listening.keyPem, ALPNProtocols: ["h2"] },
            serve,
          );
  }

  static async start(
    listening: Listening,
    methods: ReadonlyMap<string, UnaryMethod>,
    options: Partial<GrpcServerOptions> = {},
  ): Promise<Serving> {
    const serving = new Serving(listening, methods, options);
    if (listening === "unix") serving.#listener.listen(serving.path);
    else serving.#listener.listen(0, "127.0.0.1");
    await once(serving.#listener, "listening");
    return serving;
  }

  get path(): string {
    return join(this.#folder, "socket");
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  /** A raw connection to the Unix socket; nothing is said on it yet. */
  async connect(): Promise<RawPeer> {
    const socket = createConnection(this.path);
    this.#clients.push(socket);
    await once(socket, "connect");
    return new RawPeer(socket);
  }

  /** One that has said preface and settings. */
  async open(...settings: readonly (readonly [id: number, value: number])[]): Promise<RawPeer> {
    const peer = await this.connect();
    peer.write(PREFACE, frames.settings(...settings), frames.settingsAck());
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await Promise.all([this.server.close(1_000), new Promise((resolve) => this.#listener.close(resolve))]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
