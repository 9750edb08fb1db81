/** `metadata`, the same in every kind: names, labels, annotations, and what the `crd.projectcalico.org/v1` encoding packs away. */
import { z } from "zod";
import { LABEL_NAME_MAX_CHARS, LABEL_VALUE_MAX_CHARS } from "../../base/limits.ts";
import { quote, type ValuePath } from "../locate.ts";
import { nearMiss } from "../near-miss.ts";
import type { Metadata } from "../resources.ts";
import { TEXT_MAP } from "./fields.ts";
import { isMapping, type Kind, type KindReport } from "./kind.ts";
import { isNamespaceName, namePattern, nameProblem } from "./names.ts";
import { readable } from "./problem.ts";

/** Holds what a v1 custom resource can't say in its own metadata, as JSON. */
export const PACKED_METADATA: "projectcalico.org/metadata" = "projectcalico.org/metadata";

export type ReadMetadata = {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  readonly labels?: ReadonlyMap<string, string> | undefined;
  readonly annotations?: ReadonlyMap<string, string> | undefined;
};

const PASSED_OVER = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "finalizers",
  "generateName",
  "generation",
  "managedFields",
  "ownerReferences",
  "resourceVersion",
  "selfLink",
] as const;

/** The keys of `metadata` that Kubernetes knows. */
const METADATA_KEYS: readonly string[] = [
  "name",
  "namespace",
  "uid",
  "labels",
  "annotations",
  ...PASSED_OVER,
];

/** The schema of one kind's metadata. */
export function metadataSchema(kind: Kind): z.ZodType<ReadMetadata, unknown> {
  const shape = {
    name: z
      .string()
      .min(1)
      .meta({ pattern: namePattern(kind.nameRule) }),
    namespace: kind.scope === "namespaced" ? namespaceOf(kind) : z.string().optional(),
    uid: z.string().optional(),
    labels: TEXT_MAP.optional(),
    annotations: TEXT_MAP.optional(),
    ...Object.fromEntries(PASSED_OVER.map((key) => [key, z.unknown().optional()])),
  };
  return kind.keys === "strict" ? z.strictObject(shape) : z.object(shape);
}

function namespaceOf(kind: Kind): z.ZodString {
  return z.string({
    error: ({ input }) =>
      input === undefined ? `missing_field missing: the namespace of the ${kind.kind}` : undefined,
  });
}

/** Checks metadata and gives it its one form, whichever API version it came in. */
export function toMetadata(kind: Kind, apiVersion: string, read: ReadMetadata, report: KindReport): Metadata {
  checkNames(kind, read, report);
  const unpacked = unpack(read, report);
  checkLabels(unpacked.labels, report);
  const uid = read.uid ?? "";
  return {
    name: read.name,
    namespace: kind.scope === "namespaced" ? (read.namespace ?? "") : "",
    uid: apiVersion.startsWith("crd.projectcalico.org/") ? transformUid(uid) : uid,
    labels: unpacked.labels,
    annotations: unpacked.annotations,
  };
}

/** As much of the metadata as can be read; undefined where the object can't be told from others. */
export function salvageMetadata(kind: Kind, value: unknown): Metadata | undefined {
  if (!isMapping(value)) return undefined;
  const { name } = value;
  const namespace = kind.scope === "namespaced" ? value["namespace"] : "";
  if (typeof name !== "string" || nameProblem(name, "subdomain") !== undefined) return undefined;
  if (typeof namespace !== "string") return undefined;
  if (kind.scope === "namespaced" && !isNamespaceName(namespace)) return undefined;
  return {
    name,
    namespace,
    uid: readable(z.string(), value["uid"], ""),
    labels: readable(TEXT_MAP, value["labels"], new Map()),
    annotations: readable(TEXT_MAP, value["annotations"], new Map()),
  };
}

