import { toError } from "../base/assert.ts";
import { IssuesError } from "../base/issue.ts";
import type { Logger } from "../observe/index.ts";
import { EXIT_OK, EXIT_USAGE, type Io, UsageError } from "./io.ts";
import { countIssues, formatIssues } from "./render-issues.ts";
import { paintFor } from "./terminal.ts";

/** A process that runs until it is asked to stop. */
export type Service = {
  start(): Promise<void>;
  stop(): Promise<void>;
};

const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Starts it, waits for a signal, stops it, and gives the exit code.
 *
 * @param source where its policy comes from, for the message if it can't be used.
 */
export async function runService(io: Io, log: Logger, source: string, service: Service): Promise<number> {
  // From here on, so that a signal while policy is read is not lost.
  const stop = awaitStopSignal();
  try {
    await service.start();
  } catch (reason) {
    stop.giveUp();
    return explainStart(io, source, reason);
  }
  log.info({ signal: await stop.received }, "stopping");
  await service.stop();
  return EXIT_OK;
}

function explainStart(io: Io, source: string, reason: unknown): number {
  const paint = paintFor(io.stderr, io.env);
  if (!(reason instanceof IssuesError)) throw new UsageError(toError(reason).message);
  io.stderr.write(formatIssues(reason.issues, io.stderr.isTTY === true, paint));
  io.stderr.write(`${paint("bad", "error:")} ${source} can't be used: ${countIssues(reason.issues)}\n`);
  return EXIT_USAGE;
}

/** The first signal that asks to stop; a second one ends the process at once, as if nobody listened. */
function awaitStopSignal(): { readonly received: Promise<NodeJS.Signals>; readonly giveUp: () => void } {
  let stop: NodeJS.SignalsListener = () => {};
  const giveUp = (): void => {
    for (const each of STOP_SIGNALS) process.off(each, stop);
  };
  const received = new Promise<NodeJS.Signals>((resolve) => {
    stop = (signal) => {
      giveUp();
      resolve(signal);
    };
  });
  for (const each of STOP_SIGNALS) process.on(each, stop);
  return { received, giveUp };
}
