/**
 * Programs in Go that tests and benches talk to: built once per version of their sources, into the user's cache, where
 * the next run and the next clone find them.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "./cache-folder.ts";
import { findGo } from "./go-toolchain.ts";

/** How often a build says that it is still under way. */
const PROGRESS_MS = 30_000;

export type GoProgram = {
  readonly name: string;
  /** Of its module: `go.mod`, `go.sum` and its sources, none of them in a folder below. */
  readonly folder: string;
  readonly linkerFlags?: string;
  /** The package to build, where it isn't the module's own. */
  readonly package?: string;
  /** Further flags of `go build`. */
  readonly flags?: readonly string[];
  /** It has parts in C. */
  readonly needsC?: boolean;
  /** What whoever waits should know: `some minutes, 134 MB to download`. */
  readonly effort: string;
};

/** The binary's path; built first where it isn't there. Several runs may build at once: each moves a whole one into place. */
export async function buildGoProgram(program: GoProgram, progress: (line: string) => void): Promise<string> {
  const target = await goProgramPath(program);
  if (await isExecutable(target)) return target;
  await mkdir(cacheFolder(), { recursive: true });
  const work = await mkdtemp(join(cacheFolder(), `.${program.name}-`));
  const startedMs = performance.now();
  const elapsed = (): string => `${Math.round((performance.now() - startedMs) / 1_000)} s`;
  progress(`building ${program.name} once, into ${target}: ${program.effort}`);
  const timer = setInterval(() => progress(`still building ${program.name} (${elapsed()})`), PROGRESS_MS);
  try {
    const built = join(work, program.name);
    const flags = program.linkerFlags === undefined ? "-s -w" : `-s -w ${program.linkerFlags}`;
    const args = [
      "build",
      "-trimpath",
      "-buildvcs=false",
      ...(program.flags ?? []),
      "-ldflags",
      flags,
      "-o",
      built,
    ];
    await runGo(await findGo(process.env, progress), program, [...args, program.package ?? "."]);
    await rename(built, target); // whole or not at all
    progress(`built ${program.name} in ${elapsed()}`);
  } finally {
    clearInterval(timer);
    await rm(work, { recursive: true, force: true });
  }
  return target;
}

/** The path of a binary that another command builds; a missing one fails the run, for a test that did not run has not passed. */
export async function requireGoProgram(program: GoProgram, command: string): Promise<string> {
  const path = await goProgramPath(program);
  if (await isExecutable(path)) return path;
  throw new Error(`there is no ${program.name} at ${path}: run \`${command}\``);
}

async function goProgramPath({ name, folder }: GoProgram): Promise<string> {
  const isSource = (file: string): boolean =>
    file === "go.mod" || file === "go.sum" || (file.endsWith(".go") && !file.endsWith("_test.go"));
  const hash = createHash("sha256");
  for (const file of (await readdir(folder)).filter(isSource).sort()) {
    hash.update(await readFile(join(folder, file)));
  }
  return join(cacheFolder(), `${name}-${hash.digest("hex").slice(0, 16)}`);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false, // absent, or not ours to run: it is built
  );
}

async function runGo(
  go: string,
  { folder, needsC = false }: GoProgram,
  args: readonly string[],
): Promise<void> {
  const child = spawn(go, args, {
    cwd: folder,
    env: { ...process.env, CGO_ENABLED: needsC ? "1" : "0" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("error", (cause) => reject(new Error(`can't run \`${go}\``, { cause })));
    child.once("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`\`go ${args[0]}\` ended with ${signal ?? code}`));
    });
  });
}
