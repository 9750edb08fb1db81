/** Running other programs: to their end, or beside us until we stop them. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { systemClock } from "../../base/clock.ts";

/** Output kept of a program, for the message when it fails; more is dropped from the front. */
const OUTPUT_MAX_CHARS = 16_384;

export type RunResult = {
  /** Undefined where it did not start, or was ended by a signal or the timeout. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Why there is no exit code; else how it ended. */
  readonly failure: string;
};

/** Run a program to its end; never throws for what the program does. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly timeoutMs: number },
): Promise<RunResult> {
  const child = spawn(command, args, {
    env: options.env,
    timeout: options.timeoutMs,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout = (stdout + chunk.toString()).slice(-OUTPUT_MAX_CHARS);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-OUTPUT_MAX_CHARS);
  });
  try {
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    const failure = code === null ? `ended by ${signal}` : `exit ${code}`;
    return { exitCode: code ?? undefined, stdout, stderr, failure };
  } catch (reason) {
    return { exitCode: undefined, stdout, stderr, failure: `can't be run: ${String(reason)}` };
  }
}

export type BackgroundOptions = {
  /** For messages: `envoy`, `ephor sidecar`. */
  readonly name: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Each line that it prints. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
};

/** Children that must not outlive us, however we end. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A program running beside us. Ends with us at the latest. */
export class BackgroundProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<string>;
  #output = "";
  #ended: string | undefined;

  constructor(command: string, args: readonly string[], options: BackgroundOptions) {
    this.name = options.name;
    this.#child = spawn(command, args, {
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(this.#child);
    for (const stream of ["stdout", "stderr"] as const) {
      createInterface({ input: this.#child[stream]! }).on("line", (line) => {
        this.#output = `${this.#output}${line}\n`.slice(-OUTPUT_MAX_CHARS);
        options.onLine?.(line, stream);
      });
    }
    this.#exited = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#ended ??= how;
        running.delete(this.#child);
        resolve(this.#ended);
      };
      this.#child.once("error", (error) => end(`can't be run: ${error.message}`));
      this.#child.once("close", (code, signal) => end(code === null ? `ended by ${signal}` : `exit ${code}`));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** `exit 0`, `ended by SIGKILL`, …; undefined while it runs. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Settles when it has ended and all its output was read; never rejects. */
  get exited(): Promise<string> {
    return this.#exited;
  }

  /** The last of what it printed. */
  get output(): string {
    return this.#output;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#ended === undefined) this.#child.kill(signal);
  }

  /** Ask it to end; after `timeoutMs` make it. Returns how it ended. */
  async stop(timeoutMs: number): Promise<string> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), timeoutMs);
    const how = await this.#exited;
    clearTimeout(timer);
    return how;
  }
}

/**
 * Await a condition by asking it again, until it holds, the process it is about has ended, or time is over.
 *
 * @throws with what was awaited and the last output of the process.
 */
export async function awaitCondition(
  what: string,
  condition: () => Promise<boolean> | boolean,
  options: { readonly timeoutMs: number; readonly process?: BackgroundProcess; readonly intervalMs?: number },
): Promise<void> {
  const deadline = systemClock.nowMs() + options.timeoutMs;
  while (!(await condition())) {
    const child = options.process;
    const output = child === undefined ? "" : `\n${child.output}`;
    if (child?.ended !== undefined) {
      throw new Error(`${child.name} ended (${child.ended}) before ${what}${output}`);
    }
    if (systemClock.nowMs() > deadline) throw new Error(`not in ${options.timeoutMs} ms: ${what}${output}`);
    await new Promise((resolve) => setTimeout(resolve, options.intervalMs ?? 10));
  }
}
