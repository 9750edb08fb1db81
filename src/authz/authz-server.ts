import { createServer, type Server as NetServer, type Socket } from "node:net";
import { CHECK_PATH_V2, CHECK_PATH_V2ALPHA, CHECK_PATH_V3 } from "envoy-ext-authz-proto/paths";
import type { Clock } from "../base/clock.ts";
import {
  CHECK_CONNECTIONS_MAX,
  CHECK_REQUEST_MAX_BYTES,
  CHECK_STREAMS_MAX,
  CHECK_TRANSPORT_MAX_BYTES,
  CHECK_WAIT_MAX_MS,
  SERVER_ERROR_BURST,
  SERVER_ERROR_RATE_PER_SECOND,
  SHUTDOWN_GRACE_MS,
} from "../base/limits.ts";
import { formatListenAddress, type ListenAddress } from "../base/listen-address.ts";
import type { Result } from "../base/result.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { GrpcServer, type UnaryCall, type UnaryMethod, type Unseen } from "../http2/index.ts";
import type { PeerIdentityReader } from "../identity/peer-identity-reader.ts";
import type { SnapshotStore } from "../policy/snapshot.ts";
import { type CheckCall, CheckHandler, type DecisionObserver } from "./check-handler.ts";
import type { CheckVersion } from "./decode-check-request.ts";
import { HEALTH_CHECK_PATH, Health } from "./health.ts";
import { OverloadGuard } from "./overload-guard.ts";
import type { TlsCredentialStore } from "./tls-credentials.ts";
import { listenOnUnixSocket, SOCKET_MODE_DEFAULT, type SocketAccess } from "./unix-socket.ts";

/** How TCP listeners are secured. Unix sockets never are: their file's permissions do that. */
export type TcpSecurity =
  | {
      readonly kind: "tls";
      /** Replaced while the server listens. */
      readonly credentials: TlsCredentialStore;
      /** Judges clients by their certificates in DER, leaf first. Default: by the authorities among the credentials. */
      readonly admit?: (certificates: readonly Buffer[]) => Result<unknown, string>;
    }
  /** Plaintext, asked for explicitly: whoever reaches the port can ask for verdicts, and read and change answers on the way. */
  | { readonly kind: "insecure" };

export type AuthzOptions = {
  /** Default: mode 0660 and the process's own group. */
  readonly socketAccess?: SocketAccess;
  /** Without it the server does not listen on TCP. */
  readonly tcpSecurity?: TcpSecurity;
  /** What a denied client reads, at most DENIAL_BODY_MAX_BYTES bytes. Default: nothing. */
  readonly denialBody?: string;
  /** A check that has waited this long is refused as `overloaded`. Default CHECK_WAIT_MAX_MS. */
  readonly waitMaxMs?: number;
  /** Default CHECK_CONNECTIONS_MAX; more are closed at once. */
  readonly connectionsMax?: number;
  /** Calls under way on one connection. Default CHECK_STREAMS_MAX. */
  readonly streamsMax?: number;
  /** Envoy's ports to those that policy names, where Envoy listens on another port than the workload. */
  readonly portMap?: ReadonlyMap<number, number>;
  /**
   * Told of an error inside a check, which was denied with reason `internal`, and of a connection that could not be accepted; at most
   * SERVER_ERROR_RATE_PER_SECOND times a second, the rest is dropped. Must not throw.
   */
  readonly onError?: (error: Error) => void;
};

/** The services that answer checks, and whose health `grpc.health.v1` tells beside that of the whole server (""). */
export const AUTHORIZATION_SERVICES = [
  "envoy.service.auth.v3.Authorization",
  "envoy.service.auth.v2.Authorization",
  "envoy.service.auth.v2alpha.Authorization",
] as const;

/** The metadata by which a network filter says that an HTTP filter checks the same connection again per request. */
export const HTTP_FOLLOWS_METADATA = "x-ephor-http-follows";

/**
 * The server that Envoy's ext_authz filters ask.
 *
 * States: *listening* answers; *draining* (from `drain`) answers too, new connections as well, since Envoy goes on asking while it drains
 * itself; *closed* (from `close`, or at the end of a drain) does not listen any more and has told every connection to go away.
 */
export class AuthzServer {
  readonly #options: AuthzOptions;
  readonly #handler: CheckHandler;
  readonly #grpc: GrpcServer;
  readonly #health = new Health(AUTHORIZATION_SERVICES);
  readonly #errorBucket: TokenBucket;
  readonly #listeners = new Set<NetServer>();
  readonly #connections = new Set<Socket>();
  #onLastConnection: (() => void) | undefined;
  #drained: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  /** Connections refused because there were too many. */
  connectionsRefused = 0;

