/**
 * Which version of each object is in force, given what the files of a directory hold. Pure: no files, no time.
 *
 * The rules (docs/semantics.md, "Objects that can't be used"):
 * - One valid claim to an object, in one file: it is in force.
 * - The one claim is broken: the last good version stays; without one, the placeholder stands in, and of a kind that
 *   has none the object is told to be unusable.
 * - Several claims: nobody's; what was in force stays. Without, a placeholder that covers all of them stands in.
 * - A file is broken where no object can be told, or has become blank: what it held and holds no more stays in force.
 * - A file is fading, that is, missing for a moment: its claims keep what is in force, and count for nothing else.
 */
import { isDeepStrictEqual } from "node:util";
import type { Issue } from "../../base/issue.ts";
import { describeWidest } from "../placeholder.ts";
import { type Resource, type ResourceKey, type ResourceUpdate, resourceKeyText } from "../resources.ts";
import type { FileContent, FileObject } from "./parse-file.ts";

type FileState = {
  readonly content: FileContent;
  /** Keys that are in force because of this file. */
  held: ReadonlyMap<string, ResourceKey>;
  isFading: boolean;
};

type InForce = {
  readonly key: ResourceKey;
  /** Undefined: unusable, of a kind without placeholder. */
  readonly resource: Resource | undefined;
  readonly isGood: boolean;
  readonly why: string;
};

/** Without a live claim, by a fading or broken file alone: as it was. */
type Claims = { readonly key: ResourceKey; readonly live: FileObject[] };

export class ObjectTable {
  readonly #files = new Map<string, FileState>();
  /** Objects that exist without any file, unless a file says otherwise. */
  readonly #builtIn: ReadonlyMap<string, Resource>;
  #inForce: ReadonlyMap<string, InForce> = new Map();
  #issues: readonly Issue[] = [];

  constructor(builtIn: readonly Resource[]) {
    this.#builtIn = new Map(builtIn.map((resource) => [resourceKeyText(keyOf(resource)), resource]));
  }

  /** The file's last accepted content. */
  content(path: string): FileContent | undefined {
    return this.#files.get(path)?.content;
  }

  paths(): Iterable<string> {
    return this.#files.keys();
  }

  setFile(path: string, content: FileContent): void {
    const held = this.#files.get(path)?.held ?? new Map();
    this.#files.set(path, { content, held, isFading: false });
  }

  setFading(path: string, isFading: boolean): void {
    const file = this.#files.get(path);
    if (file !== undefined) file.isFading = isFading;
  }

  removeFile(path: string): void {
    this.#files.delete(path);
  }

  /** Whether accepting `content` would leave an object of the file without a claim, or one broken. */
  wouldLose(path: string, content: FileContent): boolean {
    if (content.isTorn || content.isBlank) return true;
    const keys = new Set<string>();
    for (const object of content.objects) {
      if (object.resource === undefined) return true;
      if (object.key !== undefined) keys.add(resourceKeyText(object.key));
    }
    const held = this.#files.get(path)?.held ?? new Map();
    return [...held.keys()].some((key) => !keys.has(key));
  }

  /** Everything that is in force, and what is wrong. */
  get resources(): readonly Resource[] {
    return [...this.#inForce.values()].flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
  }

  get issues(): readonly Issue[] {
    return this.#issues;
  }

  /** Applies the rules; the difference to the time before is the batch of updates. */
  resolve(): ResourceUpdate[] {
    const issues: Issue[] = [];
    const next = new Map<string, InForce>();
    for (const [text, claims] of this.#collectClaims(issues)) {
      next.set(text, this.#settle(text, claims, issues));
    }
    for (const [text, resource] of this.#builtIn) {
      if (!next.has(text)) next.set(text, { key: keyOf(resource), resource, isGood: true, why: "" });
    }
    const updates = difference(this.#inForce, next);
    this.#inForce = next;
    this.#issues = issues;
    return updates;
  }

  #collectClaims(issues: Issue[]): Map<string, Claims> {
    const all = new Map<string, Claims>();
    const claimsOf = (text: string, key: ResourceKey): Claims => {
      const known = all.get(text);
      if (known !== undefined) return known;
      const claims: Claims = { key, live: [] };
      all.set(text, claims);
      return claims;
    };
    for (const [path, file] of this.#files) {
      issues.push(...file.content.issues);
      const held = new Map<string, ResourceKey>();
      for (const object of file.content.objects) {
        issues.push(...object.issues);
        if (object.key === undefined) continue;
        const text = resourceKeyText(object.key);
        held.set(text, object.key);
        const claims = claimsOf(text, object.key);
        if (!file.isFading) claims.live.push(object);
      }
      if (file.content.isTorn || file.content.isBlank) {
        for (const [text, key] of file.held) if (!held.has(text)) held.set(text, key);
        for (const [text, key] of held) claimsOf(text, key);
      }
      if (file.content.isBlank && held.size > 0) issues.push(emptied(path, held.size));
      file.held = held;
    }
    return all;
  }

  #settle(text: string, claims: Claims, issues: Issue[]): InForce {
    const { key } = claims;
    const before = this.#inForce.get(text);
    const [only, ...others] = claims.live;
    if (only === undefined)
      return before ?? { key, resource: undefined, isGood: false, why: "its file can't be read" };
    if (others.length === 0) {
      if (only.resource !== undefined) return { key, resource: only.resource, isGood: true, why: "" };
      if (before?.isGood === true) return before;
      const why = only.issues.find(({ severity }) => severity === "error")?.message ?? "can't be read";
      return { key, resource: only.placeholder, isGood: false, why };
    }
    for (const other of others) issues.push(duplicate(text, other.place, only.place));
    if (before !== undefined) return before;
    const why = `it is written twice: ${only.place} and ${others[0]?.place ?? ""}`;
    const resources = claims.live.flatMap((object) => object.resource ?? object.placeholder ?? []);
    return { key, resource: describeWidest(resources, why), isGood: false, why };
  }
}

function keyOf(resource: Resource): ResourceKey {
  return { kind: resource.kind, namespace: resource.metadata.namespace, name: resource.metadata.name };
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

function difference(
  before: ReadonlyMap<string, InForce>,
  after: ReadonlyMap<string, InForce>,
): ResourceUpdate[] {
  const updates: ResourceUpdate[] = [];
  for (const [text, { key, resource, why }] of after) {
    const earlier = before.get(text);
    if (earlier !== undefined && isSame(earlier.resource, resource)) continue;
    updates.push(resource === undefined ? { kind: "unusable", key, why } : { kind: "put", key, resource });
  }
  for (const [text, { key }] of before) if (!after.has(text)) updates.push({ kind: "delete", key });
  return updates;
}

function isSame(left: Resource | undefined, right: Resource | undefined): boolean {
  return left === right || isDeepStrictEqual(left, right);
}
