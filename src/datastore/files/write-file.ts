/**
 * Changing the files of a policy directory: a new file is written beside the old one and renamed over it, so that
 * whoever reads sees one version or the other.
 *
 * INVARIANT: one writer of ours at a time holds the directory's lock. What others write meanwhile, such as editors,
 * shows in the file's bytes, which are compared right before the rename.
 */
import { type FileHandle, link, open, readFile, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { toError } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import { DIRECTORY_LOCK_POLL_MS, DIRECTORY_LOCK_WAIT_MS } from "../../base/limits.ts";
import { StoreError } from "../resource-store.ts";
import { errorCode } from "./scan-directory.ts";

/** Hidden, so that no reader takes it for policy. */
const LOCK = ".ephor-lock";

/** What became of a change to a file. */
export type FileWritten = "written" | "changed-meanwhile" | { readonly refused: string };

/**
 * Does `work` while no other command of ours writes to the directory.
 *
 * @throws {StoreError} if the directory can't be written, or is locked for longer than a living command takes.
 */
export async function withDirectoryLock<T>(
  clock: Clock,
  directory: string,
  work: () => Promise<T>,
): Promise<T> {
  const lock = join(directory, LOCK);
  const startedMs = clock.nowMs();
  while (!(await takeLock(lock, directory))) {
    if (clock.nowMs() - startedMs > DIRECTORY_LOCK_WAIT_MS) {
      throw new StoreError(
        `${lock} is there: another command writes to ${directory}, or one that was killed left it; delete it if none runs`,
      );
    }
    await pause(DIRECTORY_LOCK_POLL_MS);
  }
  try {
    return await work();
  } finally {
    await unlink(lock);
  }
}

async function takeLock(lock: string, directory: string): Promise<boolean> {
  try {
    const handle = await open(lock, "wx", 0o600);
    await handle.close();
    return true;
  } catch (reason) {
    if (errorCode(reason) === "EEXIST") return false;
    throw new StoreError(`${directory} can't be written: ${plainReason(reason)}`);
  }
}

/** Replaces what the file holds, or deletes it where `content` is undefined, if it still holds `expected`. */
export async function replaceFile(
  directory: string,
  path: string,
  expected: Uint8Array,
  content: string | undefined,
): Promise<FileWritten> {
  const target = await writableTarget(directory, path);
  if (typeof target !== "string") return target;
  if (content === undefined) {
    if (!(await holds(target, expected))) return "changed-meanwhile";
    await unlink(target);
    return "written";
  }
  const { mode, uid, gid } = await stat(target);
  return withTemporary(target, mode & 0o7777, content, async (temporary, handle) => {
    await handle.chmod(mode & 0o7777);
    // Only root may give files away; for all others owner and group are their own anyway.
    if (process.getuid?.() === 0) await handle.chown(uid, gid);
    await handle.sync();
    if (!(await holds(target, expected))) return "changed-meanwhile";
    await rename(temporary, target);
    return "written";
  });
}

/** A file that must not exist yet. */
export async function createFile(directory: string, name: string, content: string): Promise<FileWritten> {
  const target = join(directory, name);
  return withTemporary(target, 0o666, content, async (temporary, handle) => {
    await handle.sync();
    try {
      await link(temporary, target); // a rename would replace what another made meanwhile
      return "written";
    } catch (reason) {
      if (errorCode(reason) !== "EEXIST") throw reason;
      return "changed-meanwhile";
    } finally {
      await unlink(temporary);
    }
  });
}

async function withTemporary(
  target: string,
  mode: number,
  content: string,
  publish: (temporary: string, handle: FileHandle) => Promise<FileWritten>,
): Promise<FileWritten> {
  const temporary = join(dirname(target), `.${basename(target).slice(0, 200)}.ephor-new`);
  let handle: FileHandle | undefined;
  let outcome: FileWritten | undefined;
  try {
    await unlink(temporary).catch(ignoreMissing); // of a command that was killed: the lock says that none runs
    handle = await open(temporary, "wx", mode);
    await handle.writeFile(content);
    outcome = await publish(temporary, handle);
    return outcome;
  } catch (reason) {
    throw new StoreError(`${target} can't be written: ${plainReason(reason)}`);
  } finally {
    await handle?.close();
    if (outcome !== "written") await unlink(temporary).catch(ignoreMissing);
  }
}

/**
 * The file itself, wherever links lead, if it is one that lies in the directory and is its owner's to change: not
 * elsewhere, and not in a hidden folder, which is how a mounted ConfigMap keeps its versions.
 */
async function writableTarget(
  directory: string,
  path: string,
): Promise<string | "changed-meanwhile" | { readonly refused: string }> {
  let target: string;
  let inside: string;
  try {
    target = await realpath(path);
    inside = relative(await realpath(directory), target);
  } catch (reason) {
    if (errorCode(reason) === "ENOENT") return "changed-meanwhile";
    throw new StoreError(`${path} can't be written: ${plainReason(reason)}`);
  }
  const steps = inside.split(sep);
  if (isAbsolute(inside) || steps[0] === "..") {
    return { refused: `${path} is a link to ${target}, outside of ${directory}: change it there` };
  }
  if (steps.some((step) => step.startsWith("."))) {
    return {
      refused: `${path} is a link into a hidden folder, as in a mounted ConfigMap: change it where it comes from`,
    };
  }
  return target;
}

async function holds(path: string, expected: Uint8Array): Promise<boolean> {
  try {
    return Buffer.compare(await readFile(path), expected) === 0;
  } catch (reason) {
    if (errorCode(reason) === "ENOENT") return false;
    throw reason;
  }
}

function ignoreMissing(reason: unknown): void {
  if (errorCode(reason) !== "ENOENT") throw reason;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["EROFS", "the file system is read-only"],
  ["ENOENT", "there is no such directory"],
  ["ENOTDIR", "it is not a directory"],
  ["ENOSPC", "there is no space left"],
]);

function plainReason(reason: unknown): string {
  return REASONS.get(errorCode(reason)) ?? toError(reason).message;
}
