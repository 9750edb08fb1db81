/**
 * Whether the socket that a sidecar is about to dial can be the node agent's.
 *
 * Node offers no peer credentials, so the file must do: it has to be a socket, owned by root or by us, which the
 * agent's own process made. Whoever else can write the directory can then still take the socket away, but not stand in.
 */
import { stat } from "node:fs/promises";
import { toError } from "../base/assert.ts";

/** Undefined: fine. Otherwise why not, for a person. */
export async function checkAgentSocket(path: string, ownUid: number): Promise<string | undefined> {
  try {
    const found = await stat(path);
    if (!found.isSocket()) return `\`${path}\` is not a socket`;
    if (found.uid !== 0 && found.uid !== ownUid) {
      return `\`${path}\` belongs to user ${found.uid}, neither root nor us (${ownUid}): not the node agent's`;
    }
    return undefined;
  } catch (reason) {
    return `\`${path}\` can't be examined: ${toError(reason).message}`;
  }
}
