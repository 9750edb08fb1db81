/**
 * PolicySync for one pod: a gRPC server on that pod's own socket.
 *
 * Who a client is, is where it connects: the socket lies in a directory that only this pod mounts. So each socket has
 * its own server, which knows one endpoint and nothing else.
 */
import * as grpc from "@grpc/grpc-js";
import type { Clock } from "../base/clock.ts";
import { SYNC_MESSAGE_MAX_BYTES } from "../base/limits.ts";
import type { EndpointId, Message } from "../policy/messages.ts";
import type { FanOut } from "./fan-out.ts";
import { announcedFeatures, type SyncFeature } from "./features.ts";
import { StreamQueue } from "./stream-queue.ts";
import { REPORT_PATH, SYNC_PATH } from "./wire.ts";

/** What a node agent wants to know of the streams it serves; texts are for its log. */
export type SyncServerEvents = {
  opened(endpoint: EndpointId): void;
  closed(endpoint: EndpointId, why: string): void;
  refused(endpoint: EndpointId, why: string): void;
  /** Each message as it is queued for the endpoint's stream; for recording. */
  sent?(endpoint: EndpointId, message: Message): void;
};

/** Pings find a client that is alive for the kernel but answers nothing, so that it does not hold the place of the next. */
const KEEPALIVE_INTERVAL_MS = 5_000;
const KEEPALIVE_TIMEOUT_MS = 3_000;
const STALL_CHECK_INTERVAL_MS = 1_000;
/** A sidecar has one connection with one stream; one more of each while it restarts. */
const STREAMS_PER_CONNECTION_MAX = 4;

type SyncCall = grpc.ServerWritableStream<Buffer, Buffer>;

type ActiveStream = {
  readonly call: SyncCall;
  readonly queue: StreamQueue;
  readonly leave: () => void;
  readonly end: (why: string) => void;
};

export class SyncServer {
  readonly #clock: Clock;
  readonly #fanOut: FanOut;
  readonly #endpoint: EndpointId;
  readonly #events: SyncServerEvents;
  readonly #server: grpc.Server;
  #active: ActiveStream | undefined;
  #refusal: string | undefined;
  #stallTimer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, fanOut: FanOut, endpoint: EndpointId, events: SyncServerEvents) {
    this.#clock = clock;
    this.#fanOut = fanOut;
    this.#endpoint = endpoint;
    this.#events = events;
    this.#server = new grpc.Server({
      "grpc.max_send_message_length": SYNC_MESSAGE_MAX_BYTES,
      "grpc.max_receive_message_length": 4_096,
      "grpc.max_concurrent_streams": STREAMS_PER_CONNECTION_MAX,
      "grpc.keepalive_time_ms": KEEPALIVE_INTERVAL_MS,
      "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    });
    this.#server.addService(SERVICE, {
      sync: (call: SyncCall) => this.#sync(call),
      report: (_call: unknown, reply: grpc.sendUnaryData<Buffer>) => reply(null, NOT_COLLECTED),
    });
  }

  /** Messages that wait for the stream of this pod; undefined where it has none. */
  get backlog(): number | undefined {
    return this.#active?.queue.backlog;
  }

  /** Listen on a socket path that does not exist; the caller sets its mode. Rejects with the system's reason. */
  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(`unix:${path}`, grpc.ServerCredentials.createInsecure(), (error) => {
        if (error !== null) reject(error);
        else resolve();
      });
    });
  }

  /** While there is a reason, no stream is served; the client keeps its last state and tries again. */
  setRefusal(why: string | undefined): void {
    this.#refusal = why;
    if (why !== undefined) this.#active?.end(why);
  }

  /** End the stream and stop listening; removes the socket file. */
  close(why: string): void {
    this.#active?.end(why);
    this.#server.forceShutdown();
  }

  #sync(call: SyncCall): void {
    if (this.#refusal !== undefined) {
      fail(call, grpc.status.UNAVAILABLE, this.#refusal);
      return;
    }
    if (this.#active !== undefined) {
      const why = "another stream for this endpoint is alive";
      this.#events.refused(this.#endpoint, why);
      fail(call, grpc.status.ALREADY_EXISTS, why);
      return;
    }
    const queue = new StreamQueue(this.#clock, call, (why) => active.end(why));
    const leave = this.#fanOut.join(this.#endpoint, announcedFeatures(call.metadata), {
      send: (message: Message) => {
        this.#events.sent?.(this.#endpoint, message);
        queue.send(message);
      },
      endChange: () => queue.endChange(),
      end: () => queue.end(),
      refused: (feature: SyncFeature) =>
        this.#events.refused(
          this.#endpoint,
          `its policy needs \`${feature}\`, which this client did not announce: it was sent an endpoint that denies`,
        ),
    });
    const active: ActiveStream = {
      call,
      queue,
      leave,
      end: (why) => {
        this.#forget(active, why);
        fail(call, grpc.status.UNAVAILABLE, why);
      },
    };
    this.#active = active;
    queue.startBound();
    this.#stallTimer = setInterval(() => queue.checkStall(), STALL_CHECK_INTERVAL_MS);
    this.#stallTimer.unref();
    call.on("cancelled", () => this.#forget(active, "the client went away"));
    call.on("close", () => this.#forget(active, "the stream ended"));
    call.on("error", () => this.#forget(active, "the connection broke"));
    this.#events.opened(this.#endpoint);
  }

  /** Once for each stream, whichever of its ends is noticed first. */
  #forget(stream: ActiveStream, why: string): void {
    if (this.#active !== stream) return;
    this.#active = undefined;
    clearInterval(this.#stallTimer);
    stream.leave();
    stream.queue.discard();
    this.#events.closed(this.#endpoint, why);
  }
}

/**
 * Give the call a status. A client that does not read gets it when it does: until then the call holds the one
 * message that was being written, and nothing of ours waits for it.
 */
function fail(call: SyncCall, code: grpc.status, details: string): void {
  call.emit("error", { code, details });
}

function sameBytes(bytes: Buffer): Buffer {
  return bytes;
}

/** Bytes in, bytes out: messages are serialised once for all streams that send them. */
const SERVICE: grpc.ServiceDefinition = {
  sync: {
    path: SYNC_PATH,
    requestStream: false,
    responseStream: true,
    requestSerialize: sameBytes,
    requestDeserialize: sameBytes,
    responseSerialize: sameBytes,
    responseDeserialize: sameBytes,
  },
  report: {
    path: REPORT_PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: sameBytes,
    requestDeserialize: sameBytes,
    responseSerialize: sameBytes,
    responseDeserialize: sameBytes,
  },
};

/** `ReportResult{successful: false}`: statistics are not collected. */
const NOT_COLLECTED = Buffer.alloc(0);
