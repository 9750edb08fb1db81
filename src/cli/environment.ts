import type { Command, Option } from "commander";
import { RepeatableFlag } from "./flags.ts";
import { type Io, UsageError } from "./io.ts";

/** The environment twin of a flag: `--path-profile` is `EPHOR_PATH_PROFILE`. */
export function environmentName(option: Option): string {
  return `EPHOR_${(option.long ?? "").replace(/^--/, "").replaceAll("-", "_").toUpperCase()}`;
}

/**
 * Gives every flag that the command line left out the value of its environment twin.
 *
 * Ours rather than the library's own: there a switch is on whatever its variable says, `false` too, and a repeatable
 * flag takes one value only. Here a switch reads true or false, a repeatable flag a list with commas, and an empty
 * variable counts as absent.
 */
export function applyEnvironment(command: Command, env: Io["env"]): void {
  for (const option of command.options) {
    const key = option.attributeName();
    const name = environmentName(option);
    const text = env[name];
    if (text === undefined || text === "" || command.getOptionValueSource(key) === "cli") continue;
    try {
      command.setOptionValueWithSource(key, readOption(option, text), "env");
    } catch (error) {
      throw new UsageError(`environment variable ${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
}

function readOption(option: Option, text: string): unknown {
  if (option.isBoolean() || option.negate) return readSwitch(text) !== option.negate;
  const parts = option instanceof RepeatableFlag ? text.split(",").map((part) => part.trim()) : [text];
  let value: unknown;
  for (const part of parts) {
    value = option.parseArg === undefined ? part : option.parseArg(part, value);
  }
  return value;
}

function readSwitch(text: string): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw new UsageError(`\`${text}\` is neither true nor false`);
}
