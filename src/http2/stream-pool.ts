import { STREAM_POOL_MAX } from "../base/limits.ts";
import { Stream } from "./stream.ts";

/** Records of streams that have ended, for those to come. */
export class StreamPool<Call> {
  readonly #free: Stream<Call>[] = [];

  take(id: number, call: Call, nowMs: number): Stream<Call> {
    const stream = this.#free.pop() ?? new Stream<Call>(call);
    stream.reset(id, call, nowMs);
    return stream;
  }

  give(stream: Stream<Call>): void {
    if (this.#free.length < STREAM_POOL_MAX) this.#free.push(stream);
  }
}
