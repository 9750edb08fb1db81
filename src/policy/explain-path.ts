import { type Answer, NO, orAnswers, UNKNOWN, YES } from "./answer.ts";
import { readRulePath } from "./compile/path-column.ts";
import type { PathModel } from "./compile/rule-model.ts";
import type { Flow } from "./flow.ts";
import type { PolicyOptions } from "./options.ts";
import {
  hasReadings,
  type PathReading,
  PROFILE_READINGS,
  pathEnd,
  readPath,
  readReference,
} from "./path-readings.ts";

/** A request's path as one walk sees it. */
export type PathUnderReading = {
  /** `calico` for the reference reading by its own rules. */
  readonly reading: PathReading | "calico";
  /** Undefined: it has no such reading. */
  readonly text: string | undefined;
  /** Calico semantics: does not begin with `/`. */
  readonly isRelative: boolean;
  /** What a path clause answers where there is no reading. */
  readonly unreadable: Answer;
};

/** Every reading of a request's path that has to be judged, in order. */
export function readingsOfPath(flow: Flow, options: PolicyOptions): readonly PathUnderReading[] {
  if (options.semantics === "calico") {
    const isRelative = flow.hasHttp && !flow.path.startsWith("/");
    const text = isRelative ? undefined : readReference(flow.path);
    return [{ reading: "calico", text, isRelative, unreadable: NO }];
  }
  const cut = flow.path.slice(0, pathEnd(flow.path));
  const readable = flow.hasHttp && hasReadings(cut);
  const readings = readable ? PROFILE_READINGS[options.pathProfile] : (["literal"] as const);
  return readings.map((reading) => ({
    reading,
    text: readable ? readPath(cut, reading) : undefined,
    isRelative: false,
    unreadable: UNKNOWN,
  }));
}

/** What a rule's paths say to a path, string by string. */
export function pathAnswer(
  paths: readonly PathModel[],
  path: PathUnderReading,
): { readonly answer: Answer; readonly why: string } {
  const asked = paths.map(({ kind, path: text }) => `${kind} ${text}`).join(" or ");
  const { text } = path;
  if (text === undefined) {
    return { answer: path.unreadable, why: `asks for ${asked}; the path has no certain reading` };
  }
  let answer: Answer = NO;
  for (const model of paths) {
    const own = readRulePath(model, path.reading);
    if (own !== undefined) answer = orAnswers(answer, comparePaths(model.kind, own, text));
  }
  const hint = answer === UNKNOWN ? ", which differs by a trailing / only" : "";
  return { answer, why: `asks for ${asked}; the path is ${text}${hint}` };
}

function comparePaths(kind: "exact" | "prefix", own: string, text: string): Answer {
  if (own === text || (kind === "prefix" && own === "/")) return YES;
  if (`${own}/` === text || own === `${text}/`) return UNKNOWN;
  if (kind === "exact") return NO;
  return text.startsWith(own.endsWith("/") ? own : `${own}/`) ? YES : NO;
}
