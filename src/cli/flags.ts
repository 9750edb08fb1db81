import { InvalidArgumentError, Option } from "commander";
import { err, ok, type Result } from "../base/result.ts";

/** Reads a flag's text; an error says what is allowed, without repeating the text. */
export type ReadFlag<T> = (text: string) => Result<T, string>;

/** A flag that takes one value, as in `--method <name>`. */
export function flag<T>(flags: string, description: string, read: ReadFlag<T>): Option {
  return new Option(flags, description).argParser((text) => readOrThrow(text, read));
}

/** A flag whose values add up: each use gives one more, its environment twin a list with commas. */
export class RepeatableFlag<T> extends Option {
  constructor(flags: string, description: string, read: ReadFlag<T>) {
    super(flags, `${description} (repeatable)`);
    this.argParser((text: string, previous: readonly T[] | undefined) => [
      ...(previous ?? []),
      readOrThrow(text, read),
    ]);
  }
}

/** A flag that is given or not, as in `--require-identity`. */
export function toggle(flags: string, description: string): Option {
  return new Option(flags, description);
}

/** A flag that takes one word of a closed list. */
export class ChoiceFlag extends Option {
  readonly words: readonly string[];

  /** @param refusals what to say of some of the words that are not in the list. */
  constructor(
    flags: string,
    description: string,
    words: readonly string[],
    refusals: ReadonlyMap<string, string> = new Map(),
  ) {
    super(flags, `${description}: ${words.join(", ")}`);
    this.words = words;
    this.argParser((text: string) =>
      readOrThrow(text, (word) =>
        words.includes(word) ? ok(word) : err(refusals.get(word) ?? `not one of ${words.join(", ")}`),
      ),
    );
  }
}

/** The same, for flags without such words. */
export function choice(flags: string, description: string, words: readonly string[]): ChoiceFlag {
  return new ChoiceFlag(flags, description, words);
}

/** Any text but the empty one. */
export function readText(text: string): Result<string, string> {
  return text === "" ? err("empty") : ok(text);
}

export function readPort(text: string): Result<number, string> {
  const port = Number(text);
  return /^[0-9]{1,5}$/.test(text) && port >= 1 && port <= 65_535
    ? ok(port)
    : err("not a port between 1 and 65535");
}

/** `500ms`, `30s`, `5m` or `1h`, as milliseconds. */
export function readDurationMs(text: string): Result<number, string> {
  const match = /^([0-9]{1,10})(ms|s|m|h)$/.exec(text);
  if (match === null) return err("not a duration such as 500ms, 30s, 5m or 1h");
  const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match[2] as "ms" | "s" | "m" | "h"];
  const durationMs = Number(match[1]) * unitMs;
  // A timer of Node's fires at once when it is set to more.
  return durationMs <= 2_147_483_647 ? ok(durationMs) : err("longer than 24 days");
}

/** An octal file mode of three or four digits without set-id bits, such as 0660. */
export function readFileMode(text: string): Result<number, string> {
  return /^0?[0-7]{3}$/.test(text) ? ok(Number.parseInt(text, 8)) : err("not an octal mode such as 0660");
}

/** `NAMESPACE/NAME`. */
export function readNamespacedName(text: string): Result<{ namespace: string; name: string }, string> {
  const match = /^([a-z0-9]([-a-z0-9]*[a-z0-9])?)\/([a-z0-9]([-.a-z0-9]*[a-z0-9])?)$/.exec(text);
  if (match === null) return err("not NAMESPACE/NAME");
  return ok({ namespace: match[1] ?? "", name: match[3] ?? "" });
}

function readOrThrow<T>(text: string, read: ReadFlag<T>): T {
  const result = read(text);
  if (!result.ok) throw new InvalidArgumentError(result.error);
  return result.value;
}
