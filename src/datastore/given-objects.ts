/** The objects of files that somebody wants stored or gone: read and checked as those of a policy directory are. */
import { hasErrors, type Issue } from "../base/issue.ts";
import { DOCUMENTS_PER_FILE_MAX, POLICY_DIRECTORY_MAX_BYTES, POLICY_FILE_MAX_BYTES } from "../base/limits.ts";
import { type CalicoKind, calicoKindOf } from "./calico-kinds.ts";
import { type ObjectSource, type ParsedObject, parseDocument } from "./files/parse-document.ts";
import { decodeText } from "./files/parse-file.ts";
import { readWholeFile } from "./files/read-file.ts";
import { scanDirectory, unreadable } from "./files/scan-directory.ts";
import { type DocumentText, splitDocuments } from "./files/split-documents.ts";
import { quote } from "./locate.ts";
import { metadataText, type ObjectValue, plainCopy, withMetadata } from "./object-value.ts";
import { type Resource, type ResourceKey, resourceKeyText } from "./resources.ts";
import { isMapping } from "./schema/kind.ts";
import { findKind } from "./schema/kinds.ts";

export type GivenObject = {
  readonly kind: CalicoKind;
  readonly key: ResourceKey;
  /** As it was given, its namespace filled in. */
  readonly value: ObjectValue;
  readonly resource: Resource;
  /** `new.yaml:12`. */
  readonly place: string;
  /** `metadata.resourceVersion`: the state that its author has seen. */
  readonly version: string | undefined;
  /** The text of its document, where it is YAML and holds nothing else. */
  readonly text: string | undefined;
};

export type GivenObjects = {
  /** In the order in which they were given, tiers first: a policy is never stored before its tier. */
  readonly objects: readonly GivenObject[];
  /** With an error among them, nothing may be written. */
  readonly issues: readonly Issue[];
};

/** A file or directory to read, or bytes that were read already. */
export type GivenSource = { readonly path: string } | { readonly name: string; readonly bytes: Uint8Array };

/** @param namespace of objects that name none; those that name another are errors. */
export async function readGivenObjects(
  sources: readonly GivenSource[],
  namespace: string | undefined,
): Promise<GivenObjects> {
  const reading = new Reading(namespace);
  for (const source of sources) {
    if ("bytes" in source) reading.readBytes(source.name, source.bytes);
    else await reading.readPath(source.path);
  }
  return reading.finish();
}

class Reading {
  readonly #namespace: string | undefined;
  readonly #objects: GivenObject[] = [];
  readonly #issues: Issue[] = [];
  readonly #places = new Map<string, string>();
  #bytes = 0;

  constructor(namespace: string | undefined) {
    this.#namespace = namespace;
  }

  finish(): GivenObjects {
    const isTier = ({ key }: GivenObject): boolean => key.kind === "Tier";
    const objects = [...this.#objects.filter(isTier), ...this.#objects.filter((each) => !isTier(each))];
    return { objects, issues: this.#issues };
  }

  async readPath(path: string): Promise<void> {
    const scan = await scanDirectory(path);
    const failure = scan.unreadable.get(path);
    if (failure === undefined) {
      this.#issues.push(...scan.unreadable.values(), ...scan.issues);
      for (const [file, state] of scan.files) {
        if (state.kind === "unreadable") this.#issues.push(state.issue);
        else await this.#readFile(file);
      }
    } else {
      await this.#readFile(path);
    }
  }

  async #readFile(path: string): Promise<void> {
    const read = await readWholeFile(path);
    switch (read.kind) {
      case "content":
        this.readBytes(path, read.bytes);
        return;
      case "unreadable":
        this.#issues.push(read.issue);
        return;
      case "missing":
        this.#issues.push(unreadable(path, Object.assign(new Error("missing"), { code: "ENOENT" })));
        return;
      case "changing": {
        const message = `can't be read: it is no file, keeps changing, or has more than ${POLICY_FILE_MAX_BYTES} bytes`;
        this.#issues.push({ severity: "error", code: "unreadable", where: path, message });
      }
    }
  }

  readBytes(path: string, bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (bytes.length > POLICY_FILE_MAX_BYTES || this.#bytes > POLICY_DIRECTORY_MAX_BYTES) {
      const most = bytes.length > POLICY_FILE_MAX_BYTES ? POLICY_FILE_MAX_BYTES : POLICY_DIRECTORY_MAX_BYTES;
      this.#refuse("limit", path, `more than ${most} bytes`);
      return;
    }
    const text = decodeText(bytes);
    if (text === undefined) {
      this.#refuse("bad_document", path, "not UTF-8 text");
      return;
    }
    const pieces = splitDocuments(text);
    if (pieces.length > DOCUMENTS_PER_FILE_MAX) {
      this.#refuse(
        "limit",
        path,
        `${pieces.length} documents in one file; at most ${DOCUMENTS_PER_FILE_MAX} allowed`,
      );
      return;
    }
    for (const piece of pieces) this.#readPiece(path, piece);
  }

