import { WIRE_BYTES, WireReader } from "../base/wire-reader.ts";
import { GRPC_INVALID_ARGUMENT, GRPC_NOT_FOUND, type GrpcFailure, type UnaryMethod } from "../http2/index.ts";

/** `Watch` is not served: its callers are told so by UNIMPLEMENTED, and ask by `Check`. */
export const HEALTH_CHECK_PATH = "/grpc.health.v1.Health/Check";

/** HealthCheckResponse `{ status }`. */
const SERVING = Buffer.from([0x08, 1]);
const NOT_SERVING = Buffer.from([0x08, 2]);

const UNKNOWN: GrpcFailure = { code: GRPC_NOT_FOUND, message: "there is no such service" };
const UNREADABLE: GrpcFailure = { code: GRPC_INVALID_ARGUMENT, message: "not a HealthCheckRequest" };

/** `grpc.health.v1`: one answer for the server as a whole and each of its services. */
export class Health implements UnaryMethod {
  readonly #services: ReadonlySet<string>;
  readonly #reader = new WireReader();
  isServing = false;

  constructor(services: readonly string[]) {
    this.#services = new Set(["", ...services]);
  }

  handle(message: Uint8Array): Uint8Array | GrpcFailure {
    const service = this.#readService(message);
    if (service === undefined) return UNREADABLE;
    if (!this.#services.has(service)) return UNKNOWN;
    return this.isServing ? SERVING : NOT_SERVING;
  }

  /** The first field of HealthCheckRequest; others are passed over. */
  #readService(message: Uint8Array): string | undefined {
    const reader = this.#reader;
    reader.reset(message);
    let service = "";
    while (reader.nextField(message.length)) {
      if (reader.field !== 1 || reader.wireType !== WIRE_BYTES) {
        reader.skip(message.length);
        continue;
      }
      const end = reader.contentEnd(message.length);
      if (reader.failed) return undefined;
      service = Buffer.from(message.subarray(reader.offset, end)).toString("utf8");
      reader.offset = end;
    }
    return reader.failed ? undefined : service;
  }
}
