/**
 * From the plain value of one object to a resource: the one reader that all datastores share.
 *
 * Nothing here throws, and nothing stops at the first problem. An object with an error has no `resource`; what takes
 * its place, when no earlier version is good, is in `placeholder` for kinds that have rules (docs/semantics.md,
 * "Objects that can't be used").
 */
import { assert } from "../base/assert.ts";
import type { Issue } from "../base/issue.ts";
import { DOCUMENT_DEPTH_MAX, ISSUES_PER_OBJECT_MAX } from "../base/limits.ts";
import type { Locate } from "./locate.ts";
import type { Resource, ResourceKey } from "./resources.ts";
import { documentSchema } from "./schema/document.ts";
import { isMapping, type Kind, type KindReport } from "./schema/kind.ts";
import { findKind, unknownKind } from "./schema/kinds.ts";
import { salvageMetadata, toMetadata, warnOfMisspeltKeys } from "./schema/metadata.ts";
import { type PlacedProblem, runSchema } from "./schema/problem.ts";

export type ParsedResource = {
  /** Absent where kind, name or namespace can't be told, and for kinds that are passed over. */
  readonly key: ResourceKey | undefined;
  /** The valid resource. */
  readonly resource: Resource | undefined;
  /** On errors, for kinds with rules: what refuses in its place. */
  readonly placeholder: Resource | undefined;
  /** Errors and warnings, in the order of the checks. */
  readonly issues: readonly Issue[];
};

/** Reads one object, never a list of them. */
export function parseResource(value: unknown, locate: Locate): ParsedResource {
  const issues = new IssueList(locate);
  const kind = readKind(value, issues);
  if (kind === undefined || !isMapping(value)) return nothing(issues);
  const found = kind.keys === "lenient" ? withoutNulls(value) : value;
  const resource = readFields(kind, found, issues, String(found["apiVersion"]).startsWith("crd."));
  if (resource !== undefined && !issues.hasErrors) {
    const { name, namespace } = resource.metadata;
    return {
      key: { kind: resource.kind, namespace, name },
      resource,
      placeholder: undefined,
      issues: issues.list,
    };
  }
  return { ...salvage(kind, found, issues), resource: undefined, issues: issues.list };
}

/** An object in a store that has one kind of object under each key. */
export type StoredText = {
  /** Whose key it is under; that is who it is, whatever it says itself. */
  readonly key: ResourceKey;
  readonly apiVersion: string;
  /** What the store as such makes impossible; an error that is reported makes the object unusable. */
  readonly check: (resource: Resource, report: KindReport) => void;
};

/** Reads one object of a store. Whatever is wrong with it, it is known who it is. */
export function parseStored(
  value: unknown,
  { key, apiVersion, check }: StoredText,
  locate: Locate,
): ParsedResource {
  const issues = new IssueList(locate);
  const kind = findKind(apiVersion, key.kind);
  assert(kind !== undefined, "a store's keys are of kinds that are read");
  if (!isMapping(value)) issues.report("error", [], "bad_document", "expected an object in JSON");
  const object = isMapping(value) ? value : {};
  const metadata = isMapping(object["metadata"]) ? object["metadata"] : {};
  const named = key.namespace === "" ? { name: key.name } : { name: key.name, namespace: key.namespace };
  for (const [path, said, expected] of [
    [["apiVersion"], object["apiVersion"], apiVersion],
    [["kind"], object["kind"], kind.kind],
    ...Object.entries(named).map(([name, text]) => [["metadata", name], metadata[name], text] as const),
  ] as const) {
    if (said === expected || said === undefined) continue;
    const message = `it is stored as \`${expected}\` and says that it is another`;
    issues.report("error", path, "conflict", message);
  }
  const found = { ...object, apiVersion, kind: kind.kind, metadata: { ...metadata, ...named } };
  const resource = isMapping(value) ? readFields(kind, found, issues, true) : undefined;
  if (resource !== undefined) check(resource, issues.report);
  if (resource !== undefined && !issues.hasErrors) {
    return { key, resource, placeholder: undefined, issues: issues.list };
  }
  const left = isMapping(value) ? found : { metadata: found.metadata };
  const { placeholder } = salvage(kind, left, issues);
  const { namespace, name } = key;
  const bare = { name, namespace, uid: "", labels: new Map(), annotations: new Map() };
  return {
    key,
    resource: undefined,
    // A name that is none can still be that of a policy which refuses.
    placeholder: placeholder ?? kind.toPlaceholder?.(left, bare, firstError(issues.list)),
    issues: issues.list,
  };
}

/**
 * What can be said of an object whose text is broken: who it is, if that can be read, and nothing of its fields.
 *
 * @param why for the placeholder; the issues are the caller's.
 */
