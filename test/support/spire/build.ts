/** Builds SPIRE's server and agent, by `make spire`. */
import { buildGoProgram } from "../go-program.ts";
import { SPIRE_AGENT, SPIRE_SERVER } from "../spire.ts";

for (const program of [SPIRE_AGENT, SPIRE_SERVER]) {
  await buildGoProgram(program, (line) => process.stdout.write(`${line}\n`));
}
