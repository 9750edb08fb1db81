/**
 * Builds the API server that the integration tests talk to, once per version of its sources, into the user's cache,
 * where the next run and the next clone find it. The first build takes some ten minutes of processor time.
 *
 * Usage: node test/control-plane/build.ts, or `make control-plane`. Prints the path of the binary.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { access, constants, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** How often a build says that it is still under way. */
const PROGRESS_MS = 30_000;
const VERSION = "v1.36.3";
const LINKER_FLAGS = `-s -w -X k8s.io/component-base/version.gitVersion=${VERSION}`;

/** The binary's path; built first where it isn't there. */
export async function buildControlPlane(progress: (line: string) => void): Promise<string> {
  const target = await controlPlanePath();
  if (await isExecutable(target)) return target;
  const caches = join(target, "..");
  await mkdir(caches, { recursive: true });
  const work = await mkdtemp(join(caches, ".control-plane-"));
  const startedMs = performance.now();
  const elapsed = (): string => `${Math.round((performance.now() - startedMs) / 1_000)} s`;
  progress(`building kube-apiserver ${VERSION} once, into ${target}: some minutes, 134 MB to download`);
  const timer = setInterval(() => progress(`still building kube-apiserver (${elapsed()})`), PROGRESS_MS);
  try {
    const built = join(work, "control-plane");
    await run("go", ["build", "-trimpath", "-ldflags", LINKER_FLAGS, "-o", built, "."]);
    await rename(built, target); // whole or not at all
    progress(`built kube-apiserver in ${elapsed()}`);
  } finally {
    clearInterval(timer);
    await rm(work, { recursive: true, force: true });
  }
  return target;
}

/** The binary's path; a missing one fails the run, for a test that did not run has not passed. */
export async function requireControlPlane(): Promise<string> {
  const path = await controlPlanePath();
  if (await isExecutable(path)) return path;
  throw new Error(`there is no API server at ${path}: run \`make control-plane\``);
}

/** `${XDG_CACHE_HOME:-~/.cache}/ephor/control-plane-<hash of its sources>` (XDG Base Directory: a relative one is ignored). */
async function controlPlanePath(): Promise<string> {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum", "main.go"])
    hash.update(await readFile(join(import.meta.dirname, file)));
  const { XDG_CACHE_HOME: xdg = "", HOME: home = homedir() } = process.env;
  const cache = isAbsolute(xdg) ? xdg : join(home, ".cache");
  return join(cache, "ephor", `control-plane-${hash.digest("hex").slice(0, 16)}`);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false, // absent, or not ours to run: it is built
  );
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, {
    cwd: import.meta.dirname,
    env: { ...process.env, CGO_ENABLED: "0" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("error", (cause) =>
      reject(new Error(`can't run \`${command}\`: is Go installed?`, { cause })),
    );
    child.once("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`\`${command} ${args[0]}\` ended with ${signal ?? code}`));
    });
  });
}

if (import.meta.main) console.log(await buildControlPlane((line) => console.error(line)));
