import * as grpc from "@grpc/grpc-js";
import { CHECK_PATH_V2, CHECK_PATH_V2ALPHA, CHECK_PATH_V3 } from "envoy-ext-authz-proto";
import { decodeCheckResponse, encodeCheckRequest, type PlainResponse } from "./check-requests.ts";

const PATHS = { v2: CHECK_PATH_V2, v2alpha: CHECK_PATH_V2ALPHA, v3: CHECK_PATH_V3 };
const asIs = (bytes: Buffer): Buffer => bytes;

export type AskOptions = {
  readonly version?: keyof typeof PATHS;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
};

/** A gRPC client that asks a server of checks, on a connection of its own. */
export class AuthzClient {
  readonly grpc: grpc.Client;

  /** @param target `unix:PATH` or `HOST:PORT`. */
  constructor(
    target: string,
    credentials: grpc.ChannelCredentials = grpc.credentials.createInsecure(),
    options: object = {},
  ) {
    this.grpc = new grpc.Client(target, credentials, { "grpc.use_local_subchannel_pool": 1, ...options });
  }

  /** Rejects with gRPC's own error, if there is one. */
  askBytes(bytes: Buffer, options: AskOptions = {}): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.start(bytes, options, (error, response) => {
        if (response !== undefined) resolve(response);
        else reject(error ?? new Error("neither an error nor a response"));
      });
    });
  }

  start(
    bytes: Buffer,
    options: AskOptions,
    callback: (error: grpc.ServiceError | null, response?: Buffer) => void,
  ): grpc.ClientUnaryCall {
    const metadata = new grpc.Metadata();
    for (const [key, value] of Object.entries(options.metadata ?? {})) metadata.set(key, value);
    const callOptions = options.deadlineMs === undefined ? {} : { deadline: Date.now() + options.deadlineMs };
    return this.grpc.makeUnaryRequest(
      PATHS[options.version ?? "v3"],
      asIs,
      asIs,
      bytes,
      metadata,
      callOptions,
      callback,
    );
  }

  async ask(attributes: object, options: AskOptions = {}): Promise<PlainResponse> {
    const form = options.version === undefined || options.version === "v3" ? "v3" : "v2";
    return decodeCheckResponse(await this.askBytes(encodeCheckRequest(attributes, form), options), form);
  }

  close(): void {
    this.grpc.close();
  }
}
