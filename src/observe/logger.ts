import { destination, type Logger as PinoLogger, pino, stdTimeFunctions } from "pino";
import { LOG_BUFFER_MAX_BYTES } from "../base/limits.ts";
import type { LogLevel } from "./log-level.ts";

/** What rooms log with: fields first, then one short sentence. */
export type Logger = Pick<PinoLogger, "debug" | "info" | "warn" | "error" | "isLevelEnabled">;

/**
 * A logger that writes one JSON object a line to standard error.
 *
 * Writing never waits for the reader: a log collector that stops reading must not stop decisions. What does not fit
 * into LOG_BUFFER_MAX_BYTES is dropped; what is buffered is written when the process exits.
 */
export function createLogger(options: { readonly level: LogLevel }): Logger {
  const stderr = destination({ dest: 2, sync: false, maxLength: LOG_BUFFER_MAX_BYTES });
  return createLoggerTo(stderr, options);
}

/** As `createLogger`, to a stream of the caller's; each line is one `write`. */
export function createLoggerTo(
  stream: { write(line: string): unknown },
  options: { readonly level: LogLevel },
): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => void stream.write(line) },
  );
}
