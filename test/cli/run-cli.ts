import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "../../src/cli/program.ts";

export type CliResult = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

export type CliOptions = {
  readonly env?: Record<string, string>;
  readonly stdin?: string;
  readonly isTTY?: boolean;
};

/** Runs a command line in this process, as somebody at a pipe would see it unless told otherwise. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  let stdout = "";
  let stderr = "";
  const isTTY = options.isTTY ?? false;
  const exitCode = await runProgram(args, {
    stdout: { write: (text) => (stdout += text), isTTY },
    stderr: { write: (text) => (stderr += text), isTTY },
    stdin: (async function* () {
      yield Buffer.from(options.stdin ?? "");
    })(),
    env: options.env ?? {},
  });
  return { exitCode, stdout, stderr };
}

/** Compares with `test/cli/golden/NAME`; `UPDATE_GOLDEN=1` writes it instead (`make golden`). */
export function assertGolden(name: string, actual: string): void {
  const path = fileURLToPath(new URL(`golden/${name}`, import.meta.url));
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, actual);
    return;
  }
  assert.ok(existsSync(path), `${path} is missing: make golden writes it`);
  assert.equal(actual, readFileSync(path, "utf8"), `differs from ${path}; make golden rewrites it`);
}
