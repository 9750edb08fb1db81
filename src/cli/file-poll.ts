import { readFile } from "node:fs/promises";
import { toError } from "../base/assert.ts";
import { CREDENTIAL_POLL_MS } from "../base/limits.ts";

export type FilePollListener = {
  /** The contents, in the order of the paths; throws what is wrong with them, and then they are not taken. */
  onContents(contents: readonly Buffer[]): void;
  /** Once for each problem, while the last good contents stay in force. */
  onProblem(message: string): void;
};

/**
 * Certificates, keys and bundles in files that somebody rotates: read again every CREDENTIAL_POLL_MS, whatever the file system tells of
 * changes, since some never do and links are swapped in many ways. Files that belong together are taken together or not at all.
 */
export class FilePoll {
  readonly #paths: readonly string[];
  readonly #listener: FilePollListener;
  #contents: readonly Buffer[] = [];
  #problem = "";
  #timer: NodeJS.Timeout | undefined;
  #isReading = false;

  constructor(paths: readonly string[], listener: FilePollListener) {
    this.#paths = paths;
    this.#listener = listener;
  }

  /** Reads for the first time; rejects with what is wrong. From then on nothing does. */
  async start(): Promise<void> {
    const contents = await this.#read();
    this.#listener.onContents(contents);
    this.#contents = contents;
    this.#timer = setInterval(() => void this.#poll(), CREDENTIAL_POLL_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #poll(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      const contents = await this.#read();
      if (this.#timer !== undefined && !this.#isSame(contents)) {
        this.#listener.onContents(contents);
        this.#contents = contents;
      }
      this.#problem = "";
    } catch (reason) {
      const { message } = toError(reason);
      if (message !== this.#problem) this.#listener.onProblem(message);
      this.#problem = message;
    } finally {
      this.#isReading = false;
    }
  }

  #isSame(contents: readonly Buffer[]): boolean {
    return contents.every((content, i) => this.#contents[i]?.equals(content) === true);
  }

  async #read(): Promise<readonly Buffer[]> {
    return await Promise.all(this.#paths.map((path) => readFile(path)));
  }
}
