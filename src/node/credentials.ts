/**
 * Which pods have mounted the policy volume: the credentials files that the CSI driver writes.
 *
 * `PREFIX/creds/ID.json`, one for each mounted volume. Reading is idempotent: a listing says what is there now, and
 * whoever asks compares it with what it serves.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { toError } from "../base/assert.ts";
import { CREDENTIALS_FILE_MAX_BYTES, CREDENTIALS_FILES_MAX } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";

export type PodCredentials = {
  /** The CSI volume id, or the pod's UID with the older driver: the name of the file and of the mount's directory. */
  readonly id: string;
  readonly podUid: string;
  readonly namespace: string;
  readonly podName: string;
};

export type CredentialsListing = {
  readonly pods: readonly PodCredentials[];
  /** Ids whose file is there but can't be read or used, and why. They are asked again with the next listing. */
  readonly unusable: ReadonlyMap<string, string>;
};

/**
 * What is there now. A directory that does not exist (yet) holds nothing.
 *
 * @returns an error where the directory exists and can't be listed: nothing is known then, least of all that pods are gone.
 */
export async function listCredentials(prefix: string): Promise<Result<CredentialsListing, string>> {
  const directory = join(prefix, "creds");
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (reason) {
    const error = toError(reason) as NodeJS.ErrnoException;
    if (error.code === "ENOENT") return ok({ pods: [], unusable: new Map() });
    return err(`\`${directory}\` can't be listed: ${error.message}`);
  }
  const files = names.filter((name) => name.endsWith(".json") && !name.startsWith("."));
  if (files.length > CREDENTIALS_FILES_MAX) {
    return err(`\`${directory}\` holds ${files.length} credentials, more than ${CREDENTIALS_FILES_MAX}`);
  }
  const pods: PodCredentials[] = [];
  const unusable = new Map<string, string>();
  for (const file of files) {
    const id = file.slice(0, -".json".length);
    const read = await readCredentials(join(directory, file), id);
    if (read.ok) pods.push(read.value);
    else unusable.set(id, read.error);
  }
  return ok({ pods, unusable });
}

async function readCredentials(path: string, id: string): Promise<Result<PodCredentials, string>> {
  try {
    const text = await readFile(path, "utf8");
    if (text.length > CREDENTIALS_FILE_MAX_BYTES)
      return err(`\`${path}\` is larger than ${CREDENTIALS_FILE_MAX_BYTES} bytes`);
    return parseCredentials(JSON.parse(text), id, path);
  } catch (reason) {
    return err(`\`${path}\` can't be read: ${toError(reason).message}`);
  }
}

function parseCredentials(value: unknown, id: string, path: string): Result<PodCredentials, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return err(`\`${path}\` is not a JSON object`);
  const fields = new Map(Object.entries(value).map(([key, field]) => [key.toLowerCase(), field as unknown]));
  const namespace = fields.get("namespace");
  const podName = fields.get("workload");
  const podUid = fields.get("uid") ?? "";
  if (!isName(namespace)) return err(`\`${path}\` has no usable \`Namespace\``);
  if (!isName(podName)) return err(`\`${path}\` has no usable \`Workload\``);
  if (typeof podUid !== "string") return err(`\`UID\` of \`${path}\` is not text`);
  return ok({ id, podUid, namespace, podName });
}

/** DNS-1123, as Kubernetes has it: nothing that means something in a path or an endpoint id. */
function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(value);
}