  #readPiece(path: string, piece: DocumentText): void {
    const found: { readonly object: ParsedObject; readonly source: ObjectSource }[] = [];
    const { issues } = parseDocument(path, piece, {
      complete: (value) => withNamespace(value, this.#namespace),
      onObject: (object, source) => found.push({ object, source }),
    });
    this.#issues.push(...issues);
    const isAlone = found.length === 1 && found[0]?.source.path.length === 0;
    const isYaml = !piece.text.trimStart().startsWith("{");
    for (const { object, source } of found) {
      const place = `${path}:${piece.linesBefore + object.line + 1}`;
      this.#add(object, source, place, isAlone && isYaml ? piece.text : undefined);
    }
  }

  #add(object: ParsedObject, { value }: ObjectSource, place: string, text: string | undefined): void {
    const { key, resource } = object;
    const kind = key && calicoKindOf(key.kind);
    // What a directory passes over with a warning is not what somebody asks to be stored.
    const isForeign = key === undefined ? !hasErrors(object.issues) : kind === undefined;
    if (isForeign) this.#refuse("bad_document", place, foreign(value));
    else this.#issues.push(...object.issues);
    if (key === undefined || kind === undefined || resource === undefined || !isMapping(value)) return;
    const other = namespaceConflict(key, this.#namespace);
    if (other !== undefined) this.#refuse("conflict", place, other);
    const known = this.#places.get(resourceKeyText(key));
    if (known !== undefined) {
      this.#refuse("duplicate_object", place, `${resourceKeyText(key)} is already given at ${known}`);
      return;
    }
    this.#places.set(resourceKeyText(key), place);
    const version = metadataText(value, "resourceVersion");
    this.#objects.push({ kind, key, value: plainCopy(value), resource, place, version, text });
  }

  #refuse(code: Issue["code"], where: string, message: string): void {
    this.#issues.push({ severity: "error", code, where, message });
  }
}

/** Fills in the namespace of an object that needs one and names none. */
function withNamespace(value: unknown, namespace: string | undefined): unknown {
  if (namespace === undefined || !isMapping(value)) return value;
  const { apiVersion, kind: name, metadata } = value;
  if (typeof apiVersion !== "string" || typeof name !== "string" || !isMapping(metadata)) return value;
  if (findKind(apiVersion, name)?.scope !== "namespaced") return value;
  return (metadata["namespace"] ?? "") === "" ? withMetadata(value, { namespace }) : value;
}

function namespaceConflict(key: ResourceKey, namespace: string | undefined): string | undefined {
  if (namespace === undefined || key.namespace === "" || key.namespace === namespace) return undefined;
  return `the object is of namespace ${quote(key.namespace)}, the command's is ${quote(namespace)}`;
}

function foreign(value: unknown): string {
  const { apiVersion, kind } = isMapping(value) ? value : {};
  return `kind ${quote(String(kind))} of ${quote(String(apiVersion))} is not kept by this command; policies, tiers, sets, profiles and endpoints of projectcalico.org/v3 are`;
}
