/**
 * Follows everything below one prefix of an etcd: a full list, then every change from there on, for as long as it lives.
 *
 * It is always at one of three things, and `#recover` decides after each failure what comes next, and when:
 *
 * *gated*: the cluster doesn't say that its data can be read. Its ClusterInformation alone is watched.
 *
 * *listing*: there is no place in the history to go on from. All pages are of one revision, and nothing counts before the
 * last of them.
 *
 * *watching*: one stream for all kinds, so that changes come in the order in which they were made. Its place moves with
 * what was told, never with how far etcd says that it is: versions before 3.4.25 and 3.5.8 say so too soon.
 *
 * A history that is compacted, or isn't the one that was read (another cluster, an earlier term or a lower revision, as
 * after a restored backup) is listed anew. Everything else goes on where it was, after a pause.
 *
 * Nothing is ever removed because something failed: what a list leaves out was deleted, and that is all.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { ETCD_RETRY_MAX_MS, RELIST_MIN_MS, RETRY_MIN_MS, WATCH_FAILURES_MAX } from "../../base/limits.ts";
import { saysReady } from "../cluster-information.ts";
import type { EtcdClient } from "./etcd-client.ts";
import type { EtcdHeader } from "./etcd-entry.ts";
import type { EtcdError } from "./etcd-error.ts";
import { CLUSTER_INFORMATION_KEY, ETCD_RESOURCES_PREFIX } from "./etcd-keys.ts";
import { type EntrySink, parseValue } from "./etcd-objects.ts";
import type { EtcdEvent, EtcdWatch } from "./etcd-watch.ts";

export type EtcdFollowerOptions = {
  readonly clock: Clock;
  readonly client: EtcdClient;
  readonly sink: EntrySink;
  /** From 0 up to but not including 1; spreads load. */
  readonly random: () => number;
  /** After the first list, and whenever what the getters say changed. */
  readonly onChange: () => void;
};

/** Why a watch came to its end: a failure, or something that asks for what comes next. */
type WatchEnd = EtcdError | "gate" | "other_history" | "closed";

export class EtcdFollower {
  readonly #options: EtcdFollowerOptions;
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  /** What was read is that of this history; undefined: list. */
  #history: EtcdHeader | undefined;
  /** All changes up to this revision were told. */
  #cursor = 0n;
  #failuresHere = 0;
  #listedAtMs: number = Number.NEGATIVE_INFINITY;
  #currentAtMs: number = Number.NEGATIVE_INFINITY;
  #hasSynced = false;
  #isWell = false;
  #isGateOpen: boolean | undefined;
  #failure: EtcdError | undefined;
  #endWatch: ((end: WatchEnd) => void) | undefined;

