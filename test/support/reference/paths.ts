/**
 * What a path may mean to the backend. Byte strings throughout: one char a byte.
 *
 * Written from docs/semantics.md, "Paths", one function a reading, with no thought of speed; shares nothing with
 * `src/policy`.
 */
import type { PathProfileName } from "../../../src/policy/options.ts";

export type Reading = "literal" | "merged" | "decoded" | "unmerged" | "servlet" | "reference";

export const READINGS_OF_PROFILE: Readonly<Record<PathProfileName, readonly Reading[]>> = {
  any: ["literal", "merged", "decoded", "unmerged", "servlet", "reference"],
  "envoy-normalized": ["literal", "decoded"],
  literal: ["literal"],
  servlet: ["servlet"],
  reference: ["reference"],
};

/** The target without what follows the first `?` or `#`. */
export function cutTarget(target: string): string {
  return /^[^?#]*/s.exec(target)![0];
}

/** Why a cut target has no reading at all; undefined when it has. */
export function whyUnreadable(path: string): string | undefined {
  if (!path.startsWith("/")) return "does not begin with a slash";
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return "malformed escape";
  const decoded = decodeAll(path);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control bytes are what is looked for
  if (/[\x00-\x1f\x7f]/.test(path) || /[\x00-\x1f\x7f]/.test(decoded)) return "control byte";
  if (/%(2f|2e|5c)/i.test(decoded)) return "still encoded after one decode";
  if (path.length > 8_192 && !isPlain(path)) return "too long";
  return undefined;
}

const PLAIN_SEGMENT = /^[A-Za-z0-9\-_~!$&'()*+,:@=.]+$/;

function isPlain(path: string): boolean {
  const segments = path.replace(/\/$/, "").split("/").slice(1);
  return segments.every((segment) => PLAIN_SEGMENT.test(segment) && segment !== "." && segment !== "..");
}

/** The reading of a path that begins with a slash and has been cut; undefined: it has none. */
export function readPath(reading: Reading, path: string): string | undefined {
  switch (reading) {
    case "literal":
      return path;
    case "merged":
      return resolveDots(rewriteEscapes(path)).replace(/\/+/g, "/");
    case "decoded":
      return readDecoded(path);
    case "unmerged":
      return readUnmerged(path);
    case "servlet":
      return readDecoded(dropParameters(path));
    case "reference":
      return readReference(path);
  }
}

function readDecoded(path: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return undefined;
  return resolveDots(decodeAll(path).replaceAll("\\", "/").replace(/\/+/g, "/"));
}

function readUnmerged(path: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return undefined;
  return resolveDots(decodeAll(path).replaceAll("\\", "/")).replace(/\/+/g, "/");
}

function readReference(path: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return undefined;
  const decoded = decodeAll(path);
  if (/%(2e|2f|5c)/i.test(decoded) || decoded.includes("\0")) return undefined;
  const slashed = decoded.replaceAll("\\", "/");
  if (!slashed.startsWith("/")) return undefined;
  const kept: string[] = [];
  for (const segment of dropParameters(slashed).split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") kept.pop();
    else kept.push(segment);
  }
  return `/${kept.join("/")}`;
}

function decodeAll(path: string): string {
  return path.replace(/%([0-9a-fA-F]{2})/g, (_triplet, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** Escapes of unreserved characters are decoded, the rest upper-cased. */
function rewriteEscapes(path: string): string {
  return path.replace(/%[0-9a-fA-F]{2}/g, (triplet) => {
    const char = decodeAll(triplet);
    return /[A-Za-z0-9\-._~]/.test(char) ? char : triplet.toUpperCase();
  });
}

function dropParameters(path: string): string {
  return path
    .split("/")
    .map((segment) => segment.replace(/;.*$/s, ""))
    .join("/");
}

/** RFC 3986, section 5.2.4: never above the root; a trailing dot segment leaves its slash. */
function resolveDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === ".") {
      if (isLast) kept.push("");
    } else if (segment === "..") {
      kept.pop();
      if (isLast) kept.push("");
    } else {
      kept.push(segment);
    }
  }
  return `/${kept.join("/")}`;
}

/** A rule's own path as bytes: raw non-ASCII is percent-encoded. */
export function encodeRulePath(text: string): string {
  return [...new TextEncoder().encode(text)]
    .map((byte) =>
      byte < 0x80 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    )
    .join("");
}