  constructor(
    clock: Clock,
    store: SnapshotStore,
    identity: PeerIdentityReader,
    observer: DecisionObserver,
    options: AuthzOptions,
  ) {
    this.#options = options;
    this.#errorBucket = new TokenBucket(clock, {
      ratePerSecond: SERVER_ERROR_RATE_PER_SECOND,
      burst: SERVER_ERROR_BURST,
    });
    const guard = new OverloadGuard(clock, options.waitMaxMs ?? CHECK_WAIT_MAX_MS);
    this.#handler = new CheckHandler(store, identity, observer, guard, {
      denialBody: options.denialBody ?? "",
      portMap: options.portMap ?? new Map(),
      onInternalError: (error) => this.#report(error),
    });
    const methods = new Map<string, UnaryMethod>([
      [CHECK_PATH_V3, new CheckMethod(this.#handler, "v3")],
      [CHECK_PATH_V2, new CheckMethod(this.#handler, "v2")],
      [CHECK_PATH_V2ALPHA, new CheckMethod(this.#handler, "v2")],
      [HEALTH_CHECK_PATH, this.#health],
    ]);
    this.#grpc = new GrpcServer(clock, methods, {
      streamsMax: options.streamsMax ?? CHECK_STREAMS_MAX,
      messageMaxBytes: CHECK_REQUEST_MAX_BYTES,
      messageReadMaxBytes: CHECK_TRANSPORT_MAX_BYTES,
      onError: (error) => this.#report(error),
    });
  }

  /** Open connections, of all listeners. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** May be called for several addresses. Resolves with the address once it is listened on, its port filled in. */
  async listen(address: ListenAddress): Promise<ListenAddress> {
    const listener = await this.#createListener(address);
    if (address.kind === "unix") {
      await listenOnUnixSocket(listener, address.path, this.#options.socketAccess ?? SOCKET_ACCESS_DEFAULT);
      this.#keep(listener);
      return address;
    }
    const port = await listenOnTcp(listener, address);
    this.#keep(listener);
    return { ...address, port };
  }

  /** What `grpc.health.v1` says. A new server is not serving. */
  setServing(serving: boolean): void {
    this.#health.isServing = serving;
  }

  /**
   * Says that it is not serving, and keeps answering until the last connection has closed or the time is over; then closes.
   * A second call joins the first.
   */
  drain(timeoutMs: number): Promise<void> {
    this.#drained ??= this.#drain(timeoutMs);
    return this.#drained;
  }

  /** Stops listening, sends GOAWAY, lets open calls end for SHUTDOWN_GRACE_MS, then cuts what is left. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #drain(timeoutMs: number): Promise<void> {
    this.setServing(false);
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#onLastConnection = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await this.close();
  }

  async #close(): Promise<void> {
    this.setServing(false);
    const listenersClosed = [...this.#listeners].map(
      (listener) => new Promise<void>((resolve) => listener.close(() => resolve())),
    );
    await this.#grpc.close(SHUTDOWN_GRACE_MS);
    // TLS handshakes under way.
    const socketsClosed = [...this.#connections].map(
      (socket) => new Promise<void>((resolve) => socket.destroy().once("close", () => resolve())),
    );
    await Promise.all([...listenersClosed, ...socketsClosed]);
  }

  #keep(listener: NetServer): void {
    listener.on("error", (error) => this.#report(error));
    this.#listeners.add(listener);
  }

  #report(error: Error): void {
    if (this.#errorBucket.take()) this.#options.onError?.(error);
  }

  /**
   * TLS ends at our own listener, so that clients are let in by what we verify and certificates can be replaced. It is loaded only
   * where it is served.
   */
  async #createListener(address: ListenAddress): Promise<NetServer> {
    const security = address.kind === "unix" ? undefined : this.#tcpSecurity(address);
    if (security?.kind !== "tls") {
      return createServer({ noDelay: true }, (socket) => {
        if (this.#track(socket)) this.#grpc.serve(socket);
        else socket.destroy();
      });
    }
    const { createTlsListener } = await import("./tls-listener.ts");
    return createTlsListener({
      credentials: security.credentials,
      admit: security.admit,
      onSocket: (socket) => this.#track(socket),
      onAdmitted: (socket) => this.#grpc.serve(socket),
      onRefused: (why) => this.#report(new Error(`a client was not let in: ${why}`)),
    });
  }

  #track(socket: Socket): boolean {
    if (this.#connections.size >= (this.#options.connectionsMax ?? CHECK_CONNECTIONS_MAX)) {
      this.connectionsRefused++;
      return false;
    }
    this.#connections.add(socket);
    // What goes wrong with a connection shows as its end; without a handler it would end the process.
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#connections.delete(socket);
      if (this.#connections.size === 0) this.#onLastConnection?.();
    });
    return true;
  }

  #tcpSecurity(address: ListenAddress): TcpSecurity {
    const security = this.#options.tcpSecurity;
    if (security === undefined) {
      throw new Error(`${formatListenAddress(address)} needs TLS, or to be allowed explicitly without`);
    }
    return security;
  }
}

const SOCKET_ACCESS_DEFAULT: SocketAccess = { mode: SOCKET_MODE_DEFAULT, group: undefined };

/** Checks as a method of the transport, under one of their names. */
class CheckMethod implements UnaryMethod {
  readonly #handler: CheckHandler;
  /** Reused: nothing awaits while it is in use. */
  readonly #about: { -readonly [Key in keyof CheckCall]: CheckCall[Key] };

  constructor(handler: CheckHandler, version: CheckVersion) {
    this.#handler = handler;
    this.#about = { version, httpFollows: false, remainingMs: Infinity };
  }

  handle(message: Uint8Array, call: UnaryCall): Uint8Array {
    return this.#handler.handle(message, this.#read(call));
  }

  handleUnseen(why: Unseen, call: UnaryCall): Uint8Array {
    return this.#handler.refuse(why === "too_large" ? "bad_request" : "overloaded", this.#read(call));
  }

  #read(call: UnaryCall): CheckCall {
    this.#about.httpFollows = call.metadata.get(HTTP_FOLLOWS_METADATA) === "true";
    this.#about.remainingMs = call.remainingMs;
    return this.#about;
  }
}

function listenOnTcp(listener: NetServer, address: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    listener.once("error", reject);
    listener.listen({ host: address.host, port: address.port }, () => {
      const bound = listener.address();
      resolve(typeof bound === "object" && bound !== null ? bound.port : address.port);
    });
  });
}