  constructor(options: EtcdFollowerOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ firstMs: RETRY_MIN_MS, maxMs: ETCD_RETRY_MAX_MS }, options.random);
  }

  /** Whether there was a full list. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Whether changes reach us, as far as is known. */
  get isWell(): boolean {
    return this.#isWell && this.#isGateOpen === true;
  }

  /** Undefined: not known yet. */
  get isGateOpen(): boolean | undefined {
    return this.#isGateOpen;
  }

  /** When what was told was last known to be current, on the clock. */
  get currentAtMs(): number {
    return this.#currentAtMs;
  }

  /** What the last attempt failed of, until one succeeds. */
  get failure(): EtcdError | undefined {
    return this.#failure;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#endWatch?.("closed");
    this.#options.client.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const failure = await (this.#history === undefined ? this.#list() : this.#follow(this.#history));
      if (failure !== undefined && !this.#closing.signal.aborted) await this.#recover(failure);
    }
  }

  async #list(): Promise<EtcdError | undefined> {
    const { clock, client, sink } = this.#options;
    const signal = this.#closing.signal;
    await this.#pause(this.#listedAtMs + RELIST_MIN_MS - clock.nowMs());
    const beganMs = clock.nowMs();
    this.#listedAtMs = beganMs;
    const gate = await client.range({ key: CLUSTER_INFORMATION_KEY });
    if (signal.aborted) return undefined;
    if (!gate.ok) return gate.error;
    this.#setGate(gate.value.entries.some(({ value }) => saysReady(parseValue(value))));
    if (!this.#isGateOpen) return this.#awaitGate(gate.value.header);
    const list = sink.beginList();
    let isReady = false;
    const listed = await client.list(
      ETCD_RESOURCES_PREFIX,
      (entries) => {
        for (const entry of entries) {
          list.add(entry);
          isReady ||= entry.key.equals(GATE) && saysReady(parseValue(entry.value));
        }
      },
      signal,
    );
    if (signal.aborted) return undefined;
    if (!listed.ok) return listed.error;
    this.#setGate(isReady);
    if (!isReady) return undefined;
    list.commit();
    this.#history = listed.value;
    this.#cursor = listed.value.revision;
    this.#currentAtMs = beganMs;
    this.#failuresHere = 0;
    this.#hasSynced = true;
    this.#options.onChange();
    return undefined;
  }

  /** Returns once the gate has changed, or what it failed of. */
  async #awaitGate(history: EtcdHeader): Promise<EtcdError | undefined> {
    const end = await this.#watch(CLUSTER_INFORMATION_KEY, history.revision + 1n, {
      onCreated: () => this.#succeed(),
      onEvents: (_, endWatch) => endWatch("gate"),
      onProgress: () => {},
    });
    return typeof end === "string" ? undefined : end;
  }

  /** Watches from the cursor on. */
  async #follow(history: EtcdHeader): Promise<EtcdError | undefined> {
    const { clock, sink } = this.#options;
    const end = await this.#watch(ETCD_RESOURCES_PREFIX, this.#cursor + 1n, {
      onCreated: (header, endWatch) => {
        if (header.clusterId !== history.clusterId || header.raftTerm < history.raftTerm) {
          endWatch("other_history");
        } else if (header.revision < this.#cursor) {
          void this.#checkRevision(endWatch);
        } else {
          this.#succeed();
        }
      },
      onEvents: (events, endWatch, isWhole) => {
        for (const event of events) {
          sink.apply(event);
          if (event.entry.key.equals(GATE) && !isGateOpenAfter(event)) return endWatch("gate");
        }
        const told = (events.at(-1)?.entry.modRevision ?? 0n) - (isWhole ? 0n : 1n);
        if (told > this.#cursor) this.#cursor = told;
        this.#currentAtMs = clock.nowMs();
        this.#failuresHere = 0;
        this.#backoff.reset();
        this.#succeed();
      },
      onProgress: () => {
        this.#backoff.reset(); // not sooner: a watch that ends as soon as it began is a failure too
        if (this.#isWell) this.#currentAtMs = clock.nowMs();
      },
    });
    if (end === "gate") this.#setGate(false);
    if (end === "gate" || end === "other_history") this.#history = undefined;
    return typeof end === "string" ? undefined : end;
  }

  /** A member that lags behind what was told catches up; a majority that does is of another history. */
  async #checkRevision(endWatch: (end: WatchEnd) => void): Promise<void> {
    const range = await this.#options.client.range({ key: CLUSTER_INFORMATION_KEY, areKeysEnough: true });
    if (!range.ok) endWatch(range.error);
    else if (range.value.header.revision < this.#cursor) endWatch("other_history");
    else this.#succeed();
  }

  async #watch(
    prefix: string,
    fromRevision: bigint,
    events: {
      onCreated(header: EtcdHeader, endWatch: (end: WatchEnd) => void): void;
      onEvents(events: readonly EtcdEvent[], endWatch: (end: WatchEnd) => void, isWhole: boolean): void;
      onProgress(): void;
    },
  ): Promise<WatchEnd> {
    let watch: EtcdWatch | undefined;
    let endWatch: (end: WatchEnd) => void = () => {};
    const ended = new Promise<WatchEnd>((resolve) => {
      endWatch = (end) => {
        watch?.close();
        resolve(end);
      };
    });
    this.#endWatch = endWatch;
    const begun = await this.#options.client.watch(
      { prefix, fromRevision },
      {
        onCreated: (header) => events.onCreated(header, endWatch),
        onEvents: (some, isWhole) => events.onEvents(some, endWatch, isWhole),
        onProgress: () => events.onProgress(),
        onEnd: endWatch,
      },
    );
    if (!begun.ok) return begun.error;
    watch = begun.value;
    if (this.#closing.signal.aborted) watch.close();
    const end = await ended;
    this.#endWatch = undefined;
    return end;
  }

  #setGate(isOpen: boolean): void {
    if (this.#isGateOpen === isOpen) return;
    this.#isGateOpen = isOpen;
    this.#options.onChange();
  }

  #succeed(): void {
    const isNews = !this.#isWell || this.#failure !== undefined;
    this.#isWell = true;
    this.#failure = undefined;
    if (isNews) this.#options.onChange();
  }

  async #recover(error: EtcdError): Promise<void> {
    const isGone = error.kind === "compacted" || error.kind === "future";
    const isFirst = this.#failure === undefined;
    if (error.kind !== "away") this.#failuresHere++;
    if (isGone || this.#failuresHere >= WATCH_FAILURES_MAX) {
      this.#history = undefined;
      this.#failuresHere = 0;
    }
    this.#isWell = false;
    this.#failure = error;
    this.#options.onChange();
    // The end of a history is no failure of etcd's, so the first list after it is made at once.
    if (!isGone || !isFirst) await this.#pause(this.#backoff.nextMs());
  }

  async #pause(delayMs: number): Promise<void> {
    if (delayMs <= 0) return;
    await sleep(delayMs, undefined, { signal: this.#closing.signal }).catch(() => undefined); // closed meanwhile
  }
}

const GATE = Buffer.from(CLUSTER_INFORMATION_KEY);

function isGateOpenAfter({ kind, entry }: EtcdEvent): boolean {
  return kind === "put" && saysReady(parseValue(entry.value));
}

/** What a listener is told of a failure; the end of a history is everyday life. */
export function isWorthTelling(failure: EtcdError): boolean {
  return failure.kind !== "compacted" && failure.kind !== "future";
}
