/**
 * Which version of each object is in force, given what the files of a directory hold. Pure: no files, no time.
 *
 * The rules (docs/semantics.md, "Objects that can't be used"):
 * - One claim to an object, in one file, and valid: it is in force.
 * - The one claim is broken: the last good version stays; without one, the placeholder stands in, and of a kind that
 *   has none the object is told to be unusable.
 * - Several claims: nobody's; what was in force stays. Without, a placeholder that covers all of them stands in.
 * - A file is broken where no object can be told, or has become blank: what it held and holds no more stays in force.
 * - A file is fading, that is, missing for a moment: its claims keep what is in force, and count for nothing else.
 *
 * A change costs by the objects that it is about, not by all that there are.
 */
import type { Issue } from "../../base/issue.ts";
import { goodInForce, type InForce, settleVersion, updateOf } from "../in-force.ts";
import { describeWidest } from "../placeholder.ts";
import {
  type Resource,
  type ResourceKey,
  type ResourceUpdate,
  resourceKey,
  resourceKeyText,
} from "../resources.ts";
import type { FileContent, FileObject } from "./parse-file.ts";

/** What one file says of one object; no objects at all where it only keeps what it held before it broke. */
type Claim = { readonly key: ResourceKey; readonly objects: readonly FileObject[] };

type FileState = {
  readonly content: FileContent;
  readonly claims: ReadonlyMap<string, Claim>;
  readonly isFading: boolean;
};

export class ObjectTable {
  readonly #files = new Map<string, FileState>();
  /** Objects that exist without any file, unless a file says otherwise. */
  readonly #builtIn: ReadonlyMap<string, Resource>;
  /** INVARIANT: the paths of exactly those files whose claims have the key. */
  readonly #claimants = new Map<string, Set<string>>();
  readonly #inForce = new Map<string, InForce>();
  readonly #duplicates = new Map<string, readonly Issue[]>();
  /** Keys whose claims changed since `resolve`. */
  readonly #dirty: Set<string>;

  constructor(builtIn: readonly Resource[]) {
    this.#builtIn = new Map(builtIn.map((resource) => [resourceKeyText(resourceKey(resource)), resource]));
    this.#dirty = new Set(this.#builtIn.keys());
  }

  /** The file's last accepted content. */
  content(path: string): FileContent | undefined {
    return this.#files.get(path)?.content;
  }

  setFile(path: string, content: FileContent): void {
    const before = this.#files.get(path);
    const claims = collectClaims(content, before?.claims);
    this.#replace(path, before, { content, claims, isFading: false });
  }

  setFading(path: string, isFading: boolean): void {
    const before = this.#files.get(path);
    if (before !== undefined) this.#replace(path, before, { ...before, isFading });
  }

  removeFile(path: string): void {
    this.#replace(path, this.#files.get(path), undefined);
  }

