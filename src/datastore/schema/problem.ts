/**
 * From zod's findings to issues of ours: plain words, a code of the closed list, and what is allowed.
 *
 * Zod gives the text of a finding through one callback and keeps nothing else of what it knew there, so the text it
 * gets from us is the code, a space, and the message. Findings of our own parsers carry their code in `params`.
 */
import { z } from "zod";
import { ISSUE_CODES, type IssueCode } from "../../base/issue.ts";
import { quote, type ValuePath } from "../locate.ts";
import { nearMiss } from "../near-miss.ts";

/** Something wrong with one value, not yet located. */
export type Problem = {
  readonly code: IssueCode;
  readonly message: string;
  /** UTF-16 units into the value's text. */
  readonly offset?: number | undefined;
};

export type PlacedProblem = Problem & {
  readonly path: ValuePath;
  /** The key at the end of `path` is meant, not its value. */
  readonly key: boolean;
};

/** What a failed `parse` of ours pushes into zod. */
export type ProblemSink = {
  readonly issues: z.core.$ZodRawIssue[];
};

/** Tells zod of a problem found by a parser or a check of ours. */
export function pushProblem(
  sink: ProblemSink,
  problem: Problem,
  path: ValuePath = [],
  input?: unknown,
): void {
  sink.issues.push({
    code: "custom",
    input,
    path: [...path],
    message: problem.message,
    params: { code: problem.code, offset: problem.offset },
  });
}

/** Runs a schema with our messages. On failure every problem found is given, never only the first. */
export function runSchema<T>(
  schema: z.ZodType<T>,
  value: unknown,
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: PlacedProblem[] } {
  const outcome = schema.safeParse(value, { error: describe });
  if (outcome.success) return { ok: true, value: outcome.data };
  return { ok: false, problems: outcome.error.issues.flatMap(toProblems) };
}

/** The value as `schema` reads it, or `fallback` where it can't be read: for what is left of a broken object. */
export function readable<T, F>(schema: z.ZodType<T>, value: unknown, fallback: F): T | F {
  const outcome = schema.safeParse(value);
  return outcome.success ? outcome.data : fallback;
}

function describe(raw: z.core.$ZodRawIssue): string {
  const { code, message } = describeProblem(raw);
  return `${code} ${message}`;
}

function describeProblem(raw: z.core.$ZodRawIssue): Problem {
  if (raw.code === "unrecognized_keys") return { code: "unknown_key", message: knownKeys(raw).join(" ") };
  if (raw.input === undefined) return { code: "missing_field", message: `missing: ${allowed(raw)}` };
  if (raw.input === null) {
    return { code: "bad_value", message: `has no value: write ${allowed(raw)}, or leave the key out` };
  }
  switch (raw.code) {
    case "too_big":
      return { code: "limit", message: `${sizeText(raw.input)}; at most ${String(raw.maximum)} allowed` };
    case "too_small":
      return { code: "bad_value", message: `${sizeText(raw.input)}; at least ${String(raw.minimum)} needed` };
    case "invalid_value":
      return { code: "bad_value", message: wrongWord(raw.input, raw.values.map(String)) };
    default:
      return { code: "bad_value", message: `expected ${allowed(raw)}, got ${describeValue(raw.input)}` };
  }
}

/** What may stand here, in words. */
function allowed(raw: z.core.$ZodRawIssue): string {
  switch (raw.code) {
    case "invalid_type":
      return TYPE_WORDS.get(raw.expected) ?? raw.expected;
    case "invalid_value":
      return raw.values.length === 1
        ? `\`${String(raw.values[0])}\``
        : `one of ${raw.values.map(String).join(", ")}`;
    default:
      return "another value";
  }
}

const TYPE_WORDS: ReadonlyMap<string, string> = new Map([
  ["string", "text"],
  ["number", "a number"],
  ["int", "a whole number"],
  ["boolean", "true or false"],
  ["array", "a list"],
  ["object", "a mapping"],
  ["record", "a mapping"],
]);

/** A value as a message shows it. */
export function describeValue(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "object":
      return "a mapping";
    case "string":
      return `the text ${quote(value)}`;
    case "number":
    case "boolean":
      return `the ${typeof value === "number" ? "number" : "truth value"} \`${String(value)}\``;
    default:
      return typeof value;
  }
}

/** "`Alow` is not one of Allow, Deny: did you mean `Allow`?" */
export function wrongWord(input: unknown, words: readonly string[]): string {
  const shown = typeof input === "string" ? quote(input) : describeValue(input);
  const list = words.length === 1 ? `not \`${words[0]}\`` : `not one of ${words.join(", ")}`;
  const near = typeof input === "string" ? nearMiss(input, words) : undefined;
  return `${shown} is ${list}${near === undefined ? "" : `; did you mean \`${near}\`?`}`;
}

function sizeText(input: unknown): string {
  if (typeof input === "string") return `${input.length} characters`;
  if (Array.isArray(input)) return `${input.length} entries`;
  return `\`${String(input)}\``;
}

function knownKeys(raw: z.core.$ZodRawIssue): string[] {
  return raw.inst instanceof z.ZodObject ? Object.keys(raw.inst.shape) : [];
}

function toProblems(issue: z.core.$ZodIssue): PlacedProblem[] {
  if (issue.code === "custom") {
    const code: unknown = issue.params?.["code"];
    const offset: unknown = issue.params?.["offset"];
    return [
      {
        code: isIssueCode(code) ? code : "bad_value",
        message: issue.message,
        offset: typeof offset === "number" ? offset : undefined,
        path: issue.path,
        key: false,
      },
    ];
  }
  const space = issue.message.indexOf(" ");
  const code = issue.message.slice(0, space);
  const message = issue.message.slice(space + 1);
  if (issue.code === "unrecognized_keys") {
    const known = message === "" ? [] : message.split(" ");
    return issue.keys.map((key) => unknownKey(issue.path, key, known));
  }
  return [{ code: isIssueCode(code) ? code : "bad_value", message, path: issue.path, key: false }];
}

function unknownKey(path: ValuePath, key: string, known: readonly string[]): PlacedProblem {
  const near = nearMiss(key, known);
  const hint = near === undefined ? `; allowed here: ${known.join(", ")}` : `; did you mean \`${near}\`?`;
  return {
    code: "unknown_key",
    message: `unknown key ${quote(key)}${hint}`,
    path: [...path, key],
    key: true,
  };
}

function isIssueCode(code: unknown): code is IssueCode {
  return ISSUE_CODES.some((known) => known === code);
}
