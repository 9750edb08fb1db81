/** What a command sees of the process it runs in; tests give their own. */
export type Io = {
  /** Results. */
  readonly stdout: Output;
  /** Everything else: what is wrong, and how things stand. */
  readonly stderr: Output;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
};

export type Output = {
  write(text: string): unknown;
  /** Whether a person looks at it. */
  readonly isTTY?: boolean;
  readonly columns?: number;
};

/** What every command is made with. */
export type CommandContext = {
  readonly io: Io;
  /** Sets the exit code; a command that never calls it ends with EXIT_OK. */
  readonly finish: (exitCode: number) => void;
};

/** Allowed, valid, or done. */
export const EXIT_OK = 0;
/** Denied or invalid. */
export const EXIT_REFUSED = 1;
/** The command could not be carried out as given: a wrong flag, a file that can't be read, a policy directory that is broken. */
export const EXIT_USAGE = 2;

/** A mistake of whoever gave the command; the message says what is allowed. Ends the command with EXIT_USAGE. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
