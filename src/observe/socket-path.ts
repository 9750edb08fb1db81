import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";

/**
 * Makes a path free for a Unix socket of ours: removes a stale socket, refuses to take a live one.
 *
 * A socket nobody accepts on is what a killed process leaves behind. One that answers belongs to a running
 * process, and taking its path would silently cut that process off from its clients. Anything that is not a socket is left alone.
 */
export async function claimSocketPath(path: string): Promise<void> {
  const stat = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new Error(`\`${path}\` exists and is not a socket`);
  if (await isListening(path)) throw new Error(`another process listens on \`${path}\``);
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    // Somebody else cleared it in the same moment: it is as free as we want it.
    if (error.code !== "ENOENT") throw error;
  });
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(false);
      // The backlog of a living process is full.
      else if (error.code === "EAGAIN") resolve(true);
      else reject(error);
    });
  });
}
