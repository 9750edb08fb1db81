import { hash } from "node:crypto";
import { extname, join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Issue } from "../../base/issue.ts";
import type { CalicoKind } from "../calico-kinds.ts";
import type { GivenObject } from "../given-objects.ts";
import { metadataText, type ObjectValue, withMetadata } from "../object-value.ts";
import {
  compareKeys,
  type Listing,
  type ResourceStore,
  type StoredObject,
  StoreError,
  type Written,
} from "../resource-store.ts";
import { type ResourceKey, resourceKeyText } from "../resources.ts";
import { editDocument, editJson, headerOf } from "./edit-document.ts";
import { type OpenedDirectory, type OpenedFile, openDirectory, type PlacedObject } from "./file-objects.ts";
import { createFile, replaceFile, withDirectoryLock } from "./write-file.ts";

/**
 * A directory of policy files, changed one object at a time.
 *
 * Only the object's own document is touched, and in it only what the object says differently; the file is written anew
 * and renamed over the old one. A revision is a digest of the object's own text: what others change elsewhere in the
 * file is no conflict.
 */
export class FileStore implements ResourceStore {
  readonly name: string;
  readonly #clock: Clock;
  readonly #directory: string;
  /** As last read. */
  #opened: OpenedDirectory | undefined;

  constructor(clock: Clock, directory: string) {
    this.#clock = clock;
    this.#directory = directory;
    this.name = directory;
  }

  async list({ kind }: CalicoKind): Promise<Listing> {
    const { claims, issues } = await this.#open();
    const objects = [...claims.values()].flatMap((claim) => {
      const stored = toStored(claim);
      return stored?.key.kind === kind ? [stored] : [];
    });
    return { objects: objects.sort((a, b) => compareKeys(a.key, b.key)), issues };
  }

  async read(key: ResourceKey): Promise<StoredObject | undefined> {
    const { claims } = await this.#open();
    return toStored(claims.get(resourceKeyText(key)) ?? []);
  }

  /** A directory keeps whatever can be read. */
  objection(): undefined {
    return undefined;
  }

  /** Files belong to their authors: no identity or date is made up for an object. */
  prepare({ value }: GivenObject, stored: StoredObject | undefined): ObjectValue {
    const kept = (key: string): string | undefined =>
      (stored?.value && metadataText(stored.value, key)) ?? metadataText(value, key);
    return withMetadata(value, {
      uid: kept("uid"),
      creationTimestamp: kept("creationTimestamp"),
      resourceVersion: undefined,
    });
  }

  create(given: GivenObject, value: ObjectValue): Promise<Written> {
    return withDirectoryLock(this.#clock, this.#directory, async () => {
      const { claims, issues } = await this.#open();
      if (claims.has(resourceKeyText(given.key))) return CONFLICT;
      const [obscure] = issues;
      if (obscure !== undefined) {
        return refused(
          `whether the object is there already can't be told before this is mended: ${obscure.where}: ${obscure.message}`,
        );
      }
      const name = fileName(given.key);
      const content = editDocument(given.text ?? "", [], value);
      const written = await createFile(this.#directory, name, content);
      if (written === "written") return WRITTEN;
      return refused(
        `${join(this.#directory, name)} is there already and holds something else: move it away`,
      );
    });
  }

  update(stored: StoredObject, value: ObjectValue): Promise<Written> {
    return this.#change(stored, value);
  }

  delete(stored: StoredObject): Promise<Written> {
    return this.#change(stored, undefined);
  }

  async close(): Promise<void> {}

  async #open(): Promise<OpenedDirectory> {
    this.#opened = await openDirectory(this.#directory, this.#opened);
    const failure = this.#opened.issues.find(
      ({ where, code }) => code === "unreadable" && where === this.#directory,
    );
    if (failure !== undefined) throw new StoreError(`${failure.where} ${failure.message}`);
    return this.#opened;
  }

  #change(stored: StoredObject, value: ObjectValue | undefined): Promise<Written> {
    return withDirectoryLock(this.#clock, this.#directory, async () => {
      const { claims, files } = await this.#open();
      const [claim, ...others] = claims.get(resourceKeyText(stored.key)) ?? [];
      const file = files.get(claim?.path ?? "");
      if (claim === undefined || file === undefined || claim.revision !== stored.revision) return CONFLICT;
      if (others.length > 0) {
        const places = [claim, ...others].map(({ place }) => place);
        return refused(`it is written in more than one place: ${places.join(", ")}`);
      }
      if (claim.value === undefined) {
        return refused(
          `its text at ${claim.place} is broken, and may hold more than this object: mend it there, or delete it`,
        );
      }
      if (file.isUncut) {
        return refused(
          `${file.path} has \`%\` or \`...\` lines, which only people can edit: change it there`,
        );
      }
      const written = await replaceFile(
        this.#directory,
        file.path,
        file.bytes,
        editedText(file, claim, value),
      );
      if (written === "written") return WRITTEN;
      if (written !== "changed-meanwhile") return refused(written.refused);
      this.#opened = undefined; // the file system did not show it, so nothing that was read counts
      return CONFLICT;
    });
  }
}

const WRITTEN: Written = { kind: "written" };
const CONFLICT: Written = { kind: "conflict" };

function refused(why: string): Written {
  return { kind: "refused", why };
}

function toStored(claims: readonly PlacedObject[]): StoredObject | undefined {
  const [claim, ...others] = claims;
  if (claim === undefined) return undefined;
  const { key, revision, place, value, issues } = claim;
  const duplicates = others.map(
    (other): Issue => ({
      severity: "error",
      code: "duplicate_object",
      where: other.place,
      message: `${claim.keyText} is already written at ${place}: an object has one place`,
    }),
  );
  return { key, revision, place, value, issues: [...issues, ...duplicates] };
}

/** The whole file's text after the change; undefined where nothing is left of it. */
function editedText(
  { path, bytes, documents }: OpenedFile,
  { document, inside }: PlacedObject,
  value: ObjectValue | undefined,
): string | undefined {
  const text = documents[document]?.text ?? "";
  const isGone = value === undefined && inside.length === 0;
  const edited = isGone ? headerOf(text, document) : edit(path, text, inside, value);
  const whole = documents.map((other, index) => (index === document ? edited : other.text)).join("");
  if (whole.replace(/^---[ \t]*$/gm, "").trim() === "") return undefined;
  const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? "\uFEFF" : "";
  return mark + whole;
}

function edit(
  path: string,
  text: string,
  inside: PlacedObject["inside"],
  value: ObjectValue | undefined,
): string {
  const edited =
    extname(path).toLowerCase() === ".json"
      ? editJson(text, inside, value)
      : editDocument(text, inside, value);
  return text.includes("\r\n") ? edited.replaceAll("\n", "\r\n") : edited;
}

/** `networkpolicy.shop.api.yaml`; of a name too long for a file system, the beginning and a digest. */
function fileName({ kind, namespace, name }: ResourceKey): string {
  const stem = [kind.toLowerCase(), ...(namespace === "" ? [] : [namespace]), name].join(".");
  if (stem.length <= STEM_MAX_CHARS) return `${stem}.yaml`;
  return `${stem.slice(0, STEM_MAX_CHARS - 13)}-${hash("sha256", stem, "hex").slice(0, 12)}.yaml`;
}

/** File systems take 255 bytes; the temporary file beside it has a longer name. */
const STEM_MAX_CHARS = 200;