  /** Whether accepting `content` would leave an object of the file without a claim, or one broken. */
  wouldLose(path: string, content: FileContent): boolean {
    if (content.isTorn || content.isBlank) return true;
    const keys = new Set<string>();
    for (const object of content.objects) {
      if (object.key === undefined) continue;
      if (object.resource === undefined) return true;
      keys.add(resourceKeyText(object.key));
    }
    for (const text of this.#files.get(path)?.claims.keys() ?? []) if (!keys.has(text)) return true;
    return false;
  }

  /** Everything that is in force. */
  get resources(): readonly Resource[] {
    return [...this.#inForce.values()].flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
  }

  /** Everything that is wrong, as of the last `resolve`. */
  get issues(): readonly Issue[] {
    const issues = [...this.#duplicates.values()].flat();
    for (const [path, { content, claims }] of this.#files) {
      issues.push(...content.issues);
      for (const object of content.objects) issues.push(...object.issues);
      if (content.isBlank && claims.size > 0) issues.push(emptied(path, claims.size));
    }
    return issues;
  }

  /** Applies the rules; the difference to the time before is the batch of updates. */
  resolve(): ResourceUpdate[] {
    const updates: ResourceUpdate[] = [];
    for (const text of this.#dirty) {
      const before = this.#inForce.get(text);
      const after = this.#settle(text, before);
      if (after === undefined) this.#inForce.delete(text);
      else this.#inForce.set(text, after);
      const update = updateOf(before, after);
      if (update !== undefined) updates.push(update);
    }
    this.#dirty.clear();
    return updates;
  }

  #replace(path: string, before: FileState | undefined, after: FileState | undefined): void {
    if (after === undefined) this.#files.delete(path);
    else this.#files.set(path, after);
    for (const [text, claim] of before?.claims ?? []) {
      const next = after?.claims.get(text);
      if (next === undefined) this.#unclaim(text, path);
      const isSame = next !== undefined && isSameClaim(claim, next) && before?.isFading === after?.isFading;
      // The places in the message about several claims may have changed.
      if (!isSame || this.#duplicates.has(text)) this.#dirty.add(text);
    }
    for (const text of after?.claims.keys() ?? []) {
      if (before?.claims.has(text) === true) continue;
      this.#claim(text, path);
      this.#dirty.add(text);
    }
  }

  #claim(text: string, path: string): void {
    const paths = this.#claimants.get(text);
    if (paths === undefined) this.#claimants.set(text, new Set([path]));
    else paths.add(path);
  }

  #unclaim(text: string, path: string): void {
    const paths = this.#claimants.get(text);
    paths?.delete(path);
    if (paths?.size === 0) this.#claimants.delete(text);
  }

  #settle(text: string, before: InForce | undefined): InForce | undefined {
    this.#duplicates.delete(text);
    const paths = [...(this.#claimants.get(text) ?? [])].sort();
    const states = paths.flatMap((path) => this.#files.get(path) ?? []);
    const key = states[0]?.claims.get(text)?.key;
    if (key === undefined) {
      const resource = this.#builtIn.get(text);
      return resource && goodInForce(resource);
    }
    const live = states
      .filter(({ isFading }) => !isFading)
      .flatMap(({ claims }) => claims.get(text)?.objects ?? []);
    const [only, ...others] = live;
    if (only === undefined)
      return before ?? { key, resource: undefined, isGood: false, why: "its file can't be read" };
    if (others.length === 0) return settleVersion(key, before, only);
    this.#duplicates.set(
      text,
      others.map((other) => duplicate(text, other.place, only.place)),
    );
    if (before !== undefined) return before;
    const why = `it is written more than once: ${live.map(({ place }) => place).join(", ")}`;
    const resources = live.flatMap((object) => object.resource ?? object.placeholder ?? []);
    return { key, resource: describeWidest(resources, why), isGood: false, why };
  }
}

function collectClaims(
  content: FileContent,
  before: ReadonlyMap<string, Claim> | undefined,
): ReadonlyMap<string, Claim> {
  const claims = new Map<string, { readonly key: ResourceKey; readonly objects: FileObject[] }>();
  for (const object of content.objects) {
    if (object.key === undefined) continue;
    const text = resourceKeyText(object.key);
    const known = claims.get(text);
    if (known === undefined) claims.set(text, { key: object.key, objects: [object] });
    else known.objects.push(object);
  }
  if (!content.isTorn && !content.isBlank) return claims;
  for (const [text, { key }] of before ?? []) if (!claims.has(text)) claims.set(text, { key, objects: [] });
  return claims;
}

/** A document that was not read again gives the very object. */
function isSameClaim(left: Claim, right: Claim): boolean {
  const [one, other] = [left.objects[0], right.objects[0]];
  if (left.objects.length !== 1 || right.objects.length !== 1) return false;
  return one?.resource !== undefined && one.resource === other?.resource;
}

function duplicate(text: string, place: string, first: string): Issue {
  return {
    severity: "error",
    code: "duplicate_object",
    where: place,
    message: `${text} is already written at ${first}: an object has one place`,
  };
}

function emptied(path: string, count: number): Issue {
  const objects = count === 1 ? "the object" : `the ${count} objects`;
  const message = `the file is empty; ${objects} it held stay in force: delete the file to remove them`;
  return { severity: "error", code: "bad_document", where: path, message };
}
