import { RESET_STREAMS_REMEMBERED } from "../base/limits.ts";
import type { Stream } from "./stream.ts";

/** The streams of one connection: those that are open, and what is known of the others by their identifiers (RFC 9113 §5.1.1). */
export class StreamTable<Call> {
  readonly #open = new Map<number, Stream<Call>>();
  /** Streams that we reset and whose peer may not know. */
  readonly #reset = new Set<number>();
  /** The last streams that the peer left out: these never were. */
  #gapFirst = 0;
  #gapLast = 0;
  #isOver = false;
  /** The highest stream that the peer has begun. */
  lastId = 0;

  get size(): number {
    return this.#open.size;
  }

  get(id: number): Stream<Call> | undefined {
    return this.#open.get(id);
  }

  /** In the order of their beginning. */
  values(): IterableIterator<Stream<Call>> {
    return this.#open.values();
  }

  /**
   * The peer begins a stream, whatever becomes of it.
   *
   * @returns false where it must not be heeded, since it came too late.
   */
  begin(id: number): boolean {
    if (this.#isOver) return false;
    if (id > this.lastId + 2) {
      this.#gapFirst = this.lastId + 2;
      this.#gapLast = id - 2;
    }
    this.lastId = id;
    return true;
  }

  /** No stream counts any more that the peer has not begun by now; it may have done so before it hears of that. */
  endBeginnings(): void {
    this.#isOver = true;
  }

  add(stream: Stream<Call>): void {
    this.#open.set(stream.id, stream);
  }

  remove(stream: Stream<Call>): void {
    this.#open.delete(stream.id);
  }

  rememberReset(id: number): void {
    this.#reset.add(id);
    if (this.#reset.size <= RESET_STREAMS_REMEMBERED) return;
    for (const oldest of this.#reset) {
      this.#reset.delete(oldest);
      return;
    }
  }

  /** Whether what comes on a stream without a record is to be passed over: the peer did not know better when it sent it. */
  isIgnored(id: number): boolean {
    return this.#reset.has(id) || (this.#isOver && id > this.lastId && (id & 1) === 1);
  }

  /** Whether a stream has not begun, or can't any more although it never did. */
  isIdle(id: number): boolean {
    return id > this.lastId || (id & 1) === 0 || (id >= this.#gapFirst && id <= this.#gapLast);
  }
}
