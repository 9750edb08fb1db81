/** The demo's table: one line a question, as it is answered. Plain text, with colour on a terminal. */
import type { Paint } from "../terminal.ts";
import { CALLERS } from "./callers.ts";
import type { Expectation, Question, Scene } from "./scenes.ts";
import type { Observation } from "./stage.ts";

/** Where lines go, and how they look there. */
export type Printer = { readonly write: (text: string) => unknown; readonly paint: Paint };

const CALLER_WIDTH = 31;
const REQUEST_WIDTH = 32;
const ANSWER_WIDTH = 15;

export function writeTitle(printer: Printer, title: string): void {
  printer.write(`\n${printer.paint("strong", title)}\n`);
}

/** A line of its own for what isn't a question. */
export function writeLine(printer: Printer, text: string): void {
  printer.write(`${text}\n`);
}

/** Write the line of one question; false if the answer is not the expected one, which the line then says. */
export function writeScene(printer: Printer, scene: Scene, seen: Observation): boolean {
  const wrong = differences(scene.expect, seen);
  const allowed =
    seen.answer.kind === "connected" || (seen.answer.kind === "http" && seen.answer.status < 400);
  const mark = wrong.length === 0 ? printer.paint("good", "ok ") : printer.paint("bad", "BAD");
  const verdict = (allowed ? "allow " : "deny ") + answerText(seen);
  const note = scene.note === undefined ? "" : printer.paint("faint", `  (${scene.note})`);
  printer.write(
    `${mark} ${CALLERS[scene.caller].name.padEnd(CALLER_WIDTH)}${requestText(scene).padEnd(REQUEST_WIDTH)}` +
      `${printer.paint(allowed ? "good" : "bad", verdict.padEnd(ANSWER_WIDTH))}  ${whyText(scene.expect, seen)}${note}\n`,
  );
  for (const line of wrong) printer.write(`      ${printer.paint("bad", line)}\n`);
  return wrong.length === 0;
}

/** The answer as a test compares it: a status, `connected` or `refused`. */
export function answerText(seen: Observation): string {
  return seen.answer.kind === "http" ? String(seen.answer.status) : seen.answer.kind;
}

/** What is not as expected, a sentence each; empty when all is well. */
export function differences(expect: Expectation, seen: Observation): readonly string[] {
  const wrong: string[] = [];
  const check = (what: string, wanted: string, got: string): void => {
    if (wanted !== got) wrong.push(`${what}: expected ${wanted}, got ${got}`);
  };
  check("answer", String(expect.answer), answerText(seen));
  if ("byEnvoy" in expect) {
    if (seen.decision !== undefined)
      wrong.push("Ephor was asked, though Envoy should have refused by itself");
    return wrong;
  }
  check("rule", expect.rule, seen.decision?.rule ?? "no decision");
  check("reason", "reason" in expect ? expect.reason : "", seen.decision?.reason ?? "no decision");
  return wrong;
}

function requestText(question: Question): string {
  if (question.http === undefined) return `TCP to ${question.to}`;
  return `${question.http.method} ${question.http.path}`;
}

function whyText(expect: Expectation, seen: Observation): string {
  const { decision } = seen;
  if (decision === undefined) return `Envoy itself: ${"byEnvoy" in expect ? expect.byEnvoy : seen.details}`;
  return decision.reason === "" ? decision.rule : `${decision.rule}: ${decision.reason}`;
}
