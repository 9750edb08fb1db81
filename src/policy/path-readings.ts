import { PATH_READING_MAX_BYTES } from "../base/limits.ts";
import type { PathProfileName } from "./options.ts";

/**
 * The readings of a request path: what a backend may take it to mean (docs/semantics.md, "Paths").
 *
 * Paths are byte strings here, one char a byte. Nothing in this file is on the way of a plain path.
 */
export type PathReading = "literal" | "merged" | "decoded" | "unmerged" | "servlet" | "reference";

/** In the order in which they are judged; the first decides what an allow is put down to. */
export const PROFILE_READINGS: Readonly<Record<PathProfileName, readonly PathReading[]>> = {
  any: ["literal", "merged", "decoded", "unmerged", "servlet", "reference"],
  "envoy-normalized": ["literal", "decoded"],
  literal: ["literal"],
  servlet: ["servlet"],
  reference: ["reference"],
};

/** Length of the path without query and fragment. */
export function pathEnd(path: string): number {
  for (let at = 0; at < path.length; at++) {
    const char = path.charCodeAt(at);
    if (char === QUESTION_MARK || char === HASH) return at;
  }
  return path.length;
}

/**
 * Whether all readings of `path` agree (but for a trailing `/`), so that none needs to be computed.
 *
 * @param end length of the path without its query.
 */
export function isPlainPath(path: string, end: number): boolean {
  if (end === 0 || path.charCodeAt(0) !== SLASH) return false;
  let segmentStart = 1;
  let onlyDots = true;
  for (let at = 1; at < end; at++) {
    const char = path.charCodeAt(at);
    if (char === SLASH) {
      const length = at - segmentStart;
      if (length === 0 || (onlyDots && length <= 2)) return false;
      segmentStart = at + 1;
      onlyDots = true;
    } else if (char !== DOT) {
      if (char > 0x7f || PLAIN[char] === 0) return false;
      onlyDots = false;
    }
  }
  const length = end - segmentStart;
  return length === 0 || !onlyDots || length > 2;
}

/**
 * Whether a path has readings at all; without any, nobody can say what it means.
 *
 * @param path without its query.
 */
export function hasReadings(path: string): boolean {
  if (path.charCodeAt(0) !== SLASH || path.length > PATH_READING_MAX_BYTES) return false;
  if (hasControl(path)) return false;
  const decoded = decodeOnce(path);
  return decoded !== undefined && !hasControl(decoded) && !STILL_ENCODED.test(decoded);
}

/** One reading of a path that hasReadings(). */
export function readPath(path: string, reading: PathReading): string {
  switch (reading) {
    case "literal":
      return path;
    case "merged":
      return mergeSlashes(resolveDots(normalizeEscapes(path)));
    case "decoded":
      return readDecoded(path);
    case "unmerged":
      return mergeSlashes(resolveDots(toSlashes(decodeOnce(path) ?? "")));
    case "servlet":
      return readDecoded(dropParameters(path));
    case "reference":
      return foldTrailingSlash(resolveDots(mergeSlashes(dropParameters(toSlashes(decodeOnce(path) ?? "")))));
  }
}

/**
 * The reference reading by its own rules alone, as `calico` semantics takes it: it admits control bytes other than NUL.
 *
 * @param path with or without its query.
 * @returns undefined where the path does not have that reading.
 */
export function readReference(path: string): string | undefined {
  const cut = path.slice(0, pathEnd(path));
  if (cut.length > PATH_READING_MAX_BYTES) return undefined;
  const decoded = decodeOnce(cut);
  if (decoded === undefined || decoded.includes("\0") || STILL_ENCODED.test(decoded)) return undefined;
  const slashed = toSlashes(decoded);
  if (slashed.charCodeAt(0) !== SLASH) return undefined;
  return foldTrailingSlash(resolveDots(mergeSlashes(dropParameters(slashed))));
}

/** A rule's path as a byte string, cut like a request's, its raw non-ASCII characters percent-encoded as UTF-8. */
export function encodeRulePath(text: string): string {
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  return bytes
    .slice(0, pathEnd(bytes))
    .replace(/[\x80-\xff]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** `/foo/` and `/foo` become `/foo`; `/` stays. */
export function foldTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

const SLASH = 0x2f;
const DOT = 0x2e;
const QUESTION_MARK = 0x3f;
const HASH = 0x23;
const PERCENT = 0x25;

/** 1 for the bytes of a plain path's segments. */
const PLAIN: Uint8Array = createByteTable("-_~!$&'()*+,:@=.");
const UNRESERVED: Uint8Array = createByteTable("-._~");

const STILL_ENCODED = /%2[ef]|%5c/i;

function createByteTable(others: string): Uint8Array {
  const table = new Uint8Array(128);
  const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  for (const char of alphanumeric + others) table[char.charCodeAt(0)] = 1;
  return table;
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char < 0x20 || char === 0x7f) return true;
  }
  return false;
}

/** Every escape decoded once; undefined at a malformed one. `+` is a plus. */
function decodeOnce(path: string): string | undefined {
  if (!path.includes("%")) return path;
  const bytes = Buffer.allocUnsafe(path.length);
  let length = 0;
  for (let at = 0; at < path.length; at++) {
    let char = path.charCodeAt(at);
    if (char === PERCENT) {
      char = escapedByte(path, at);
      if (char === -1) return undefined;
      at += 2;
    }
    bytes[length++] = char;
  }
  return bytes.toString("latin1", 0, length);
}

/** The byte that the escape at `at` stands for, or -1. */
function escapedByte(path: string, at: number): number {
  const high = hexDigit(path.charCodeAt(at + 1));
  const low = hexDigit(path.charCodeAt(at + 2));
  return high === -1 || low === -1 ? -1 : high * 16 + low;
}

/** -1 for anything else, also for NaN past the end. */
function hexDigit(char: number): number {
  if (char >= 0x30 && char <= 0x39) return char - 0x30;
  if (char >= 0x41 && char <= 0x46) return char - 0x37;
  if (char >= 0x61 && char <= 0x66) return char - 0x57;
  return -1;
}

/** RFC 3986, section 6.2.2: escapes of unreserved characters decoded, the others in upper case. */
function normalizeEscapes(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (triplet) => {
    const byte = Number.parseInt(triplet.slice(1), 16);
    return byte < 128 && UNRESERVED[byte] === 1 ? String.fromCharCode(byte) : triplet.toUpperCase();
  });
}

function readDecoded(path: string): string {
  return resolveDots(mergeSlashes(toSlashes(decodeOnce(path) ?? "")));
}

function toSlashes(path: string): string {
  return path.replaceAll("\\", "/");
}

function mergeSlashes(path: string): string {
  return path.replace(/\/{2,}/g, "/");
}

function dropParameters(path: string): string {
  return path.replace(/;[^/]*/g, "");
}

/** RFC 3986, section 5.2.4: `.` and `..` segments removed, never above the root; an empty segment is a segment. */
function resolveDots(path: string): string {
  const resolved: string[] = [];
  const segments = path.slice(1).split("/");
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === "..") resolved.pop();
    if (segment !== "." && segment !== "..") resolved.push(segment);
    else if (isLast) resolved.push("");
  }
  return `/${resolved.join("/")}`;
}
