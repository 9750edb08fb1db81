import { isDeepStrictEqual } from "node:util";
import { assert } from "../base/assert.ts";
import { createDeferred } from "../base/deferred.ts";
import type { Issue } from "../base/issue.ts";
import { CHANGES_COALESCE_MS } from "../base/limits.ts";
import type { DatastoreListener } from "./datastore.ts";
import type { KindTableEvents } from "./kind-table.ts";
import type { ResourceUpdate } from "./resources.ts";

export type ChangeFeedOptions = {
  /** Whether everything that there is was found, now or before. */
  readonly isComplete: () => boolean;
  /** What keeps changes from reaching us. */
  readonly failures: () => readonly Issue[];
  /** Of the objects that are there; asked again after `onIssues` alone. */
  readonly objectIssues: () => readonly Issue[];
};

/** What a followed source finds, told to the datastore's listener together, a few milliseconds later. */
export class ChangeFeed implements KindTableEvents {
  readonly #options: ChangeFeedOptions;
  readonly #synced = createDeferred<void>();
  #listener: DatastoreListener | undefined;
  #pending: ResourceUpdate[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #isInSync = false;
  #haveIssuesChanged = true;
  #objectIssues: readonly Issue[] = [];
  #reported: readonly Issue[] = [];

  constructor(options: ChangeFeedOptions) {
    this.#options = options;
  }

  get isInSync(): boolean {
    return this.#isInSync;
  }

  /** Resolves when everything was told once; rejects if it is closed before that. */
  start(listener: DatastoreListener): Promise<void> {
    assert(this.#listener === undefined, "a datastore is started once");
    assert(!this.#isClosed, "a closed datastore is not started");
    this.#listener = listener;
    this.schedule();
    return this.#synced.promise;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#synced.promise.catch(() => undefined); // who waits for `start` is told; nobody may be
    this.#synced.reject(new Error("the datastore was closed before it was in sync"));
  }

  onUpdates(updates: readonly ResourceUpdate[]): void {
    for (const update of updates) this.#pending.push(update);
    this.schedule();
  }

  onIssues(): void {
    this.#haveIssuesChanged = true;
    this.schedule();
  }

  /** Something changed of which the listener may have to be told. */
  schedule(): void {
    if (this.#listener === undefined || this.#isClosed) return;
    this.#timer ??= setTimeout(() => this.#tell(this.#listener), CHANGES_COALESCE_MS);
  }

  #tell(listener: DatastoreListener | undefined): void {
    this.#timer = undefined;
    const updates = this.#pending;
    this.#pending = [];
    if (updates.length > 0) listener?.onUpdates(updates);
    if (!this.#isInSync && this.#options.isComplete()) {
      this.#isInSync = true;
      listener?.onInSync();
      this.#synced.resolve(undefined);
    }
    if (this.#haveIssuesChanged) this.#objectIssues = this.#options.objectIssues();
    this.#haveIssuesChanged = false;
    const issues = [...this.#options.failures(), ...this.#objectIssues];
    if (isDeepStrictEqual(issues, this.#reported)) return;
    this.#reported = issues;
    listener?.onIssues(issues);
  }
}