export function parseBrokenResource(
  value: unknown,
  why: string,
): Pick<ParsedResource, "key" | "placeholder"> {
  const unread = new IssueList(() => "");
  const kind = readKind(value, unread);
  if (kind === undefined || !isMapping(value)) return { key: undefined, placeholder: undefined };
  return salvage(kind, { metadata: value["metadata"] }, unread, why);
}

/** Collects issues; past a limit only their number. */
class IssueList {
  readonly list: Issue[] = [];
  hasErrors = false;
  readonly #locate: Locate;
  #dropped = false;

  constructor(locate: Locate) {
    this.#locate = locate;
  }

  readonly report: KindReport = (severity, path, code, message) => {
    this.add(severity, { path, code, message, key: false });
  };

  add(severity: Issue["severity"], problem: PlacedProblem): void {
    if (severity === "error") this.hasErrors = true;
    if (this.#dropped) return;
    if (this.list.length === ISSUES_PER_OBJECT_MAX) {
      this.#dropped = true;
      const where = this.#locate([]);
      this.list.push({
        severity: "error",
        code: "limit",
        where,
        message: "more problems in this object are not shown",
      });
      return;
    }
    const { path, code, message, key, offset } = problem;
    const where = this.#locate(path, offset === undefined ? { key } : { key, offset });
    this.list.push({ severity, code, where, message });
  }
}

function nothing(issues: IssueList): ParsedResource {
  return { key: undefined, resource: undefined, placeholder: undefined, issues: issues.list };
}

function readKind(value: unknown, issues: IssueList): Kind | undefined {
  if (!isMapping(value)) {
    issues.report("error", [], "bad_document", "expected an object with `apiVersion`, `kind` and `metadata`");
    return undefined;
  }
  const { apiVersion, kind } = value;
  for (const [key, text] of [["apiVersion", apiVersion] as const, ["kind", kind] as const]) {
    if (typeof text === "string" && text !== "") continue;
    const code = text === undefined ? "missing_field" : "bad_value";
    const message = text === undefined ? `missing: \`${key}\`` : `expected text in \`${key}\``;
    issues.report("error", [key], code, message);
  }
  if (typeof apiVersion !== "string" || typeof kind !== "string" || issues.hasErrors) return undefined;
  const found = findKind(apiVersion, kind);
  if (found === undefined) {
    const { severity, message } = unknownKind(apiVersion, kind);
    issues.report(severity, ["kind"], "bad_document", message);
  }
  return found;
}

function readFields(
  kind: Kind,
  value: Readonly<Record<string, unknown>>,
  issues: IssueList,
  isStored: boolean,
): Resource | undefined {
  const outcome = runSchema(documentSchema(kind), value);
  if (kind.keys === "lenient") warnOfMisspeltKeys(value["metadata"], issues.report);
  if (!outcome.ok) {
    for (const problem of outcome.problems) issues.add("error", problem);
    return undefined;
  }
  const apiVersion = String(value["apiVersion"]);
  const metadata = toMetadata(kind, apiVersion, outcome.value.metadata, issues.report);
  return kind.toResource(outcome.value, { metadata, apiVersion, isStored, report: issues.report, value });
}

function salvage(
  kind: Kind,
  value: Readonly<Record<string, unknown>>,
  issues: IssueList,
  why = firstError(issues.list),
): Pick<ParsedResource, "key" | "placeholder"> {
  const metadata = salvageMetadata(kind, value["metadata"]);
  if (metadata === undefined) return { key: undefined, placeholder: undefined };
  const { name, namespace } = metadata;
  return {
    key: { kind: kind.resourceKind, namespace, name },
    placeholder: kind.toPlaceholder?.(value, metadata, why),
  };
}

function firstError(issues: readonly Issue[]): string {
  const first = issues.find((issue) => issue.severity === "error");
  return first === undefined ? "can't be read" : `${first.where}: ${first.message}`;
}

/** `null` is absence to Kubernetes, and machines write it; kinds that are read leniently follow. */
function withoutNulls(
  value: Readonly<Record<string, unknown>>,
  depth = 0,
): Readonly<Record<string, unknown>> {
  const result: Record<string, unknown> = Object.create(null);
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== null) result[key] = withoutNullsInside(inner, depth + 1);
  }
  return result;
}

function withoutNullsInside(value: unknown, depth: number): unknown {
  if (depth > DOCUMENT_DEPTH_MAX) return undefined; // deeper than any field that is read
  if (Array.isArray(value)) return value.map((inner) => withoutNullsInside(inner, depth + 1));
  return isMapping(value) ? withoutNulls(value, depth) : value;
}
