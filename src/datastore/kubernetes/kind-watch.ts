/**
 * Follows the objects of one kind: a full list, then every change from there on, for as long as it lives.
 *
 * It is always at one of two things, *listing* (there is no place in the history to go on from) or *watching*, and
 * `#recover` decides after each failure which of them comes next, and when:
 *
 * - the history is gone (410), a watch never said a word, or five failures at one place of the history: list
 * - the server knows no such kind (404): look it up, then list
 * - everything else: the same again, after a pause
 *
 * Nothing is ever removed because something failed: what a list leaves out was deleted, and so is what an answer of a
 * well server says it has no kind for; that is all.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { toError } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import { createDeferred, type Deferred } from "../../base/deferred.ts";
import {
  LIST_PAGE_MAX_BYTES,
  LIST_PAGE_OBJECTS,
  RELIST_MIN_MS,
  UNKNOWN_KIND_CONFIRM_MS,
  UNKNOWN_KIND_POLL_MS,
  WATCH_FAILURES_MAX,
  WATCH_LINE_MAX_BYTES,
  WATCH_MIN_SECONDS,
  WATCH_SILENCE_MAX_MS,
} from "../../base/limits.ts";
import type { ApiCatalog, Place } from "./api-catalog.ts";
import { type ApiClient, readPieces } from "./api-client.ts";
import { ApiError, isExpired } from "./api-error.ts";
import { type ApiObject, type ListPage, parseListPage, parseWatchEvent } from "./api-object.ts";
import { backoffMs } from "./backoff.ts";
import { readLines } from "./read-lines.ts";
import type { KindPlace } from "./watched-kinds.ts";

/** Where the objects of one kind go. */
export type ObjectSink = {
  /** A full list begins; what it doesn't hold is gone once it is committed. Dropped without a word if the list fails. */
  beginList(): { add(object: ApiObject, apiVersion: string): void; commit(): void };
  put(object: ApiObject, apiVersion: string): void;
  remove(object: ApiObject): void;
};

export type KindWatchOptions = {
  readonly clock: Clock;
  readonly client: ApiClient;
  readonly catalog: ApiCatalog;
  /** From 0 up to but not including 1; spreads load. */
  readonly random: () => number;
  /** After the first list, and whenever what `failure` says changed. */
  readonly onChange: () => void;
};

/** A watch that ends sooner than this without a word has failed, whatever it looks like. */
const WATCH_WORTH_MS = 1_000;

export class KindWatch {
  readonly kind: KindPlace;
  readonly #sink: ObjectSink;
  readonly #options: KindWatchOptions;
  readonly #closing = new AbortController();
  #attempt = new AbortController();
  /** Ends the pause after a failure. */
  #recovering = new AbortController();
  #running: Promise<void> | undefined;
  #paused: Deferred<void> | undefined;
  #place: Place | undefined;
  /** The resource version to watch from; undefined: list. */
  #cursor: string | undefined;
  #failures = 0;
  #failuresHere = 0;
  #expiredLists = 0;
  #listedAtMs: number = Number.NEGATIVE_INFINITY;
  #currentAtMs: number = Number.NEGATIVE_INFINITY;
  #hasSynced = false;
  #isWell = false;
  #failure: ApiError | undefined;

  constructor(kind: KindPlace, sink: ObjectSink, options: KindWatchOptions) {
    this.kind = kind;
    this.#sink = sink;
    this.#options = options;
  }

  /** Whether there was a full list. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Whether changes reach us, as far as is known. */
  get isWell(): boolean {
    return this.#isWell;
  }

  /** When what was told was last known to be current, on the clock. */
  get currentAtMs(): number {
    return this.#currentAtMs;
  }

  /** What the last attempt failed of, until one succeeds. */
  get failure(): ApiError | undefined {
    return this.#failure;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#attempt.abort();
    this.#paused?.resolve(undefined);
    await this.#running;
  }

  /** Gives up the connection it has for another: something says that it may be dead. */
  reconnect(why: string): void {
    this.#attempt.abort(new ApiError(0, why));
  }

  /** Tries again now, if it is in the pause after a failure: something says that the server is back. */
  hurry(): void {
    this.#recovering.abort();
  }

