/** One watch: a stream of changes below a prefix, with a deadline on its silence. */
import type { ClientDuplexStream } from "@grpc/grpc-js";
import type { EtcdEventOutput, EtcdWatchRequest, EtcdWatchResponseOutput } from "envoy-ext-authz-proto";
import { ETCD_ANSWER_TIMEOUT_MS, ETCD_PROGRESS_MS, ETCD_SILENCE_MAX_MS } from "../../base/limits.ts";
import { type EtcdEntry, type EtcdHeader, readEntry, readHeader } from "./etcd-entry.ts";
import { type EtcdError, etcdError, fromCancelReason, fromServiceError } from "./etcd-error.ts";

/** Of a deletion the value is empty and `modRevision` is that of the deletion. */
export type EtcdEvent = { readonly kind: "put" | "delete"; readonly entry: EtcdEntry };

/** All calls come one at a time, none after `onEnd` or `close`. */
export type EtcdWatchEvents = {
  /** Once, before all others. A header behind the revision that was asked for is that of a member that lags, or of another history. */
  onCreated(header: EtcdHeader): void;
  /** @param isWhole false: more of the same answer follows, and perhaps of the last revision in it. */
  onEvents(events: readonly EtcdEvent[], isWhole: boolean): void;
  /** etcd is alive. How far its history goes says nothing of what was told here: old versions answer too soon. */
  onProgress(): void;
  onEnd(error: EtcdError): void;
};

type Stream = ClientDuplexStream<EtcdWatchRequest, EtcdWatchResponseOutput>;

export class EtcdWatch {
  readonly #stream: Stream;
  readonly #events: EtcdWatchEvents;
  readonly #progress: NodeJS.Timeout;
  #silence: NodeJS.Timeout;
  #isCreated = false;
  #isOver = false;

  constructor(
    stream: Stream,
    range: { readonly key: Buffer; readonly rangeEnd: Buffer; readonly fromRevision: bigint },
    events: EtcdWatchEvents,
  ) {
    this.#stream = stream;
    this.#events = events;
    stream.on("data", (answer: EtcdWatchResponseOutput) => this.#take(answer));
    stream.on("error", (error: Parameters<typeof fromServiceError>[0]) => this.#end(fromServiceError(error)));
    stream.on("end", () => this.#end(etcdError("away", "the watch ended")));
    stream.write({
      create_request: {
        key: range.key,
        range_end: range.rangeEnd,
        start_revision: range.fromRevision.toString(),
        fragment: true,
      },
    });
    this.#silence = this.#allow(ETCD_ANSWER_TIMEOUT_MS);
    this.#progress = setInterval(() => {
      if (this.#isCreated) stream.write({ progress_request: {} });
    }, ETCD_PROGRESS_MS);
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#silence);
    clearInterval(this.#progress);
    this.#stream.on("error", () => {}); // that it was cancelled
    this.#stream.cancel();
  }

  #take(answer: EtcdWatchResponseOutput): void {
    if (this.#isOver) return;
    clearTimeout(this.#silence);
    this.#silence = this.#allow(ETCD_SILENCE_MAX_MS);
    const {
      created = false,
      canceled = false,
      compact_revision = "0",
      cancel_reason = "",
      events = [],
    } = answer;
    if (canceled || compact_revision !== "0") {
      const isCompacted = compact_revision !== "0"; // then etcd gives no reason
      this.#end(
        isCompacted ? etcdError("compacted", "the history is gone") : fromCancelReason(cancel_reason),
      );
      return;
    }
    if (created) {
      this.#isCreated = true;
      this.#events.onCreated(readHeader(answer.header));
    } else if (!this.#isCreated) {
      this.#end(etcdError("nonsense", "a watch that tells before it was made"));
    }
    if (this.#isOver) return; // by the listener
    if (events.length > 0) this.#events.onEvents(events.map(readEvent), answer.fragment !== true);
    else if (!created) this.#events.onProgress();
  }

  #allow(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#end(etcdError("away", `the watch was silent for ${ms} ms`)), ms);
  }

  #end(error: EtcdError): void {
    if (this.#isOver) return;
    this.close();
    this.#events.onEnd(error);
  }
}

function readEvent({ type, kv }: EtcdEventOutput): EtcdEvent {
  return { kind: type === "DELETE" ? "delete" : "put", entry: readEntry(kv ?? {}) };
}
