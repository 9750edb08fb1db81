/**
 * Builds the API server that the integration tests talk to. The first build takes some ten minutes of processor time.
 *
 * Usage: node test/control-plane/build.ts, or `make control-plane`. Prints the path of the binary.
 */
import { buildGoProgram, type GoProgram, requireGoProgram } from "../support/go-program.ts";

const VERSION = "v1.36.3";

const CONTROL_PLANE: GoProgram = {
  name: "control-plane",
  folder: import.meta.dirname,
  linkerFlags: `-X k8s.io/component-base/version.gitVersion=${VERSION}`,
  effort: `kube-apiserver ${VERSION}, some minutes, 134 MB to download`,
};

/** The binary's path; built first where it isn't there. */
export async function buildControlPlane(progress: (line: string) => void): Promise<string> {
  return await buildGoProgram(CONTROL_PLANE, progress);
}

/** The binary's path; a missing one fails the run, for a test that did not run has not passed. */
export async function requireControlPlane(): Promise<string> {
  return await requireGoProgram(CONTROL_PLANE, "make control-plane");
}

if (import.meta.main) console.log(await buildControlPlane((line) => console.error(line)));
