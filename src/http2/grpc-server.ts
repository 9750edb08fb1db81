import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import { HTTP2_SWEEP_MS } from "../base/limits.ts";
import { BodyRoom } from "./body-keeper.ts";
import type { GrpcCall } from "./grpc-call.ts";
import { GrpcHandler, MESSAGE_PREFIX_BYTES } from "./grpc-handler.ts";
import { Output } from "./output.ts";
import type { ConnectionOptions, ConnectionShared } from "./request-handler.ts";
import { SocketConnection } from "./socket-connection.ts";
import { StreamPool } from "./stream-pool.ts";
import type { UnaryMethod } from "./unary-method.ts";

export type GrpcServerOptions = {
  /** Calls under way on one connection. */
  readonly streamsMax: number;
  /** A longer message is not shown to its method. */
  readonly messageMaxBytes: number;
  /** A longer one is not even read to its end: the call fails. */
  readonly messageReadMaxBytes: number;
  /** Told of what a method throws. Must not throw. */
  readonly onError: (error: Error) => void;
};

/**
 * A gRPC server for unary methods, on sockets that others listen for.
 *
 * States: *serving*, from the first connection on; *closing*, from `close`, when connections end as soon as their calls have; *closed*.
 */
export class GrpcServer {
  readonly #clock: Clock;
  readonly #handler: GrpcHandler;
  readonly #options: ConnectionOptions;
  readonly #shared: ConnectionShared<GrpcCall> = {
    output: new Output(),
    streams: new StreamPool(),
    bodies: new BodyRoom(),
  };
  readonly #connections = new Set<SocketConnection<GrpcCall>>();
  #sweep: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;
  #onLastConnection: (() => void) | undefined;

  /** @param methods by path, as `/package.Service/Method`. */
  constructor(clock: Clock, methods: ReadonlyMap<string, UnaryMethod>, options: GrpcServerOptions) {
    this.#clock = clock;
    this.#handler = new GrpcHandler(clock, methods, options.onError);
    this.#options = {
      streamsMax: options.streamsMax,
      bodyMaxBytes: options.messageMaxBytes + MESSAGE_PREFIX_BYTES,
      bodyReadMaxBytes: options.messageReadMaxBytes + MESSAGE_PREFIX_BYTES,
    };
  }

  /** Connections that are not closed yet. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Serves a connection that was accepted, on a TLS socket after the handshake. It is ours from now on. */
  serve(socket: Socket): void {
    const connection = new SocketConnection(this.#clock, socket, this.#handler, this.#shared, this.#options);
    this.#connections.add(connection);
    socket.once("close", () => this.#forget(connection));
    this.#sweep ??= setInterval(() => this.#checkTimes(), HTTP2_SWEEP_MS).unref();
    if (this.#closed !== undefined) connection.shutDown();
  }

  /**
   * Tells peers to go away, lets open calls end for `graceMs`, then cuts what is left. Resolves when every connection is closed; a second
   * call joins the first.
   */
  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    if (this.#connections.size === 0) return;
    const closed = new Promise<void>((resolve) => {
      this.#onLastConnection = resolve;
    });
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy();
    }, graceMs);
    for (const connection of this.#connections) connection.shutDown();
    await closed;
    clearTimeout(timer);
  }

  #checkTimes(): void {
    for (const connection of this.#connections) connection.checkTimes();
  }

  #forget(connection: SocketConnection<GrpcCall>): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
    this.#onLastConnection?.();
  }
}
