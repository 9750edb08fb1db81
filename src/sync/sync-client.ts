/**
 * The sidecar's end of PolicySync: keeps the snapshot store up to date from a node agent's stream.
 *
 * States:
 *
 * - `connecting`: no stream. A snapshot published earlier serves on, for as long as its age is permitted.
 * - `syncing`: a stream is open and its messages go to a candidate beside the live state.
 * - `in-sync`: InSync was seen on this stream: the candidate became the live state, and messages that arrive together are
 *   published as one snapshot. Reading them and compiling what they change is done in slices: requests are judged by the snapshot
 *   before until the next is whole, and what arrives meanwhile goes into the one after it.
 * - `no-endpoint`: as in-sync, but the agent knows no endpoint for us: every check is denied.
 * - `closed`: for good.
 *
 * Only #become() changes the state. A stream that ends before InSync leaves no trace: every stream starts from nothing, since
 * an agent sends no removal for what went away while we were not connected.
 */
import * as grpc from "@grpc/grpc-js";
import { toError } from "../base/assert.ts";
import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import type { Issue } from "../base/issue.ts";
import { SYNC_MESSAGE_MAX_BYTES, SYNC_QUEUE_MESSAGES_MAX, SYNC_UNREAD_MESSAGES_MAX } from "../base/limits.ts";
import { defaultSlicing, finishSteps, SlicedWork, type Slicing, type Steps } from "../base/steps.ts";
import type { Message } from "../policy/messages.ts";
import type { PolicyOptions } from "../policy/options.ts";
import type { Snapshot, SnapshotStore } from "../policy/snapshot.ts";
import { SnapshotBuilder } from "../policy/snapshot-builder.ts";
import { announceFeatures } from "./features.ts";
import { isOldGeneration, OLD_GENERATION } from "./generation.ts";
import { checkAgentSocket } from "./socket-check.ts";
import { readMessageSteps, SYNC_PATH } from "./wire.ts";

export type SyncState = "connecting" | "syncing" | "in-sync" | "no-endpoint" | "closed";

export type SyncStatus = {
  readonly state: SyncState;
  /** Streams opened since start. */
  readonly streams: number;
  /** Taken in since start: in force, but for those of a change that is not complete. */
  readonly messages: number;
  /** Since the live state was last known to be the agent's; 0 while in sync, undefined before the first. */
  readonly ageMs: number | undefined;
  /** Why the last stream ended or could not be opened; empty if none has. */
  readonly lastError: string;
};

/** What the owner of the client reacts to. */
export type SyncClientEvents = {
  stateChanged(state: SyncState): void;
  /** A new snapshot is in force, `tookMs` after its messages had arrived. */
  published?(snapshot: Snapshot, tookMs: number): void;
  /** What is wrong with the objects of the live state, as far as their last messages tell. */
  issues?(issues: readonly Issue[]): void;
  /** Why there is no stream; the client goes on by itself. */
  problem(message: string): void;
};

export type SyncClientOptions = {
  readonly path: string;
  readonly policy: PolicyOptions;
  /** Deny once the state is older than this; undefined: never. */
  readonly maxStalenessMs: number | undefined;
  readonly ownUid: number;
  /** How work is divided; by default in slices of WORK_SLICE_MS. */
  readonly slicing?: Slicing;
};

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;
const KEEPALIVE_INTERVAL_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;

export class PolicySyncClient {
  readonly #clock: Clock;
  readonly #store: SnapshotStore;
  readonly #events: SyncClientEvents;
  readonly #options: SyncClientOptions;
  readonly #backoff: Backoff;
  #state: SyncState = "connecting";
  #client: grpc.Client | undefined;
  #call: grpc.ClientReadableStream<Buffer> | undefined;
  /** Of the open stream; the live one once in sync. */
  #builder: SnapshotBuilder | undefined;
  /** Arrived and not read. */
  #unread: Buffer[] = [];
  /** Read, and part of no snapshot. */
  #pending: Message[] = [];
  readonly #work: SlicedWork;
  /** What this stream did against the protocol, if anything. */
  #broken: string | undefined;
  #workScheduled = false;
  /** The last message that was read belongs to a change of which more is to come. */
  #isPartial = false;
  #revision = 0;
  #streams = 0;
  #messages = 0;
  #lastError = "";
  /** When the live state stopped being known to be current. */
  #lostAtMs: number | undefined;
  #everInSync = false;
  #retryTimer: NodeJS.Timeout | undefined;
  #staleTimer: NodeJS.Timeout | undefined;

