/** From the text of a document to its objects, each with its place in the file. */
import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { toError } from "../../base/assert.ts";
import { hasErrors, type Issue, type IssueCode } from "../../base/issue.ts";
import type { Locate, ValuePath } from "../locate.ts";
import { type ParsedResource, parseBrokenResource, parseResource } from "../parse-resource.ts";
import { isMapping } from "../schema/kind.ts";
import { findKind } from "../schema/kinds.ts";
import { DocumentNodes } from "./document-nodes.ts";
import type { DocumentText } from "./split-documents.ts";
import { offsetOf, rangeOf, toPlainValue } from "./yaml-value.ts";

export type ParsedObject = ParsedResource & {
  /** Line of its document that it begins in, from 0; add the document's `linesBefore` for that of the file. */
  readonly line: number;
};

export type ParsedDocument = {
  readonly objects: readonly ParsedObject[];
  /** Of the text itself; those of objects are in `objects`. */
  readonly issues: readonly Issue[];
  /** There is an error in it that can't be laid at the door of one object, so any object may be missing. */
  readonly isTorn: boolean;
};

/** One object as it stands in its document, for those who need more of it than what it says. */
export type ObjectSource = {
  /** The plain value; undefined where the text is broken. */
  readonly value: unknown;
  /** To it from the top of its document: empty, or into a list. */
  readonly path: ValuePath;
  /** Its own part of the document's text, from and up to. */
  readonly range: readonly [from: number, to: number];
};

/** Takes part in the reading of a document. */
export type ObjectVisitor = {
  /** Gives the value that is checked instead of the one that is written. */
  readonly complete?: (value: unknown) => unknown;
  readonly onObject: (object: ParsedObject, source: ObjectSource) => void;
};

/** Reads a piece of a file, of one document as a rule; never throws. */
export function parseDocument(path: string, document: DocumentText, visitor?: ObjectVisitor): ParsedDocument {
  const lines = new LineCounter();
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${Math.max(line, 1) + document.linesBefore}:${Math.max(col, 1)}`;
  };
  try {
    const parsed = parseAllDocuments(document.text, {
      lineCounter: lines,
      uniqueKeys: false, // compares each key with each other; `toPlainValue` looks them up
      prettyErrors: false,
      logLevel: "silent",
    });
    if (!Array.isArray(parsed)) return EMPTY;
    return merge(parsed.map((one) => readDocument(one, document.text, lines, place, visitor)));
  } catch (reason) {
    // The parser is recursive: what is nested too deeply for it runs out of stack.
    const isTooDeep = reason instanceof RangeError;
    const message = isTooDeep ? "nested too deeply" : `not valid YAML: ${firstLine(toError(reason).message)}`;
    const code = isTooDeep ? "limit" : "bad_document";
    return { objects: [], issues: [{ severity: "error", code, where: place(0), message }], isTorn: true };
  }
}

const EMPTY: ParsedDocument = { objects: [], issues: [], isTorn: false };

function merge(parts: readonly ParsedDocument[]): ParsedDocument {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return {
    objects: parts.flatMap((part) => part.objects),
    issues: parts.flatMap((part) => part.issues),
    isTorn: parts.some((part) => part.isTorn),
  };
}

type Place = (offset: number) => string;

function readDocument(
  document: Document.Parsed,
  text: string,
  lines: LineCounter,
  place: Place,
  visitor: ObjectVisitor | undefined,
): ParsedDocument {
  const lineOf = (node: unknown): number => Math.max(lines.linePos(offsetOf(node)).line, 1) - 1;
  const broken = brokenText(document, place);
  const { value, problems, targets } = toPlainValue(document);
  const issues = [
    ...broken,
    ...problems.map((problem) => error(problem.code, problem.message, place(problem.offset))),
  ];
  if (issues.length > 0) {
    const broken = readBroken(value, issues, lineOf(document.contents));
    for (const object of broken.objects)
      visitor?.onObject(object, { value: undefined, path: [], range: [0, text.length] });
    return broken;
  }
  if (value === null) return EMPTY; // nothing but comments
  const nodes = new DocumentNodes(document.contents, targets, text);
  const read = (written: unknown, path: ValuePath): ParsedObject => {
    const node = nodes.find(path);
    const checked = visitor?.complete === undefined ? written : visitor.complete(written);
    const locate: Locate = (inside, options) => place(nodes.offset([...path, ...inside], options));
    const object = { ...parseResource(checked, locate), line: lineOf(node) };
    visitor?.onObject(object, { value: checked, path, range: rangeOf(node) });
    return object;
  };
  if (isList(value)) return readList(value, read, (path) => place(nodes.offset(path)));
  return ofObjects([read(value, [])]);
}

/** The first error of the text alone: those after it are its echoes. */
function brokenText(document: Document.Parsed, place: Place): Issue[] {
  const first = document.errors[0] ?? document.warnings[0];
  if (first === undefined) return [];
  const message = firstLine(first.message);
  const lower = message.slice(0, 1).toLowerCase() + message.slice(1);
  return [error("bad_document", `not valid YAML: ${lower}`, place(first.pos[0]))];
}

function firstLine(message: string): string {
  return (message.split("\n")[0] ?? "").replace(/[.:]$/, "").slice(0, 200);
}

function error(code: IssueCode, message: string, where: string): Issue {
  return { severity: "error", code, where, message };
}

/** Who the object is may still be readable, before the error or after it; its fields are not trusted. */
function readBroken(value: unknown, issues: readonly Issue[], line: number): ParsedDocument {
  const first = issues[0];
  const why = first === undefined ? "" : `${first.where}: ${first.message}`;
  const { key, placeholder } = parseBrokenResource(value, why);
  if (key === undefined) return { objects: [], issues, isTorn: true };
  return { objects: [{ key, placeholder, resource: undefined, issues, line }], issues: [], isTorn: false };
}

type List = Readonly<Record<string, unknown>> & { readonly apiVersion: string; readonly kind: string };

/** `List`, or `NetworkPolicyList` and its like: what `kubectl get` and `calicoctl get` print of several objects. */
function isList(value: unknown): value is List {
  if (!isMapping(value)) return false;
  const { apiVersion, kind } = value;
  return typeof apiVersion === "string" && typeof kind === "string" && kind.endsWith("List");
}

function readList(
  list: List,
  read: (written: unknown, path: ValuePath) => ParsedObject,
  place: (path: ValuePath) => string,
): ParsedDocument {
  const { items } = list;
  if (!Array.isArray(items)) {
    const message =
      items === undefined ? "missing: `items`, the list of objects" : "expected a list of objects";
    const code = items === undefined ? "missing_field" : "bad_value";
    return { objects: [], issues: [error(code, message, place(["items"]))], isTorn: true };
  }
  return ofObjects(items.map((item: unknown, index) => read(withListKind(item, list), ["items", index])));
}

/** An object that is broken in its kind or name may be any that the file held before: it must not pass for the deletion of that one. */
function ofObjects(objects: readonly ParsedObject[]): ParsedDocument {
  return {
    objects,
    issues: [],
    isTorn: objects.some(({ key, issues }) => key === undefined && hasErrors(issues)),
  };
}

/** Objects in a typed list may leave out what the list says already. */
function withListKind(item: unknown, list: List): unknown {
  if (!isMapping(item) || "kind" in item || "apiVersion" in item) return item;
  const kind = list.kind.slice(0, -"List".length);
  return findKind(list.apiVersion, kind) === undefined
    ? item
    : { ...item, apiVersion: list.apiVersion, kind };
}
