import { BodyRoom } from "../../src/http2/body-keeper.ts";
import { Connection } from "../../src/http2/connection.ts";
import type { GrpcCall } from "../../src/http2/grpc-call.ts";
import { GrpcHandler } from "../../src/http2/grpc-handler.ts";
import type { UnaryMethod } from "../../src/http2/index.ts";
import { Output } from "../../src/http2/output.ts";
import { StreamPool } from "../../src/http2/stream-pool.ts";
import { type Frame, FrameSplitter } from "./raw-frames.ts";

/** A connection of a gRPC server without a socket, in a time that stands still unless it is told to pass. */
export class PureConnection {
  readonly frames: Frame[] = [];
  /** Bytes that were written in answer. */
  bytesWritten = 0;
  nowMs = 1_000_000;
  readonly errors: Error[] = [];
  readonly bodies: BodyRoom = new BodyRoom();
  readonly #output = new Output();
  readonly #splitter: FrameSplitter = new FrameSplitter();
  readonly #connection: Connection<GrpcCall>;

  constructor(methods: ReadonlyMap<string, UnaryMethod>, streamsMax = 1_000) {
    const clock = { nowMs: () => this.nowMs, wallMs: () => this.nowMs };
    const handler = new GrpcHandler(clock, methods, (error) => this.errors.push(error));
    const shared = { output: this.#output, streams: new StreamPool<GrpcCall>(), bodies: this.bodies };
    this.#connection = new Connection(clock, handler, shared, {
      streamsMax,
      bodyMaxBytes: 4_194_309,
      bodyReadMaxBytes: 67_108_869,
    });
  }

  get isClosed(): boolean {
    return this.#connection.isClosed;
  }

  /** Bytes that come in one read. */
  receive(bytes: Buffer): void {
    this.#connection.receive(bytes);
    this.#collect();
  }

  /** Lets time pass. */
  pass(ms: number): void {
    this.nowMs += ms;
    this.#connection.checkTimes();
    this.#collect();
  }

  #collect(): void {
    for (const bytes of this.#output.take()) {
      this.bytesWritten += bytes.length;
      this.frames.push(...this.#splitter.push(bytes));
    }
  }
}