  constructor(
    clock: Clock,
    store: SnapshotStore,
    events: SyncClientEvents,
    options: SyncClientOptions,
    random: () => number,
  ) {
    this.#clock = clock;
    this.#store = store;
    this.#events = events;
    this.#options = options;
    this.#work = new SlicedWork(options.slicing ?? defaultSlicing(clock));
    this.#backoff = new Backoff({ firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS }, random);
  }

  get status(): SyncStatus {
    return {
      state: this.#state,
      streams: this.#streams,
      messages: this.#messages,
      ageMs: this.#ageMs(),
      lastError: this.#lastError,
    };
  }

  start(): void {
    void this.#connect();
  }

  close(): void {
    this.#become("closed");
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#staleTimer);
    this.#dropStream();
  }

  async #connect(): Promise<void> {
    const objection = await checkAgentSocket(this.#options.path, this.#options.ownUid);
    if (this.#state === "closed") return;
    if (objection !== undefined) {
      this.#retry(objection);
      return;
    }
    this.#streams++;
    this.#builder = new SnapshotBuilder(this.#options.policy);
    this.#broken = undefined;
    this.#become("syncing");
    const client = new grpc.Client(`unix:${this.#options.path}`, grpc.credentials.createInsecure(), {
      "grpc.max_receive_message_length": SYNC_MESSAGE_MAX_BYTES,
      "grpc.keepalive_time_ms": KEEPALIVE_INTERVAL_MS,
      "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
      "grpc.enable_retries": 0,
    });
    const metadata = new grpc.Metadata();
    announceFeatures(metadata);
    const call = client.makeServerStreamRequest(SYNC_PATH, sameBytes, sameBytes, Buffer.alloc(0), metadata);
    this.#client = client;
    this.#call = call;
    call.on("data", (bytes: Buffer) => this.#received(call, bytes));
    call.on("error", (error) => this.#streamEnded(call, error.message));
    call.on("end", () => this.#streamEnded(call, "the agent ended the stream"));
  }

  #received(call: grpc.ClientReadableStream<Buffer>, bytes: Buffer): void {
    if (call !== this.#call) return;
    this.#unread.push(bytes);
    if (this.#unread.length >= SYNC_UNREAD_MESSAGES_MAX) call.pause();
    if (this.#workScheduled || this.#work.isBusy) return;
    this.#workScheduled = true;
    setImmediate(() => {
      this.#workScheduled = false;
      const open = this.#call;
      if (open !== undefined && !this.#work.isBusy) this.#work.run(this.#takeIn(open));
    });
  }

  /**
   * Reads all that has arrived and makes snapshots of it.
   *
   * Everything that arrived in one turn of the event loop becomes one snapshot. Where the agent marks what belongs together, a
   * change that is still incomplete holds it back: torn by the end of a turn, or of the stream, it could allow what neither
   * the policy before it nor the one after it allows.
   */
  *#takeIn(call: grpc.ClientReadableStream<Buffer>): Steps<void> {
    while (this.#unread.length > 0) {
      const arrived = this.#unread;
      this.#unread = [];
      call.resume();
      // What was whole before a message that can't be taken counts; a call that is gone takes its steps with it.
      const objection = (yield* this.#read(arrived)) ?? (yield* this.#publishPending());
      this.#messages += arrived.length;
      if (objection !== undefined) {
        yield* this.#publishPending();
        this.#endStream(objection);
        return;
      }
    }
  }

  /** @returns why the stream has to end. */
  *#read(arrived: readonly Buffer[]): Steps<string | undefined> {
    for (const bytes of arrived) {
      const read = yield* readMessageSteps(bytes);
      if (!read.ok) return read.error.message;
      const { message, more } = read.value;
      if (message !== undefined) {
        if (isOldGeneration(message)) return OLD_GENERATION;
        this.#pending.push(message);
      }
      this.#isPartial = more;
      if (this.#pending.length > SYNC_QUEUE_MESSAGES_MAX) {
        return `a change of more than ${SYNC_QUEUE_MESSAGES_MAX} messages`;
      }
      yield;
    }
    return undefined;
  }

  /** @returns why the stream has to end. */
  *#publishPending(): Steps<string | undefined> {
    if (this.#isPartial) return undefined;
    const builder = this.#builder;
    const messages = this.#pending;
    this.#pending = [];
    if (builder === undefined || messages.length === 0) return undefined;
    const startedMs = this.#clock.nowMs();
    const issues = yield* builder.applySteps(messages);
    if (issues.length > 0) this.#events.issues?.(issues);
    // Other errors are of the object itself: asking again would bring the same.
    this.#broken ??= issues.find((issue) => issue.code === "bad_order")?.message;
    const reachesSync = this.#state === "syncing" && messages.some(({ kind }) => kind === "in_sync");
    if (this.#state === "syncing" && !reachesSync) return undefined;
    const snapshot = yield* builder.buildSteps(this.#revision + 1);
    // From here on in one go: the state before may be stale, and must not count as fresh for the time of a build.
    if (reachesSync) this.#reachedSync();
    this.#revision++;
    this.#store.publish(snapshot);
    this.#become(snapshot.hasEndpoint ? "in-sync" : "no-endpoint");
    this.#events.published?.(snapshot, this.#clock.nowMs() - startedMs);
    // What broke is refused by the snapshot; only a new stream can mend it.
    return this.#broken === undefined ? undefined : `the stream broke its order: ${this.#broken}`;
  }

  #reachedSync(): void {
    this.#everInSync = true;
    this.#lostAtMs = undefined;
    clearTimeout(this.#staleTimer);
    this.#store.setStale(false);
    // A peer that breaks the order every time must not be asked again at once every time.
    if (this.#broken === undefined) this.#backoff.reset();
    this.#become("in-sync");
  }

  /** What arrived before the end still counts, and is worked off at once. */
  #streamEnded(call: grpc.ClientReadableStream<Buffer>, why: string): void {
    if (call !== this.#call || this.#state === "closed") return;
    this.#work.finish();
    if (call === this.#call) finishSteps(this.#takeIn(call));
    if (call === this.#call) this.#endStream(why);
  }

  #endStream(why: string): void {
    this.#dropStream();
    if (this.#state === "in-sync" || this.#state === "no-endpoint") this.#lost();
    this.#retry(why);
  }

  #lost(): void {
    this.#lostAtMs = this.#clock.nowMs();
    const { maxStalenessMs } = this.#options;
    if (maxStalenessMs === undefined) return;
    this.#staleTimer = setTimeout(() => this.#store.setStale(true), maxStalenessMs);
    this.#staleTimer.unref();
  }

  #retry(why: string): void {
    this.#lastError = why;
    this.#events.problem(why);
    this.#become("connecting");
    this.#retryTimer = setTimeout(() => void this.#connect(), this.#backoff.nextMs());
  }

  #dropStream(): void {
    const call = this.#call;
    this.#call = undefined;
    this.#work.cancel();
    this.#builder = undefined;
    this.#unread = [];
    this.#pending = [];
    this.#isPartial = false;
    if (call !== undefined) {
      call.on("error", ignoreCancelled);
      call.cancel();
    }
    this.#client?.close();
    this.#client = undefined;
  }

  #become(state: SyncState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#events.stateChanged(state);
  }

  #ageMs(): number | undefined {
    if (!this.#everInSync) return undefined;
    return this.#lostAtMs === undefined ? 0 : this.#clock.nowMs() - this.#lostAtMs;
  }
}

function sameBytes(bytes: Buffer): Buffer {
  return bytes;
}

/** Cancelling a call of our own reports itself as an error; it has been dealt with. */
function ignoreCancelled(reason: unknown): void {
  toError(reason);
}
