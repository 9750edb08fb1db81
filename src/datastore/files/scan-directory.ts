/** What lies under a policy directory right now, by names and file states alone; nothing is opened. */
import type { BigIntStats, Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { toError } from "../../base/assert.ts";
import type { Issue } from "../../base/issue.ts";
import {
  POLICY_DIRECTORY_DEPTH_MAX,
  POLICY_DIRECTORY_MAX_BYTES,
  POLICY_FILE_MAX_BYTES,
  POLICY_FILES_MAX,
} from "../../base/limits.ts";
import { quote } from "../locate.ts";

export type ScannedFile =
  /** `signature` changes whenever the content may have. */
  | { readonly kind: "file"; readonly signature: string }
  /** It is there, but can't be looked at, or is too large. */
  | { readonly kind: "unreadable"; readonly issue: Issue };

export type DirectoryScan = {
  /** By path, which begins with that of the directory as it was given. Sorted. */
  readonly files: ReadonlyMap<string, ScannedFile>;
  /** Every directory that was listed, to be watched: identity by path. */
  readonly directories: ReadonlyMap<string, string>;
  /** Directories that could not be listed: nothing is known of what is in them. */
  readonly unreadable: ReadonlyMap<string, Issue>;
  readonly issues: readonly Issue[];
};

/** Which files hold policy. Hidden ones, editors' backups (`api.yaml~`, `#api.yaml#`) and other names are none. */
export function isPolicyFile(name: string): boolean {
  return !name.startsWith(".") && /\.(?:ya?ml|json)$/i.test(name);
}

/** Lists the directory and those in it; symbolic links count as what they lead to, and hidden names are passed over. */
export async function scanDirectory(directory: string): Promise<DirectoryScan> {
  const scan = new Scan();
  await scan.list(directory, []);
  return scan.finish();
}

/** Looks again at single files, most of which exist. */
export async function scanFiles(paths: Iterable<string>): Promise<ReadonlyMap<string, ScannedFile>> {
  const scan = new Scan();
  await Promise.all([...paths].map((path) => scan.look(path, [])));
  return scan.finish().files;
}

function directoryIdentity(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}

/** Changes with whatever a write, a replacement or a swap of a link's target changes. */
export function fileSignature(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

class Scan {
  readonly #files = new Map<string, ScannedFile>();
  readonly #directories = new Map<string, string>();
  readonly #unreadable = new Map<string, Issue>();
  readonly #issues: Issue[] = [];
  #bytes = 0;

  finish(): DirectoryScan {
    const files = new Map([...this.#files].sort(([left], [right]) => (left < right ? -1 : 1)));
    const issues = [...this.#issues];
    if (this.#bytes > POLICY_DIRECTORY_MAX_BYTES) {
      const message = `the files have ${this.#bytes} bytes together; at most ${POLICY_DIRECTORY_MAX_BYTES} allowed`;
      issues.push({
        severity: "error",
        code: "limit",
        where: [...this.#directories.keys()][0] ?? "",
        message,
      });
    }
    return { files, directories: this.#directories, unreadable: this.#unreadable, issues };
  }

  async list(directory: string, ancestors: readonly string[]): Promise<void> {
    let entries: Dirent[];
    let identity: string;
    try {
      identity = directoryIdentity(await stat(directory, { bigint: true }));
      entries = await readdir(directory, { withFileTypes: true });
    } catch (reason) {
      // A folder that vanished since its name was read has no files. The directory itself must exist.
      if (ancestors.length === 0 || errorCode(reason) !== "ENOENT") {
        this.#unreadable.set(directory, unreadable(directory, reason));
      }
      return;
    }
    this.#directories.set(directory, identity);
    const around = [...ancestors, identity];
    await Promise.all(entries.map((entry) => this.#visit(directory, entry, around)));
  }

  async #visit(directory: string, entry: Dirent, ancestors: readonly string[]): Promise<void> {
    if (entry.name.startsWith(".")) return;
    if (entry.isFile() && !isPolicyFile(entry.name)) return;
    await this.look(join(directory, entry.name), ancestors);
  }

  async look(path: string, ancestors: readonly string[]): Promise<void> {
    let stats: BigIntStats;
    try {
      stats = await stat(path, { bigint: true });
    } catch (reason) {
      // Vanished meanwhile, or a link that leads nowhere: there is no such file.
      if (errorCode(reason) === "ENOENT") return;
      if (isPolicyFile(path)) this.#files.set(path, { kind: "unreadable", issue: unreadable(path, reason) });
      return;
    }
    if (stats.isDirectory()) await this.#enter(path, stats, ancestors);
    else if (stats.isFile() && isPolicyFile(path)) this.#addFile(path, stats);
  }

  async #enter(path: string, stats: BigIntStats, ancestors: readonly string[]): Promise<void> {
    if (ancestors.includes(directoryIdentity(stats))) return; // a link to a folder around it
    if (ancestors.length > POLICY_DIRECTORY_DEPTH_MAX) {
      const message = `folders are read ${POLICY_DIRECTORY_DEPTH_MAX} deep; this one is deeper`;
      this.#unreadable.set(path, { severity: "error", code: "limit", where: path, message });
      return;
    }
    await this.list(path, ancestors);
  }

  #addFile(path: string, stats: BigIntStats): void {
    this.#bytes += Number(stats.size);
    if (stats.size > BigInt(POLICY_FILE_MAX_BYTES)) {
      const message = `the file has ${stats.size} bytes; at most ${POLICY_FILE_MAX_BYTES} allowed`;
      this.#files.set(path, {
        kind: "unreadable",
        issue: { severity: "error", code: "limit", where: path, message },
      });
    } else if (this.#files.size >= POLICY_FILES_MAX) {
      const message = `more than ${POLICY_FILES_MAX} files; this one is not read`;
      this.#files.set(path, {
        kind: "unreadable",
        issue: { severity: "error", code: "limit", where: path, message },
      });
    } else {
      this.#files.set(path, { kind: "file", signature: fileSignature(stats) });
    }
  }
}

/** `ENOENT`, `EACCES`, …; empty for what is no error of the system's. */
export function errorCode(reason: unknown): string {
  return reason instanceof Error && "code" in reason ? String(reason.code) : "";
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file or directory"],
  ["EACCES", "permission denied"],
  ["ENOTDIR", "it is not a directory"],
  ["ELOOP", "its symbolic links lead in a circle"],
]);

/** The issue of a file or directory that the system doesn't let us read. */
export function unreadable(path: string, reason: unknown): Issue {
  const why = REASONS.get(errorCode(reason)) ?? quote(toError(reason).message);
  return { severity: "error", code: "unreadable", where: path, message: `can't be read: ${why}` };
}
