/** One connection to one member of an etcd: made, secured, logged in, and its calls. */
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import {
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import {
  type EtcdAuthClient,
  type EtcdKvClient,
  type EtcdWatchClient,
  type EtcdWatchRequest,
  type EtcdWatchResponseOutput,
  loadEtcdProtocols,
} from "envoy-ext-authz-proto";
import { toError } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import {
  ETCD_ANSWER_TIMEOUT_MS,
  ETCD_CONNECT_TIMEOUT_MS,
  ETCD_KEEPALIVE_MS,
  ETCD_KEEPALIVE_TIMEOUT_MS,
  ETCD_MESSAGE_MAX_BYTES,
} from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { quote } from "../locate.ts";
import type { EtcdAccess, EtcdEndpoint, EtcdTls } from "./etcd-access.ts";
import { type EtcdError, etcdError, fromServiceError } from "./etcd-error.ts";
import { reachMember } from "./reach-member.ts";

/** What an answer to one call is handed to. */
export type EtcdAnswer<T> = (error: ServiceError | null, value?: T) => void;

export class EtcdConnection {
  readonly endpoint: EtcdEndpoint;
  readonly kv: EtcdKvClient;
  readonly #auth: EtcdAuthClient;
  readonly #watch: EtcdWatchClient;
  readonly #clock: Clock;
  readonly #access: EtcdAccess;
  #token = "";

  private constructor(
    clock: Clock,
    access: EtcdAccess,
    endpoint: EtcdEndpoint,
    made: ReturnType<typeof makeClients>,
  ) {
    this.#clock = clock;
    this.#access = access;
    this.endpoint = endpoint;
    this.kv = made.kv;
    this.#auth = made.auth;
    this.#watch = made.watch;
  }

  /** Credentials are read anew. An error is `away` where another member may be better. */
  static async open(
    clock: Clock,
    access: EtcdAccess,
    endpoint: EtcdEndpoint,
  ): Promise<Result<EtcdConnection, EtcdError>> {
    let connection: EtcdConnection;
    try {
      const tls = endpoint.isTls ? await access.tls() : NO_TLS;
      const problem = await reachMember(endpoint, tls, ETCD_CONNECT_TIMEOUT_MS);
      if (problem !== undefined) return err(etcdError("away", quote(problem)));
      connection = new EtcdConnection(clock, access, endpoint, makeClients(endpoint, secure(endpoint, tls)));
    } catch (reason) {
      // Files that are being replaced may be there, and fit each other, in a moment.
      return err(etcdError("away", `no credentials: ${quote(toError(reason).message)}`));
    }
    const deadline = clock.wallMs() + ETCD_CONNECT_TIMEOUT_MS;
    const problem = (await awaitReady(connection.kv, deadline)) ?? (await connection.logIn());
    if (problem === undefined) return ok(connection);
    connection.close();
    return err(problem);
  }

  /** Gets a token, if there is a user to get one for. */
  async logIn(): Promise<EtcdError | undefined> {
    let login: Awaited<ReturnType<EtcdAccess["login"]>>;
    try {
      login = await this.#access.login();
    } catch (reason) {
      return etcdError("away", `no password: ${quote(toError(reason).message)}`);
    }
    if (login === undefined) return undefined;
    const { user: name, password } = login;
    this.#token = "";
    const answer = await this.call<{ readonly token?: string }>((metadata, options, done) => {
      this.#auth.authenticate({ name, password }, metadata, options, done);
    });
    if (answer.ok) this.#token = answer.value.token ?? "";
    else if (/authentication is not enabled/.test(answer.error.message)) return undefined; // nobody asks for a token
    return answer.ok ? undefined : answer.error;
  }

  /** One call with a deadline; what it should say goes in, the answer comes out. */
  call<T>(
    begin: (metadata: Metadata, options: CallOptions, done: EtcdAnswer<T>) => void,
  ): Promise<Result<T, EtcdError>> {
    return new Promise((resolve) => {
      begin(this.#metadata(), { deadline: this.#clock.wallMs() + ETCD_ANSWER_TIMEOUT_MS }, (error, value) => {
        if (error !== null) resolve(err(fromServiceError(error)));
        else if (value === undefined) resolve(err(etcdError("nonsense", "an empty answer")));
        else resolve(ok(value));
      });
    });
  }

  watch(): ClientDuplexStream<EtcdWatchRequest, EtcdWatchResponseOutput> {
    return this.#watch.watch(this.#metadata());
  }

  close(): void {
    for (const client of [this.kv, this.#auth, this.#watch]) client.close();
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    // A member that has lost its leader says so instead of waiting for one, and ends its watches.
    metadata.set("hasleader", "true");
    if (this.#token !== "") metadata.set("token", this.#token);
    return metadata;
  }
}

const NO_TLS: EtcdTls = { ca: undefined, certificate: undefined, privateKey: undefined };

function secure({ isTls, host }: EtcdEndpoint, { ca, certificate, privateKey }: EtcdTls): ChannelCredentials {
  if (!isTls) return credentials.createInsecure();
  return credentials.createSsl(ca ?? null, privateKey ?? null, certificate ?? null, {
    checkServerIdentity: (_, presented) => checkServerIdentity(host, presented),
  });
}

function makeClients(
  { target, isTls, host }: EtcdEndpoint,
  channelCredentials: ChannelCredentials,
): { readonly kv: EtcdKvClient; readonly auth: EtcdAuthClient; readonly watch: EtcdWatchClient } {
  const options: ChannelOptions = {
    "grpc.max_receive_message_length": ETCD_MESSAGE_MAX_BYTES,
    "grpc.keepalive_time_ms": ETCD_KEEPALIVE_MS,
    "grpc.keepalive_timeout_ms": ETCD_KEEPALIVE_TIMEOUT_MS,
    "grpc.enable_http_proxy": 0,
    "grpc.service_config_disable_resolution": 1,
    // A write is sent once. A connection is used until it fails, and never made again behind our back.
    "grpc.enable_retries": 0,
    "grpc.use_local_subchannel_pool": 1,
    // The server name that goes with the handshake can't be an address; what is checked is the address all the same.
    ...(isTls && isIP(host) !== 0 ? { "grpc.ssl_target_name_override": "localhost" } : {}),
  };
  const { KV, Auth, Watch } = loadEtcdProtocols().etcdserverpb;
  const kv = new KV(target, channelCredentials, options);
  const shared = { ...options, channelOverride: kv.getChannel() };
  return {
    kv,
    auth: new Auth(target, channelCredentials, shared),
    watch: new Watch(target, channelCredentials, shared),
  };
}

function awaitReady(client: EtcdKvClient, deadline: number): Promise<EtcdError | undefined> {
  return new Promise((resolve) => {
    client.waitForReady(deadline, (error) => {
      resolve(error && etcdError("away", `no connection within ${ETCD_CONNECT_TIMEOUT_MS} ms`));
    });
  });
}
