import { join } from "node:path";
import { type GoProgram, requireGoProgram } from "./go-program.ts";

const CONFORMANCE = {
  folder: join(import.meta.dirname, "conformance"),
  effort: "a minute of processor time",
};

/** A conformance suite for HTTP/2 and HPACK. */
export const H2SPEC: GoProgram = {
  ...CONFORMANCE,
  name: "h2spec",
  package: "github.com/summerwind/h2spec/cmd/h2spec",
};

/** grpc-go's client of gRPC's interoperability tests. */
export const GRPC_INTEROP_CLIENT: GoProgram = {
  ...CONFORMANCE,
  name: "grpc-interop-client",
  package: "google.golang.org/grpc/interop/client",
};

/** The path of one of them; a missing one fails the run. */
export async function requireConformanceTool(program: GoProgram): Promise<string> {
  return await requireGoProgram(program, "make conformance-tools");
}
