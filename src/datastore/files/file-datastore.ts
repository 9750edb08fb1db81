import { basename, sep } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { assert } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import { hasErrors, type Issue, IssuesError } from "../../base/issue.ts";
import { DIRECTORY_POLL_MS } from "../../base/limits.ts";
import type { Datastore, DatastoreHealth, DatastoreListener } from "../datastore.ts";
import { resourceKey } from "../resources.ts";
import { DirectoryWatcher } from "./directory-watcher.ts";
import { type LoadedDirectory, loadDirectory } from "./load-directory.ts";
import type { ObjectTable } from "./object-table.ts";
import { Breather, parseFile } from "./parse-file.ts";
import { readWholeFile } from "./read-file.ts";
import {
  type DirectoryScan,
  isPolicyFile,
  type ScannedFile,
  scanDirectory,
  scanFiles,
} from "./scan-directory.ts";
import { type Observation, SettleTracker } from "./settle-tracker.ts";
import { sortIssues } from "./sort-issues.ts";

export type FileDatastoreOptions = { readonly directory: string };

/** Events come in bursts: a save is three or four. One look, this long after the first, serves them all. */
const EVENT_COALESCE_MS = 2;
/** Files that are looked at one by one; past that, looking at all is simpler. */
const NAMED_MAX = 256;

/**
 * A directory of policy files, watched.
 *
 * One cycle at a time: look at the files, let the tracker say which have settled, read those, let the table say what
 * is in force, tell the listener the difference. A cycle runs soon after the system tells of a change, when the
 * tracker asks for one, and every DIRECTORY_POLL_MS.
 *
 * The timers and watches don't keep the process alive.
 */
