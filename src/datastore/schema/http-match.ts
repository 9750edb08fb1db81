/** The HTTP part of a rule: methods and paths (docs/semantics.md, "Paths"). */
import { z } from "zod";
import {
  HTTP_METHODS_PER_RULE_MAX,
  HTTP_PATH_MAX_CHARS,
  HTTP_PATHS_PER_RULE_MAX,
} from "../../base/limits.ts";
import type { HttpMatch, HttpPathMatch } from "../../policy/messages.ts";
import { quote } from "../locate.ts";
import { type ProblemSink, pushProblem } from "./problem.ts";

const METHOD_TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
const KNOWN_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

const METHOD: z.ZodType<string, unknown> = z
  .string()
  .meta({ description: "An HTTP method, exactly as it is sent (`GET`), or `*` for any." })
  .check((context) => checkMethod(context, context.value));

function checkMethod(sink: ProblemSink, method: string): void {
  if (!METHOD_TOKEN.test(method)) {
    pushProblem(sink, { code: "bad_http", message: `${quote(method)} can never be a method` });
    return;
  }
  const upper = method.toUpperCase();
  if (upper !== method && KNOWN_METHODS.includes(upper)) {
    const message = `${quote(method)} never matches: methods are compared exactly; write \`${upper}\``;
    pushProblem(sink, { code: "bad_http", message });
  }
}

const PATH_TEXT: z.ZodType<string, unknown> = z
  .string()
  .max(HTTP_PATH_MAX_CHARS)
  .meta({ pattern: "^/[^?# ]*$", description: "Begins with `/`; no `?`, `#` or space." })
  .check((context) => {
    const problem = pathProblem(context.value);
    if (problem !== undefined) pushProblem(context, { code: "bad_http", message: problem });
  });

function pathProblem(path: string): string | undefined {
  if (path === "") return "an empty path never matches: write `/` or a longer one";
  if (!path.startsWith("/")) return `${quote(path)} does not begin with \`/\`, so it can never match`;
  const wrong = /[?#\p{Zs}\p{Cc}]/u.exec(path);
  if (wrong !== null) {
    return `${quote(path)} holds ${nameCharacter(wrong[0])}; a path is compared without its query and never holds one`;
  }
  return undefined;
}

function nameCharacter(character: string): string {
  if (character === "?" || character === "#") return `\`${character}\``;
  return /\p{Zs}/u.test(character) ? "a space" : "a control character";
}

const PATH: z.ZodType<HttpPathMatch, unknown> = z
  .strictObject({ exact: PATH_TEXT.optional(), prefix: PATH_TEXT.optional() })
  .meta({ minProperties: 1, maxProperties: 1 })
  .transform((path, context): HttpPathMatch => {
    const { exact, prefix } = path;
    if (exact !== undefined && prefix === undefined) return { exact };
    if (prefix !== undefined && exact === undefined) return { prefix };
    if (context.issues.length > 0) return z.NEVER; // an unknown key was reported, likely the one meant
    const code = exact === undefined ? "missing_field" : "conflict";
    pushProblem(context, {
      code,
      message: "a path is either `exact` or `prefix`: write exactly one of them",
    });
    return z.NEVER;
  });

/** An empty match is legal: any HTTP request. */
export const HTTP_MATCH: z.ZodType<HttpMatch, unknown> = z
  .strictObject({
    methods: z
      .array(METHOD)
      .max(HTTP_METHODS_PER_RULE_MAX)
      .check((context) => checkDuplicates(context, context.value))
      .optional(),
    paths: z.array(PATH).max(HTTP_PATHS_PER_RULE_MAX).optional(),
  })
  .transform(({ methods = [], paths = [] }) => ({ methods, paths }));

function checkDuplicates(sink: ProblemSink, methods: readonly string[]): void {
  const seen = new Set<string>();
  for (const [index, method] of methods.entries()) {
    if (seen.has(method)) {
      pushProblem(sink, { code: "bad_http", message: `${quote(method)} is listed twice` }, [index]);
    }
    seen.add(method);
  }
}