  /** Stops following; what is known stays. */
  pause(): void {
    if (this.#paused !== undefined) return;
    this.#recovering.abort();
    this.#paused = createDeferred();
    this.#attempt.abort(new ApiError(0, "paused"));
  }

  /** Begins with a full list. */
  resume(): void {
    this.#cursor = undefined;
    this.#paused?.resolve(undefined);
    this.#paused = undefined;
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      await this.#paused?.promise;
      this.#attempt = new AbortController();
      const { signal } = this.#attempt;
      try {
        if (this.#closing.signal.aborted) return;
        if (this.#cursor === undefined) await this.#list(signal);
        else await this.#watch(this.#cursor, signal);
      } catch (reason) {
        if (this.#closing.signal.aborted) return;
        if (this.#paused !== undefined) continue;
        const cause = signal.aborted ? signal.reason : reason;
        if (!(cause instanceof ApiError)) throw toError(cause); // a bug of ours ends the process
        await this.#recover(cause);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    await this.#pauseFor(this.#listedAtMs + RELIST_MIN_MS - clock.nowMs(), signal);
    const beganMs = clock.nowMs();
    this.#listedAtMs = beganMs;
    const place = await this.#find(signal);
    const list = this.#sink.beginList();
    let resourceVersion: string | undefined;
    if (place !== undefined) {
      for await (const page of this.#pages(place, signal)) {
        for (const object of page.objects) list.add(object, place.apiVersion);
        resourceVersion = page.resourceVersion;
      }
    }
    if (signal.aborted) throw signal.reason; // between the last page and here
    list.commit();
    this.#cursor = resourceVersion;
    this.#place = place;
    this.#failuresHere = 0;
    this.#expiredLists = 0;
    this.#currentAtMs = beganMs;
    this.#hasSynced = true;
    if (place !== undefined) return this.#options.onChange();
    this.#succeed();
    this.#options.onChange();
    await this.#pauseFor(UNKNOWN_KIND_POLL_MS, signal);
  }

  /** That a kind which was there is gone must be said twice. */
  async #find(signal: AbortSignal): Promise<Place | undefined> {
    const { catalog } = this.#options;
    const found = await catalog.find(this.kind, signal, this.#failure?.status === 404);
    if (found !== undefined || this.#place === undefined) return found;
    await this.#pauseFor(UNKNOWN_KIND_CONFIRM_MS, signal);
    return catalog.find(this.kind, signal, true);
  }

  /** Read from the server's latest state, never from a copy that may be older than what was already told. */
  async *#pages(place: Place, signal: AbortSignal): AsyncGenerator<ListPage> {
    const limit = this.#expiredLists < 2 ? `limit=${LIST_PAGE_OBJECTS}` : "";
    let continueToken = "";
    do {
      const next = continueToken === "" ? "" : `&continue=${encodeURIComponent(continueToken)}`;
      const path = `${place.path}?${limit}${next}`;
      const accept = acceptOf(this.kind, "List");
      const value = await this.#options.client.getJson({
        path,
        accept,
        signal,
        bodyMaxBytes: LIST_PAGE_MAX_BYTES,
      });
      const page = parseListPage(value);
      if (page === undefined) throw new ApiError(0, "the answer is not a list of objects");
      yield page;
      continueToken = page.continueToken;
    } while (continueToken !== "");
  }

  async #watch(cursor: string, signal: AbortSignal): Promise<void> {
    const { clock, client, random } = this.#options;
    const place = this.#place;
    if (place === undefined) {
      this.#cursor = undefined;
      return;
    }
    const beganMs = clock.nowMs();
    const query = new URLSearchParams({
      watch: "1",
      allowWatchBookmarks: "true",
      resourceVersion: cursor,
      timeoutSeconds: String(Math.round(WATCH_MIN_SECONDS * (1 + random()))),
    });
    const path = `${place.path}?${query}`;
    const accept = acceptOf(this.kind, "");
    const answer = await client.open({ path, accept, signal, idleTimeoutMs: WATCH_SILENCE_MAX_MS });
    this.#succeed();
    let hasSpoken = false;
    try {
      for await (const lines of readLines(readPieces(answer, signal), WATCH_LINE_MAX_BYTES)) {
        if (signal.aborted) throw signal.reason;
        for (const line of lines) this.#apply(line, place);
        this.#currentAtMs = clock.nowMs();
        this.#failures = 0;
        this.#failuresHere = 0;
        hasSpoken = true;
      }
    } catch (reason) {
      // A server whose data were restored from a copy takes a place of the future, and says nothing until it is past.
      if (hasSpoken || clock.nowMs() - beganMs < WATCH_SILENCE_MAX_MS) throw reason;
      throw new ApiError(410, "the watch said nothing from its beginning: its place may not exist");
    }
    if (this.#cursor === cursor && clock.nowMs() - beganMs < WATCH_WORTH_MS) {
      throw new ApiError(0, "the watch ended as soon as it began");
    }
  }

  #apply(line: string, place: Place): void {
    const event = parseWatchEvent(line);
    switch (event?.kind) {
      case undefined:
        throw new ApiError(0, "a line of the watch is no event");
      case "error":
        throw event.error;
      case "bookmark":
        this.#cursor = event.resourceVersion;
        return;
      case "put":
        this.#sink.put(event.object, place.apiVersion);
        break;
      case "delete":
        this.#sink.remove(event.object);
    }
    this.#cursor = event.object.resourceVersion;
  }

  #succeed(): void {
    const isNews = !this.#isWell || this.#failure !== undefined;
    this.#isWell = true;
    this.#failure = undefined;
    if (isNews) this.#options.onChange();
  }

  async #recover(error: ApiError): Promise<void> {
    this.#failures++;
    this.#failuresHere++;
    this.#isWell = false;
    this.#failure = error;
    const isListing = this.#cursor === undefined;
    if (isListing && isExpired(error)) this.#expiredLists++;
    if (isExpired(error) || error.status === 404 || this.#failuresHere >= WATCH_FAILURES_MAX) {
      this.#cursor = undefined;
      this.#failuresHere = 0;
    }
    this.#options.onChange();
    // The end of a history is no failure of the server's, so the first list after it is made at once.
    const isFirst = isExpired(error) && this.#failures === 1;
    const delayMs = error.retryAfterMs ?? (isFirst ? 0 : backoffMs(this.#failures, this.#options.random()));
    this.#recovering = new AbortController();
    await this.#pauseFor(delayMs, this.#recovering.signal).catch(() => undefined); // a pause that ends early is over too
  }

  async #pauseFor(delayMs: number, signal: AbortSignal): Promise<void> {
    if (delayMs <= 0) return;
    try {
      await sleep(delayMs, undefined, { signal: AbortSignal.any([signal, this.#closing.signal]) });
    } catch (reason) {
      throw signal.aborted ? signal.reason : reason;
    }
  }
}

function acceptOf({ isMetadataEnough }: KindPlace, suffix: "List" | ""): string {
  if (!isMetadataEnough) return "application/json";
  return `application/json;as=PartialObjectMetadata${suffix};g=meta.k8s.io;v=v1`;
}
