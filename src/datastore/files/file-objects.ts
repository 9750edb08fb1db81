/** The objects of a directory's files with the place of each in its file's text: what an editor of single objects needs. */
import { hash } from "node:crypto";
import type { Issue } from "../../base/issue.ts";
import { DOCUMENTS_PER_FILE_MAX } from "../../base/limits.ts";
import type { ValuePath } from "../locate.ts";
import { type ObjectValue, plainCopy, withMetadata } from "../object-value.ts";
import { type ResourceKey, resourceKeyText } from "../resources.ts";
import { isMapping } from "../schema/kind.ts";
import { readStable } from "./load-directory.ts";
import { type ObjectSource, type ParsedObject, parseDocument } from "./parse-document.ts";
import { decodeText } from "./parse-file.ts";
import { scanDirectory } from "./scan-directory.ts";
import { type DocumentText, hasAmbiguousCuts, splitDocuments } from "./split-documents.ts";

/** One claim to an object. */
export type PlacedObject = {
  readonly key: ResourceKey;
  readonly keyText: string;
  readonly path: string;
  /** `policies/web.yaml:12`. */
  readonly place: string;
  /** Which of the file's documents. */
  readonly document: number;
  /** To it from the top of its document: empty, or into a list. */
  readonly inside: ValuePath;
  readonly revision: string;
  readonly value: ObjectValue | undefined;
  readonly issues: readonly Issue[];
};

export type OpenedFile = {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly signature: string;
  /** Together they are the text of the file. */
  readonly documents: readonly DocumentText[];
  readonly objects: readonly PlacedObject[];
  /** Errors that may hide any object. */
  readonly issues: readonly Issue[];
  /** It can't be told where one document ends and the next begins without reading it as a whole. */
  readonly isUncut: boolean;
};

export type OpenedDirectory = {
  readonly files: ReadonlyMap<string, OpenedFile>;
  /** Every claim to each object, in the order of the files. */
  readonly claims: ReadonlyMap<string, readonly PlacedObject[]>;
  /** Of what could not be read, which may hold any object. */
  readonly issues: readonly Issue[];
};

/** Reads a directory; of files that are as they were in `before`, nothing is read again. */
export async function openDirectory(directory: string, before?: OpenedDirectory): Promise<OpenedDirectory> {
  const scan = await scanDirectory(directory);
  const files = new Map<string, OpenedFile>();
  const claims = new Map<string, PlacedObject[]>();
  const issues: Issue[] = [...scan.unreadable.values(), ...scan.issues];
  for (const [path, state] of scan.files) {
    const known = before?.files.get(path);
    const isKnown = state.kind === "file" && known?.signature === state.signature;
    const file = isKnown ? known : state.kind === "file" ? await openFile(path) : state.issue;
    if (file === undefined) continue;
    if ("severity" in file) {
      issues.push(file);
      continue;
    }
    files.set(path, file);
    issues.push(...file.issues);
    for (const object of file.objects) {
      const claim = claims.get(object.keyText);
      if (claim === undefined) claims.set(object.keyText, [object]);
      else claim.push(object);
    }
  }
  return { files, claims, issues: issues.filter(({ severity }) => severity === "error") };
}

/** An issue where it can't be read, undefined where there is none. */
async function openFile(path: string): Promise<OpenedFile | Issue | undefined> {
  const read = await readStable(path);
  if (read.kind === "missing") return undefined;
  if (read.kind === "unreadable") return read.issue;
  if (read.kind === "changing")
    return { severity: "error", code: "unreadable", where: path, message: "keeps changing while it is read" };
  const text = decodeText(read.bytes);
  if (text === undefined)
    return { severity: "error", code: "bad_document", where: path, message: "not UTF-8 text" };
  const documents = splitDocuments(text);
  if (documents.length > DOCUMENTS_PER_FILE_MAX) {
    const message = `${documents.length} documents in one file; at most ${DOCUMENTS_PER_FILE_MAX} allowed`;
    return { severity: "error", code: "limit", where: path, message };
  }
  const objects: PlacedObject[] = [];
  const issues: Issue[] = [];
  const isUncut = hasAmbiguousCuts(text);
  for (const [index, document] of documents.entries()) {
    const parsed = parseDocument(path, document, {
      onObject: (object, source) => {
        const place = `${path}:${document.linesBefore + object.line + 1}`;
        const own = ownText(document.text, source, isUncut);
        if (object.key === undefined) issues.push(...object.issues);
        else objects.push(placedObject(object, object.key, source, { path, place, document: index, own }));
      },
    });
    issues.push(...parsed.issues);
  }
  return { path, bytes: read.bytes, signature: read.signature, documents, objects, issues, isUncut };
}

/** A document's text with its comments, where it is the object's alone. */
function ownText(text: string, { path, range }: ObjectSource, isUncut: boolean): string {
  if (path.length > 0 || isUncut) return text.slice(...range);
  return text.replace(/^---(?=\s|$)/, "").trim();
}

function placedObject(
  { issues }: ParsedObject,
  key: ResourceKey,
  { value, path: inside }: ObjectSource,
  where: { readonly path: string; readonly place: string; readonly document: number; readonly own: string },
): PlacedObject {
  const { own, ...place } = where;
  // The value too, since an alias in the text may stand for what is written elsewhere.
  const digest = hash("sha256", `${own}\n${JSON.stringify(value) ?? ""}`, "hex");
  const revision = digest.slice(0, REVISION_DIGITS);
  const shown = isMapping(value) ? withMetadata(plainCopy(value), { resourceVersion: revision }) : undefined;
  return { key, keyText: resourceKeyText(key), ...place, inside, revision, value: shown, issues };
}

/** Of a SHA-256, in hexadecimal: enough that nobody finds two texts with the same by accident. */
const REVISION_DIGITS = 24;