/** Of kinds whose unknown keys are passed over, a misspelt key of the metadata is still worth a word. */
export function warnOfMisspeltKeys(metadata: unknown, report: KindReport): void {
  if (!isMapping(metadata)) return;
  for (const key of Object.keys(metadata)) {
    if (METADATA_KEYS.includes(key)) continue;
    const near = nearMiss(key, METADATA_KEYS);
    if (near === undefined) continue;
    report(
      "warning",
      ["metadata", key],
      "unknown_key",
      `unknown key ${quote(key)} is passed over; did you mean \`${near}\`?`,
    );
  }
}

function checkNames(kind: Kind, read: ReadMetadata, report: KindReport): void {
  const problem = nameProblem(read.name, kind.nameRule);
  if (problem !== undefined) report("error", ["metadata", "name"], "bad_name", problem);
  const namespace = read.namespace ?? "";
  if (kind.scope === "cluster") {
    if (namespace !== "") {
      const message = `a ${kind.kind} is cluster-wide and has no namespace`;
      report("error", ["metadata", "namespace"], "conflict", message);
    }
  } else if (namespace === "") {
    report("error", ["metadata", "namespace"], "missing_field", `missing: the namespace of the ${kind.kind}`);
  } else if (!isNamespaceName(namespace)) {
    const message = `${quote(namespace)} is not the name of a namespace: up to 63 lower-case letters, digits and \`-\``;
    report("error", ["metadata", "namespace"], "bad_name", message);
  }
}

type Unpacked = {
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
};

/**
 * Labels and annotations that a v1 custom resource packs into one annotation are merged over its own, and the
 * annotation disappears. The name stays the one the object is stored under, which identifies it and breaks ties.
 */
function unpack(read: ReadMetadata, report: KindReport): Unpacked {
  const labels = read.labels ?? new Map<string, string>();
  const annotations = read.annotations ?? new Map<string, string>();
  const packed = annotations.get(PACKED_METADATA);
  if (packed === undefined) return { labels, annotations };
  const path: ValuePath = ["metadata", "annotations", PACKED_METADATA];
  const parsed = parsePacked(packed);
  if (parsed === undefined) {
    report("error", path, "bad_value", "expected the JSON of an object's metadata");
    return { labels, annotations };
  }
  const merged = new Map([...annotations, ...parsed.annotations]);
  merged.delete(PACKED_METADATA);
  return { labels: new Map([...labels, ...parsed.labels]), annotations: merged };
}

const PACKED = z.object({ labels: TEXT_MAP.nullish(), annotations: TEXT_MAP.nullish() });

function parsePacked(text: string): Unpacked | undefined {
  const value = parseJson(text);
  const outcome = PACKED.safeParse(value);
  if (!outcome.success) return undefined;
  return { labels: outcome.data.labels ?? new Map(), annotations: outcome.data.annotations ?? new Map() };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: the schema refuses `undefined` with the one message there is
  }
}

function checkLabels(labels: ReadonlyMap<string, string>, report: KindReport): void {
  for (const [name, value] of labels) {
    const path: ValuePath = ["metadata", "labels", name];
    if (name === "" || name.length > LABEL_NAME_MAX_CHARS) {
      report("error", path, "limit", `a label's name has 1 to ${LABEL_NAME_MAX_CHARS} characters`);
    }
    if (value.length > LABEL_VALUE_MAX_CHARS) {
      report("error", path, "limit", `a label's value has at most ${LABEL_VALUE_MAX_CHARS} characters`);
    }
  }
}

/**
 * The UID that a `crd.projectcalico.org/v1` object shows as `projectcalico.org/v3`: the bits of each byte reversed,
 * but for bytes 6 and 8, which hold version and variant. Its own inverse. Text that is no UUID stays as it is.
 */
export function transformUid(uid: string): string {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(uid)) return uid;
  const bytes = Buffer.from(uid.replaceAll("-", ""), "hex");
  for (const [index, byte] of bytes.entries()) {
    if (index !== 6 && index !== 8) bytes[index] = reverseBits(byte);
  }
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function reverseBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) reversed |= ((byte >>> bit) & 1) << (7 - bit);
  return reversed;
}
