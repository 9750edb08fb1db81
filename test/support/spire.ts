import { join } from "node:path";
import { type GoProgram, requireGoProgram } from "./go-program.ts";

const SPIRE = {
  folder: join(import.meta.dirname, "spire"),
  flags: ["-mod=mod"], // go.mod names SPIRE alone
  effort: "some five minutes on two cores",
};

const COMMAND = "make spire";

/** SPIRE's agent, the real peer of the Workload API's client. */
export const SPIRE_AGENT: GoProgram = {
  ...SPIRE,
  name: "spire-agent",
  package: "github.com/spiffe/spire/cmd/spire-agent",
};

/** SPIRE's server; its store is SQLite in C. */
export const SPIRE_SERVER: GoProgram = {
  ...SPIRE,
  name: "spire-server",
  package: "github.com/spiffe/spire/cmd/spire-server",
  needsC: true,
};

/** Where the two programs are; a missing one fails the run. */
export async function requireSpire(): Promise<{ readonly server: string; readonly agent: string }> {
  return {
    server: await requireGoProgram(SPIRE_SERVER, COMMAND),
    agent: await requireGoProgram(SPIRE_AGENT, COMMAND),
  };
}
