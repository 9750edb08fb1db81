/** Editing policy while requests come in, and watching the change take effect. */

import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import { systemClock } from "../../base/clock.ts";
import { awaitCondition } from "./child-process.ts";
import { differences } from "./scene-table.ts";
import type { Scene } from "./scenes.ts";
import type { Observation, Stage } from "./stage.ts";

export type PolicyEdit = {
  /** What is done, for the reader: `catalogue.yaml: methods [GET, HEAD, DELETE]`. */
  readonly title: string;
  readonly file: string;
  /** The object that it is about. */
  readonly object: string;
  /** Replaced once; must be there. */
  readonly from: string;
  readonly to: string;
  /** A question whose answer the edit changes to this; or, for a broken file, does not. */
  readonly effect: Scene;
  /** The file is broken: the sidecar has to complain, naming it, and all stays as it was. */
  readonly broken?: boolean;
};

const DELETE_ITEM = { method: "DELETE", path: "/v1/items/7" };
const READ_CATALOGUE = "NetworkPolicy shop/read-catalogue rule 0";

export const EDITS: readonly PolicyEdit[] = [
  {
    title: "catalogue.yaml: the shop front may DELETE too",
    file: "catalogue.yaml",
    object: "NetworkPolicy shop/read-catalogue",
    from: "methods: [GET, HEAD]",
    to: "methods: [GET, HEAD, DELETE]",
    effect: { caller: "web", to: "https", http: DELETE_ITEM, expect: { answer: 200, rule: READ_CATALOGUE } },
  },
  {
    title: "catalogue.yaml: a typing mistake; the last good state stays in force",
    file: "catalogue.yaml",
    object: "NetworkPolicy shop/read-catalogue",
    from: "serviceAccounts: { names: [web] }",
    to: "serviceAcounts: { names: [web] }",
    effect: { caller: "web", to: "https", http: DELETE_ITEM, expect: { answer: 200, rule: READ_CATALOGUE } },
    broken: true,
  },
  {
    title: "catalogue.yaml: put right, and DELETE taken back",
    file: "catalogue.yaml",
    object: "NetworkPolicy shop/read-catalogue",
    from: "serviceAcounts: { names: [web] }\n      http:\n        methods: [GET, HEAD, DELETE]",
    to: "serviceAccounts: { names: [web] }\n      http:\n        methods: [GET, HEAD]",
    effect: {
      caller: "web",
      to: "https",
      http: DELETE_ITEM,
      expect: { answer: 403, rule: "tier default", reason: "tier_default" },
    },
  },
  {
    title: "planned.yaml: the staged policy comes into force",
    file: "planned.yaml",
    object: "StagedNetworkPolicy shop/no-worker-calls",
    from: "kind: StagedNetworkPolicy",
    to: "kind: NetworkPolicy",
    effect: {
      caller: "worker",
      to: "https",
      http: { method: "POST", path: "/jobs/reindex" },
      expect: { answer: 403, rule: "NetworkPolicy shop/no-worker-calls rule 0", reason: "rule" },
    },
  },
];

/** Generous: a busy machine must not fail the demo; the time itself is printed. */
const EFFECT_TIMEOUT_MS = 10_000;

/** Where edits go. */
export type EditTarget = {
  /** Resolves when it is saved; with why, if it is refused at the door. */
  save(edit: PolicyEdit): Promise<string | undefined>;
  /** Lines logged so far by who reads the policies. */
  readonly log: readonly string[];
  /** What such a line has, if it complains about the edit. */
  complaint(edit: PolicyEdit): string;
};

/** Files that are read by the stage's sidecar, or by a node agent. */
export function fileTarget({ policies, sidecar }: Stage): EditTarget {
  return {
    save: async (edit) => {
      const path = join(policies, edit.file);
      const text = await readFile(path, "utf8");
      // As editors save: beside it, then renamed over it.
      await writeFile(`${path}.new`, editedText(edit, text));
      await rename(`${path}.new`, path);
      return undefined;
    },
    log: sidecar.log,
    complaint: ({ file }) => file,
  };
}

/** What becomes of a file's text. */
export function editedText({ file, from, to }: PolicyEdit, text: string): string {
  assert(text.split(from).length === 2, `\`${from}\` is in ${file} once`);
  return text.replace(from, to);
}

/**
 * Save the edit and ask until the answer is the expected one.
 *
 * @returns the last answer, milliseconds from the save to the sending of the first request that got it, and why it was
 * refused at the door, if it was.
 */
export async function applyEdit(
  stage: Stage,
  edit: PolicyEdit,
  target: EditTarget,
): Promise<{ readonly seen: Observation; readonly afterMs: number; readonly refusal: string | undefined }> {
  const logged = target.log.length;
  const refusal = await target.save(edit);
  const savedAt = systemClock.nowMs();
  let askedAt = savedAt;
  let seen: Observation | undefined;
  const ask = async (): Promise<boolean> => {
    askedAt = systemClock.nowMs();
    seen = await stage.ask(edit.effect);
    return differences(edit.effect.expect, seen).length === 0;
  };
  const complained = (): boolean =>
    target.log.slice(logged).some((line) => line.includes(target.complaint(edit)));
  const options = { timeoutMs: EFFECT_TIMEOUT_MS, process: stage.sidecar.process, intervalMs: 2 };
  if (edit.broken === true && refusal === undefined)
    await awaitCondition(`Ephor complains about ${edit.file}`, complained, options);
  await awaitCondition(`the edit of ${edit.file} takes effect`, ask, options).catch((reason: unknown) => {
    if (seen === undefined) throw reason; // else the table says what the answer is instead
  });
  assert(seen !== undefined, "the question was asked at least once");
  return { seen, afterMs: askedAt - savedAt, refusal };
}
