/**
 * Where mutants are made and tried: a copy of the sources and tests, one change at a time, put back afterwards.
 *
 * The copy has its own `src` and `test` and shares `node_modules`, so that a test there imports the changed sources.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutant, MutantList } from "./mutant.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Folders of the repository that tests read. */
const COPIED = ["src", "test/policy", "test/properties", "test/support", "test/vectors", "package.json"];

/** Longer than any suite here takes on a busy machine; a mutant that hangs counts as caught. */
const TIMEOUT_MS = 120_000;

/** Cases per suite; the first that fails ends it. */
const RUNS = "6000";

/** A test that failed by what it found, as TAP says it. */
const FAILURE = /not ok[\s\S]*(Property failed|AssertionError|ERR_ASSERTION|broken (promise|invariant))/;

export type Outcome = {
  readonly caught: boolean;
  readonly elapsedMs: number;
  /** The first line of what failed, or why it does not count. */
  readonly said: string;
};

export class Workshop {
  readonly #directory: string;

  constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), "ephor-mutants-"));
    for (const path of COPIED) {
      const target = join(this.#directory, path);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(ROOT, path), target, { recursive: true });
    }
    for (const shared of ["node_modules", "proto"])
      symlinkSync(join(ROOT, shared), join(this.#directory, shared));
  }

  /** Runs tests against the sources as they are. They have to pass, or catching mutants means nothing. */
  async tryUnchanged(tests: readonly string[]): Promise<Outcome> {
    return this.#run(tests);
  }

  /** Runs tests against one mutant, which has to fit. */
  async tryMutant(mutant: Mutant, tests: readonly string[]): Promise<Outcome> {
    const file = join(this.#directory, "src", mutant.file);
    const original = readFileSync(file, "utf8");
    writeFileSync(
      file,
      original.replace(mutant.find, () => mutant.replace),
    );
    try {
      return await this.#run(tests);
    } finally {
      writeFileSync(file, original);
    }
  }

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #run(tests: readonly string[]): Promise<Outcome> {
    const startMs = performance.now();
    for (const test of tests) {
      const { code, output } = await this.#runTest(test);
      const elapsedMs = performance.now() - startMs;
      if (code === 0) continue;
      if (FAILURE.test(output)) return { caught: true, elapsedMs, said: firstFailure(output) };
      // A mutant that does not even load is none: it has to be refuted by a test.
      if (code !== undefined)
        return { caught: false, elapsedMs, said: `no test ran: ${output.slice(0, 200)}` };
      return { caught: true, elapsedMs, said: "did not end" };
    }
    return { caught: false, elapsedMs: performance.now() - startMs, said: "all tests pass" };
  }

  #runTest(test: string): Promise<{ readonly code: number | undefined; readonly output: string }> {
    const path = join("test", test);
    const child = spawn(process.execPath, ["--test-reporter=tap", path], {
      cwd: this.#directory,
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, EPHOR_RUNS: RUNS, EPHOR_SHRINK: "0" },
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
    });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += String(chunk);
      // One failure is enough; what other tests of the file say does not matter.
      if (FAILURE.test(output)) child.kill("SIGKILL");
    });
    child.stderr.on("data", (chunk) => {
      output += String(chunk);
    });
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code: code ?? undefined, output }));
    });
  }
}

/** The mutants whose text is not in the sources exactly once, each with what to do about it. */
export function findMisfits(lists: readonly MutantList[]): string[] {
  return lists
    .flatMap((list) => list.mutants)
    .flatMap((mutant) => {
      const source = readFileSync(join(ROOT, "src", mutant.file), "utf8");
      const count = source.split(mutant.find).length - 1;
      return count === 1
        ? []
        : [`src/${mutant.file} has the text of mutant \`${mutant.name}\` ${count} times, not once`];
    });
}

function firstFailure(output: string): string {
  return /not ok [0-9]+ - (.*)/.exec(output)?.[1] ?? "";
}
