import { chmodSync, chownSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import type { Server } from "node:net";
import { dirname } from "node:path";
import { claimSocketPath } from "../observe/index.ts";

/** Who may connect to a socket file. */
export type SocketAccess = {
  /** Permission bits of the file; who may write to it may connect. */
  readonly mode: number;
  /** Numeric group to own the file; undefined leaves the process's own. */
  readonly group: number | undefined;
};

/** Envoy usually runs under another user and shares a group with us; nobody else asks. */
export const SOCKET_MODE_DEFAULT = 0o660;

/**
 * Listens on a Unix socket whose file is at no moment open to more than `access` says.
 *
 * The file appears with no permission for anybody and gets its group before its mode: a group that is not meant must not be
 * let in even between two system calls. A stale socket is replaced, a live one refused.
 */
export async function listenOnUnixSocket(server: Server, path: string, access: SocketAccess): Promise<void> {
  await requireDirectory(dirname(path));
  await claimSocketPath(path);
  const listening = new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", reject);
  });
  // listen() creates the file before it returns, so the process-wide mask is changed for this call only.
  const umask = process.umask(0o777);
  try {
    server.listen({ path });
  } finally {
    process.umask(umask);
  }
  await listening;
  try {
    if (access.group !== undefined) chownSync(path, -1, access.group);
    chmodSync(path, access.mode);
  } catch (error) {
    server.close();
    throw error;
  }
}

/** The number of a group given by name or number, from the system's group file; rejects for a group that isn't there. */
export async function findGroup(text: string, groupFile = "/etc/group"): Promise<number> {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  for (const line of (await readFile(groupFile, "utf8")).split("\n")) {
    const [name, , id] = line.split(":");
    if (name === text && id !== undefined && /^[0-9]{1,9}$/.test(id)) return Number(id);
  }
  throw new Error(`there is no group \`${text}\` in ${groupFile}`);
}

async function requireDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT")
      throw new Error(`the directory \`${directory}\` for the socket does not exist`);
    throw error;
  });
  if (!found.isDirectory()) throw new Error(`\`${directory}\` is not a directory`);
}
