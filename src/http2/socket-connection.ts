import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import { HTTP2_LINGER_MS, HTTP2_WRITE_STALL_MAX_MS, WRITE_BACKLOG_MAX_BYTES } from "../base/limits.ts";
import { Connection } from "./connection.ts";
import type { ConnectionOptions, ConnectionShared, RequestHandler } from "./request-handler.ts";

/**
 * Ties a connection to its socket: one read in, one write out.
 *
 * What the socket can't take at once waits in it. Beyond WRITE_BACKLOG_MAX_BYTES we stop reading until it has gone, so that a peer that asks and
 * does not read costs no more than that, and a read's worth of answers.
 */
export class SocketConnection<Call> {
  readonly #clock: Clock;
  readonly #socket: Socket;
  readonly #connection: Connection<Call>;
  readonly #shared: ConnectionShared<Call>;
  /** When the socket last took bytes while some waited; -1 while none do. */
  #stalledSinceMs = -1;
  #bytesWrittenThen = 0;
  /** When the last words were said; -1 before. */
  #endedAtMs = -1;

  constructor(
    clock: Clock,
    socket: Socket,
    handler: RequestHandler<Call>,
    shared: ConnectionShared<Call>,
    options: ConnectionOptions,
  ) {
    this.#clock = clock;
    this.#socket = socket;
    this.#shared = shared;
    this.#connection = new Connection(clock, handler, shared, options);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("drain", () => socket.resume());
    // What goes wrong with a connection shows as its end.
    socket.on("error", () => {});
    socket.once("close", () => this.#connection.close());
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /** See Connection.checkTimes(). */
  checkTimes(): void {
    this.#connection.checkTimes();
    this.#flush();
    const nowMs = this.#clock.nowMs();
    if (this.#isStalled(nowMs) || (this.#endedAtMs >= 0 && nowMs - this.#endedAtMs >= HTTP2_LINGER_MS)) {
      this.#socket.destroy();
    }
  }

  /** See Connection.shutDown(). */
  shutDown(): void {
    this.#connection.shutDown();
    this.#flush();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#connection.receive(chunk);
    this.#flush();
  }

  #flush(): void {
    const socket = this.#socket;
    const { output } = this.#shared;
    if (!output.isEmpty) {
      const taken = output.take();
      if (taken.length === 1) {
        socket.write(taken[0] as Buffer);
      } else {
        socket.cork();
        for (const bytes of taken) socket.write(bytes);
        socket.uncork();
      }
      if (socket.writableLength > WRITE_BACKLOG_MAX_BYTES) socket.pause();
    }
    if (this.#connection.isClosed && this.#endedAtMs < 0) {
      this.#endedAtMs = this.#clock.nowMs();
      socket.end();
      // Read on, whatever comes, or closing would take back what was not read yet on the other side.
      socket.resume();
    }
  }

  #isStalled(nowMs: number): boolean {
    const { writableLength, bytesWritten } = this.#socket;
    if (writableLength === 0) {
      this.#stalledSinceMs = -1;
      return false;
    }
    if (this.#stalledSinceMs < 0 || bytesWritten !== this.#bytesWrittenThen) {
      this.#stalledSinceMs = nowMs;
      this.#bytesWrittenThen = bytesWritten;
    }
    return nowMs - this.#stalledSinceMs >= HTTP2_WRITE_STALL_MAX_MS;
  }
}
