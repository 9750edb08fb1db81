import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runToEnd } from "../../src/cli/demo/child-process.ts";
import { cacheFolder } from "./cache-folder.ts";

/** A wheel is a few hundred kilobytes at most; a download slower than this is stuck. */
const DOWNLOAD_TIMEOUT_MS = 120_000;

/** A package of pure Python, which runs from its wheel as it is: `PYTHONPATH=<wheel>`. */
export type PythonWheel = { readonly name: string; readonly version: string; readonly sha256: string };

/** The path of a wheel, fetched into the user's cache where it isn't there. */
export async function fetchWheel({ name, version, sha256 }: PythonWheel): Promise<string> {
  const target = join(cacheFolder(), `${name}-${version}-${sha256.slice(0, 12)}.whl`);
  if (existsSync(target)) return target;
  await mkdir(cacheFolder(), { recursive: true });
  const work = await mkdtemp(join(cacheFolder(), ".download-"));
  try {
    const requirements = join(work, "requirements.txt");
    await writeFile(requirements, `${name}==${version} --hash=sha256:${sha256}\n`);
    const folder = join(work, "wheel");
    const args = [
      "-m",
      "pip",
      "download",
      "--quiet",
      "--disable-pip-version-check",
      "--no-input",
      "--no-deps",
    ];
    const pinned = [
      "--only-binary=:all:",
      "--require-hashes",
      "--requirement",
      requirements,
      "--dest",
      folder,
    ];
    const options = { env: process.env, timeoutMs: DOWNLOAD_TIMEOUT_MS };
    const { exitCode, stderr, failure } = await runToEnd("python3", [...args, ...pinned], options);
    if (exitCode !== 0) throw new Error(`pip could not fetch ${name}==${version}: ${stderr || failure}`);
    const [file = ""] = await readdir(folder);
    await rename(join(folder, file), target); // whole or not at all
    return target;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
