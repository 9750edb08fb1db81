import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { toError } from "../../base/assert.ts";
import type { Issue } from "../../base/issue.ts";
import { DIRECTORY_POLL_MS } from "../../base/limits.ts";

/**
 * Asks the system to tell of changes in directories. What it tells is only ever a reason to look: which file, and
 * whether every change is told, differs between systems, so looking again now and then is the caller's.
 */
export class DirectoryWatcher {
  readonly #watchers = new Map<string, { readonly watcher: FSWatcher; readonly identity: string }>();
  readonly #issues = new Map<string, Issue>();
  readonly #onChange: (path: string | undefined) => void;

  /** @param onChange told the path that changed, or undefined where the system doesn't say. */
  constructor(onChange: (path: string | undefined) => void) {
    this.#onChange = onChange;
  }

  /** Directories that the system won't watch: changes there are noticed late. */
  get issues(): Iterable<Issue> {
    return this.#issues.values();
  }

  /**
   * Watch these directories, and no others. Returns whether any is new, whose content may have changed unseen.
   *
   * @param directories identity by path: a directory that was removed and made again is another one to the system.
   */
  follow(directories: ReadonlyMap<string, string>): boolean {
    for (const [directory, { identity }] of [...this.#watchers]) {
      if (directories.get(directory) !== identity) this.#drop(directory);
    }
    for (const directory of [...this.#issues.keys()]) {
      if (!directories.has(directory)) this.#issues.delete(directory);
    }
    let isAnyNew = false;
    for (const [directory, identity] of directories) {
      if (!this.#watchers.has(directory) && this.#add(directory, identity)) isAnyNew = true;
    }
    return isAnyNew;
  }

  close(): void {
    for (const directory of [...this.#watchers.keys()]) this.#drop(directory);
  }

  #add(directory: string, identity: string): boolean {
    try {
      const watcher = watch(directory, { persistent: false }, (_event, name) => {
        this.#onChange(name === null ? undefined : join(directory, name));
      });
      watcher.on("error", (reason) => this.#fail(directory, reason));
      this.#watchers.set(directory, { watcher, identity });
      this.#issues.delete(directory);
      return true;
    } catch (reason) {
      this.#fail(directory, reason);
      return false;
    }
  }

  #fail(directory: string, reason: unknown): void {
    this.#drop(directory);
    const message = `changes are noticed only every ${DIRECTORY_POLL_MS / 1_000} s: ${toError(reason).message}`;
    this.#issues.set(directory, { severity: "warning", code: "unreadable", where: directory, message });
  }

  #drop(directory: string): void {
    this.#watchers.get(directory)?.watcher.close();
    this.#watchers.delete(directory);
  }
}
