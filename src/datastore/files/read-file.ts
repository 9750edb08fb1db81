import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Issue } from "../../base/issue.ts";
import { POLICY_FILE_MAX_BYTES } from "../../base/limits.ts";
import { errorCode, fileSignature, unreadable } from "./scan-directory.ts";

export type ReadFile =
  | { readonly kind: "content"; readonly bytes: Uint8Array; readonly signature: string }
  /** It changed while it was being read: what was read may be of two versions. */
  | { readonly kind: "changing" }
  | { readonly kind: "missing" }
  | { readonly kind: "unreadable"; readonly issue: Issue };

/** Reads a whole file and makes sure that it is of one version, as far as the file system can tell. */
export async function readWholeFile(path: string): Promise<ReadFile> {
  let handle: FileHandle | undefined;
  try {
    // Non-blocking, so that a pipe of that name can't hold the reader up.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const before = await handle.stat({ bigint: true });
    if (!before.isFile() || before.size > BigInt(POLICY_FILE_MAX_BYTES)) return { kind: "changing" };
    const bytes = await handle.readFile();
    const after = await handle.stat({ bigint: true });
    const signature = fileSignature(before);
    if (signature !== fileSignature(after) || BigInt(bytes.length) !== after.size)
      return { kind: "changing" };
    return { kind: "content", bytes, signature };
  } catch (reason) {
    if (errorCode(reason) === "ENOENT") return { kind: "missing" };
    return { kind: "unreadable", issue: unreadable(path, reason) };
  } finally {
    await handle?.close();
  }
}
