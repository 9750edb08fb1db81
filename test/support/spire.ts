/** A real SPIRE server and agent: built once from Go modules into the user's cache folder, by `make spire`. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const SOURCES = new URL("spire/", import.meta.url);

/** Keyed by the sources, so that another version is built anew and the same one never. */
export function spireFolder(): string {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(new URL(file, SOURCES)));
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(cache, "ephor", `spire-${hash.digest("hex").slice(0, 12)}`);
}

/** Where the two programs are; a missing one fails the run, for a test that did not run has not passed. */
export function requireSpire(): { readonly server: string; readonly agent: string } {
  const folder = spireFolder();
  const programs = { server: join(folder, "spire-server"), agent: join(folder, "spire-agent") };
  if (!existsSync(programs.server) || !existsSync(programs.agent)) {
    throw new Error(`SPIRE is not in ${folder}: \`make spire\` builds it, in some ten minutes on two cores`);
  }
  return programs;
}