export class FileDatastore implements Datastore {
  readonly #clock: Clock;
  readonly #directory: string;
  readonly #watcher: DirectoryWatcher;
  readonly #tracker: SettleTracker;
  /** Files that are there and can't be read; their objects stay. */
  readonly #unreadable = new Map<string, Issue>();
  #table: ObjectTable | undefined;
  #scan: DirectoryScan | undefined;
  #listener: DatastoreListener | undefined;
  #reported: readonly Issue[] = [];
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs: number = Number.POSITIVE_INFINITY;
  #cycle: Promise<void> | undefined;
  /** Everything is to be looked at again. */
  #isLookDue = false;
  /** These are. */
  readonly #named = new Set<string>();
  #lookedAtMs: number = Number.NEGATIVE_INFINITY;
  #lookTookMs = 0;
  /** When everything was last seen to be as it was told. */
  #currentAtMs: number = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(clock: Clock, options: FileDatastoreOptions) {
    this.#clock = clock;
    this.#directory = options.directory;
    this.#tracker = new SettleTracker(clock.nowMs());
    this.#watcher = new DirectoryWatcher((path) => this.#onEvent(path));
  }

  /**
   * Reads everything and begins to watch.
   *
   * @throws {IssuesError} if the directory can't be read or anything in it has an error: there is no last good version
   *   to fall back on, and a process that begins by refusing its operator's mistake tells them of it.
   */
  async start(listener: DatastoreListener): Promise<void> {
    assert(this.#listener === undefined, "a datastore is started once");
    this.#listener = listener;
    // Watched before it is read, so that no change falls between.
    this.#watcher.follow(new Map([[this.#directory, ""]]));
    const loaded = await loadDirectory(this.#clock, this.#directory);
    const issues = sortIssues([...loaded.issues, ...loaded.table.issues]);
    if (hasErrors(issues)) {
      await this.close();
      throw new IssuesError(issues);
    }
    if (this.#isClosed) return;
    this.#begin(loaded, listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watcher.close();
    clearTimeout(this.#timer);
    await this.#cycle;
  }

  health(): DatastoreHealth {
    const isReadable = this.#unreadable.size === 0 && (this.#scan?.unreadable.size ?? 1) === 0;
    const isConnected = this.#table !== undefined && !this.#isClosed && isReadable;
    return { isConnected, ageMs: this.#clock.nowMs() - this.#currentAtMs };
  }

  #begin({ table, scan, signatures }: LoadedDirectory, listener: DatastoreListener): void {
    this.#table = table;
    this.#scan = scan;
    this.#currentAtMs = this.#clock.nowMs();
    for (const [path, signature] of signatures) this.#tracker.accept(path, signature);
    const { resources } = table;
    listener.onUpdates(resources.map((resource) => ({ kind: "put", key: resourceKey(resource), resource })));
    listener.onInSync();
    const isAnyNew = this.#watcher.follow(scan.directories);
    this.#reportIssues();
    this.#lookIn(isAnyNew || this.#isLookDue ? 0 : DIRECTORY_POLL_MS);
  }

  /**
   * A policy file's name says where to look. A hidden name is of no interest, unless it begins with two dots, as what
   * a mounted ConfigMap's links lead through does; any other may be a folder's.
   */
  #onEvent(path: string | undefined): void {
    const name = path === undefined ? undefined : basename(path);
    if (name !== undefined && /^\.(?!\.)/.test(name)) return;
    if (path === undefined || name === undefined || !isPolicyFile(name)) this.#isLookDue = true;
    else this.#named.add(path);
    if (this.#named.size > NAMED_MAX) this.#isLookDue = true;
    this.#lookSoon();
  }

  /** A directory that never rests is looked at no more than half of the time. */
  #lookSoon(): void {
    this.#lookIn(this.#isLookDue ? Math.max(EVENT_COALESCE_MS, this.#lookTookMs) : EVENT_COALESCE_MS);
  }

  /** Makes sure that a cycle begins within `delayMs`. */
  #lookIn(delayMs: number): void {
    if (this.#isClosed || this.#table === undefined) return;
    const atMs = this.#clock.nowMs() + delayMs;
    if (atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(() => this.#onTimer(), delayMs);
    this.#timer.unref();
  }

  #onTimer(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    if (this.#cycle !== undefined) return; // it asks for the next one when it ends
    // A rejection is a bug of ours or the listener's and stays unhandled, which ends the process.
    this.#cycle = this.#runCycle().then((wakeAtMs) => {
      this.#cycle = undefined;
      if (this.#isLookDue || this.#named.size > 0) this.#lookSoon();
      this.#lookIn(Math.max(0, Math.min(wakeAtMs - this.#clock.nowMs(), this.#pollMs)));
    });
  }

  async #runCycle(): Promise<number> {
    const observation = await this.#look();
    const table = this.#table;
    if (this.#isClosed || table === undefined) return Number.POSITIVE_INFINITY;
    for (const path of observation.fading) table.setFading(path, true);
    for (const path of observation.back) table.setFading(path, false);
    for (const path of observation.removed) {
      table.removeFile(path);
      this.#unreadable.delete(path);
    }
    const isAnyRead = await this.#readSettled(observation.read, table);
    if (this.#isClosed) return Number.POSITIVE_INFINITY;
    const isChanged =
      isAnyRead ||
      [observation.fading, observation.back, observation.removed].some(({ length }) => length > 0);
    const updates = isChanged ? table.resolve() : [];
    if (updates.length > 0) this.#listener?.onUpdates(updates);
    this.#reportIssues();
    // What was read and is distrusted, or changed meanwhile, has its own time to be looked at again.
    return this.#tracker.wakeAtMs ?? Number.POSITIVE_INFINITY;
  }

  /** Everything, if anything may have changed or it is time again; otherwise only what was named or is on its way. */
  async #look(): Promise<Observation> {
    const nowMs = this.#clock.nowMs();
    const paths = new Set([...this.#named, ...this.#tracker.pending]);
    this.#named.clear();
    if (!this.#isLookDue && nowMs - this.#lookedAtMs < this.#pollMs && paths.size > 0) {
      return this.#observe(await scanFiles(paths), (path) => paths.has(path) && !this.#isHidden(path));
    }
    this.#isLookDue = false;
    const scan = await scanDirectory(this.#directory);
    this.#lookedAtMs = this.#clock.nowMs();
    this.#lookTookMs = this.#lookedAtMs - nowMs;
    this.#scan = scan;
    if (scan.unreadable.size === 0) this.#currentAtMs = nowMs;
    if (!this.#isClosed && this.#watcher.follow(scan.directories)) this.#isLookDue = true;
    return this.#observe(scan.files, (path) => !this.#isHidden(path));
  }

  /** Looking at everything, unasked, takes no more than a hundredth of the time. */
  get #pollMs(): number {
    return Math.max(DIRECTORY_POLL_MS, 100 * this.#lookTookMs);
  }

  #observe(files: ReadonlyMap<string, ScannedFile>, isExpected: (path: string) => boolean): Observation {
    const seen = new Map<string, string | undefined>();
    for (const [path, file] of files) {
      seen.set(path, file.kind === "file" ? file.signature : undefined);
      if (file.kind === "unreadable") this.#unreadable.set(path, file.issue);
      else this.#unreadable.delete(path);
    }
    return this.#tracker.observe(seen, isExpected, this.#clock.nowMs());
  }

  /** Whether a path lies where nothing can be seen at the moment. */
  #isHidden(path: string): boolean {
    for (const directory of this.#scan?.unreadable.keys() ?? []) {
      if (path.startsWith(directory.endsWith(sep) ? directory : directory + sep)) return true;
    }
    return false;
  }

  async #readSettled(settled: Observation["read"], table: ObjectTable): Promise<boolean> {
    const breather = new Breather(this.#clock);
    let isAnyRead = false;
    for (const { path, isTrusted } of settled) {
      const read = await readWholeFile(path);
      if (read.kind === "unreadable") this.#unreadable.set(path, read.issue);
      if (read.kind !== "content") {
        this.#tracker.retry(path);
        continue;
      }
      const content = await parseFile(path, read.bytes, table.content(path), breather);
      if (!isTrusted && table.wouldLose(path, content)) {
        this.#tracker.distrust(path);
        continue;
      }
      table.setFile(path, content);
      this.#tracker.accept(path, read.signature);
      isAnyRead = true;
    }
    return isAnyRead;
  }

  #reportIssues(): void {
    const issues = sortIssues([
      ...(this.#scan?.unreadable.values() ?? []),
      ...(this.#scan?.issues ?? []),
      ...this.#unreadable.values(),
      ...this.#watcher.issues,
      ...(this.#table?.issues ?? []),
    ]);
    if (isDeepStrictEqual(issues, this.#reported)) return;
    this.#reported = issues;
    this.#listener?.onIssues(issues);
  }
}
