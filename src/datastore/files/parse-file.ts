/** One file's objects, read again only where its text changed. */
import { hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../base/clock.ts";
import type { Issue } from "../../base/issue.ts";
import { DOCUMENTS_PER_FILE_MAX, READ_SLICE_MS } from "../../base/limits.ts";
import type { ParsedResource } from "../parse-resource.ts";
import { type ParsedDocument, parseDocument } from "./parse-document.ts";
import { splitDocuments } from "./split-documents.ts";

export type FileObject = ParsedResource & {
  /** `policies/web.yaml:12`, where the object begins. */
  readonly place: string;
};

export type FileContent = {
  readonly objects: readonly FileObject[];
  /** Of the file itself; those of objects are in `objects`. */
  readonly issues: readonly Issue[];
  /** Something in it is broken in a way that may hide any object. */
  readonly isTorn: boolean;
  /** There is not even a comment in it. */
  readonly isBlank: boolean;
  /** Flawless documents by the SHA-256 of their text: the next version of the file likely has most of them. */
  readonly documents: ReadonlyMap<string, ParsedDocument>;
};

/** Gives way to other work of the process while a large file is read. */
export class Breather {
  readonly #clock: Clock;
  #sinceMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceMs = clock.nowMs();
  }

  async breathe(): Promise<void> {
    if (this.#clock.nowMs() - this.#sinceMs < READ_SLICE_MS) return;
    await setImmediate();
    this.#sinceMs = this.#clock.nowMs();
  }
}

/**
 * Reads a file's bytes.
 *
 * @param previous what the file held before; documents whose text is the same are taken from there, the very objects.
 */
export async function parseFile(
  path: string,
  bytes: Uint8Array,
  previous: FileContent | undefined,
  breather: Breather,
): Promise<FileContent> {
  const text = decodeText(bytes);
  if (text === undefined)
    return torn({ severity: "error", code: "bad_document", where: path, message: "not UTF-8 text" });
  const pieces = splitDocuments(text);
  if (pieces.length > DOCUMENTS_PER_FILE_MAX) {
    const message = `${pieces.length} documents in one file; at most ${DOCUMENTS_PER_FILE_MAX} allowed`;
    return torn({ severity: "error", code: "limit", where: path, message });
  }
  const objects: FileObject[] = [];
  const issues: Issue[] = [];
  const documents = new Map<string, ParsedDocument>();
  let isTorn = false;
  for (const piece of pieces) {
    const digest = hash("sha256", piece.text, "base64");
    const document = previous?.documents.get(digest) ?? parseDocument(path, piece);
    if (isFlawless(document)) documents.set(digest, document);
    for (const { line, ...object } of document.objects) {
      objects.push({ ...object, place: `${path}:${piece.linesBefore + line + 1}` });
    }
    issues.push(...document.issues);
    isTorn ||= document.isTorn;
    await breather.breathe();
  }
  return { objects, issues, isTorn, isBlank: text.trim() === "", documents };
}

/** Issues carry line numbers, which change with the lines above; without any, the text is all there is to a document. */
function isFlawless(document: ParsedDocument): boolean {
  return document.issues.length === 0 && document.objects.every((object) => object.issues.length === 0);
}

function torn(issue: Issue): FileContent {
  return { objects: [], issues: [issue], isTorn: true, isBlank: false, documents: new Map() };
}

/** UTF-8 only; undefined for what is not. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined; // what it says is no more than our own message
  }
}
