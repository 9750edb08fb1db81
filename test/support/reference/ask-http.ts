/** Clauses about the HTTP part. */
import type { HttpMatch, HttpPathMatch } from "../../../src/policy/messages.ts";
import { type Answer, any, fromBoolean } from "./answers.ts";
import type { Clause } from "./clauses.ts";
import { cutTarget, encodeRulePath, type Reading, readPath, whyUnreadable } from "./paths.ts";
import type { Question } from "./question.ts";

export function askHttp(question: Question, http: HttpMatch | undefined): Clause[] {
  if (http === undefined) return [];
  const { flow, options } = question;
  const isBroken = http.paths.some((entry) => textOf(entry) === "");
  if (!flow.hasHttp) {
    const answer = options.semantics === "calico" && !isBroken ? "yes" : "unknown";
    return [{ name: "http", side: undefined, answer, doubt: isBroken ? "policy_broken" : "no_http" }];
  }
  const clauses: Clause[] = [];
  if (http.methods.length > 0) {
    const matches = http.methods.includes("*") || http.methods.includes(flow.method);
    clauses.push({ name: "methods", side: undefined, answer: fromBoolean(matches), doubt: undefined });
  }
  if (http.paths.length > 0) {
    const answer = isBroken ? "unknown" : askPaths(question, http.paths);
    const doubt = isBroken ? "policy_broken" : "path_ambiguous";
    clauses.push({ name: "paths", side: undefined, answer, doubt });
  }
  return clauses;
}

function textOf(entry: HttpPathMatch): string {
  return "exact" in entry ? entry.exact : entry.prefix;
}

function askPaths(question: Question, paths: readonly HttpPathMatch[]): Answer {
  const { flow, options, reading } = question;
  if (reading === undefined) return "unknown";
  const path = readPath(reading, cutTarget(flow.path));
  if (path === undefined) return options.semantics === "calico" ? "no" : "unknown";
  return any(paths.map((entry) => askPath(question, path, entry, reading)));
}

function askPath(question: Question, path: string, entry: HttpPathMatch, reading: Reading): Answer {
  const own = ruleReading(question, textOf(entry), reading);
  if (own === undefined) return "no";
  if (path === own || ("prefix" in entry && own === "/")) return "yes";
  if (`${path}/` === own || path === `${own}/`) return "unknown";
  if ("exact" in entry) return "no";
  return fromBoolean(path.startsWith(own.endsWith("/") ? own : `${own}/`));
}

/** A rule's own path takes the same reading; one that has none never matches. */
function ruleReading(question: Question, text: string, reading: Reading): string | undefined {
  const path = cutTarget(encodeRulePath(text));
  if (!path.startsWith("/")) return undefined;
  if (question.options.semantics === "strict" && whyUnreadable(path) !== undefined) return undefined;
  return readPath(reading, path);
}
