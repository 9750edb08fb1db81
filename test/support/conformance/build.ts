/** Builds the programs that the transport is held against, by `make conformance-tools`. */
import { GRPC_INTEROP_CLIENT, H2SPEC } from "../conformance.ts";
import { buildGoProgram } from "../go-program.ts";

for (const program of [H2SPEC, GRPC_INTEROP_CLIENT]) {
  await buildGoProgram(program, (line) => process.stdout.write(`${line}\n`));
}
