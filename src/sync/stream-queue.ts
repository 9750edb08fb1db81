/**
 * One stream's way out: a bounded queue in front of a writable that may stop taking.
 *
 * A client that stops reading fills only its own queue, with references to messages that all streams share. It is cut off
 * when nothing has moved for too long, sooner if much waits; it comes back and gets everything from scratch. Nobody
 * else waits for it.
 */
import type { Clock } from "../base/clock.ts";
import {
  SYNC_BACKLOG_MESSAGES_MAX,
  SYNC_QUEUE_MESSAGES_MAX,
  SYNC_STALL_FULL_MAX_MS,
  SYNC_STALL_MAX_MS,
} from "../base/limits.ts";
import type { Message } from "../policy/messages.ts";
import { messageBytes, tailBytes } from "./wire.ts";

/** The part of a gRPC server stream that is used. */
export type Writable = {
  write(bytes: Buffer): boolean;
  once(event: "drain", listener: () => void): unknown;
  end(): void;
};

type Queued = {
  readonly message: Message;
  /** Other messages of the same change follow. */
  more: boolean;
};

export class StreamQueue {
  readonly #clock: Clock;
  readonly #stream: Writable;
  /** Called once, with why, when the client is too slow. The caller ends the call. */
  readonly #cutOff: (why: string) => void;
  #queue: Queued[] = [];
  #head = 0;
  #sequence = 0;
  #backlogMax: number = Number.POSITIVE_INFINITY;
  #blockedSinceMs: number | undefined;
  #ending = false;
  #over = false;

  constructor(clock: Clock, stream: Writable, cutOff: (why: string) => void) {
    this.#clock = clock;
    this.#stream = stream;
    this.#cutOff = cutOff;
  }

  /** Messages waiting; for `status`. */
  get backlog(): number {
    return this.#queue.length - this.#head;
  }

  /** What has been queued so far is the first complete state: from now on the bound counts on top of it. */
  startBound(): void {
    this.#backlogMax = this.backlog + SYNC_BACKLOG_MESSAGES_MAX;
  }

  /** Takes a message of a change; it leaves with the change's end. */
  send(message: Message): void {
    if (this.#over || this.#ending) return;
    this.#queue.push({ message, more: true });
    if (this.backlog > SYNC_QUEUE_MESSAGES_MAX) {
      this.#giveUp(`the client does not read: ${this.backlog} messages wait for it`);
    }
  }

  /** The change is complete: its messages take effect together. */
  endChange(): void {
    const last = this.#queue.at(-1);
    if (last !== undefined) last.more = false;
    this.#pump();
  }

  /** Send what waits, then end the stream. */
  end(): void {
    this.#ending = true;
    this.endChange();
  }

  /** The stream is gone: forget what waits. */
  discard(): void {
    this.#over = true;
    this.#queue = [];
    this.#head = 0;
  }

  /** To be called now and then: cuts off a client that has taken nothing for too long. */
  checkStall(): void {
    if (this.#over || this.#blockedSinceMs === undefined) return;
    const blockedMs = this.#clock.nowMs() - this.#blockedSinceMs;
    const permittedMs = this.backlog > this.#backlogMax ? SYNC_STALL_FULL_MAX_MS : SYNC_STALL_MAX_MS;
    if (blockedMs <= permittedMs) return;
    this.#giveUp(
      `the client has read nothing for ${Math.round(blockedMs)} ms, and ${this.backlog} messages wait for it`,
    );
  }

  #pump(): void {
    while (!this.#over && this.#blockedSinceMs === undefined && this.#head < this.#queue.length) {
      const { message, more } = this.#queue[this.#head]!;
      this.#head++;
      if (this.#head === this.#queue.length || this.#head > 1_024) {
        this.#queue.splice(0, this.#head);
        this.#head = 0;
      }
      this.#sequence++;
      const taken = this.#stream.write(
        Buffer.concat([messageBytes(message), tailBytes(this.#sequence, more)]),
      );
      if (!taken) this.#waitForDrain();
    }
    if (this.#ending && this.backlog === 0 && !this.#over) {
      this.#over = true;
      this.#stream.end();
    }
  }

  #waitForDrain(): void {
    this.#blockedSinceMs = this.#clock.nowMs();
    this.#stream.once("drain", () => {
      this.#blockedSinceMs = undefined;
      this.#pump();
    });
  }

  #giveUp(why: string): void {
    this.discard();
    this.#cutOff(why);
  }
}
