/** Small questions to whole objects as plain values. */
import { isDeepStrictEqual } from "node:util";
import { formatPath, type ValuePath } from "./locate.ts";
import { isMapping } from "./schema/kind.ts";

/** A whole object as plain values: `apiVersion`, `kind`, `metadata`, `spec`. */
export type ObjectValue = Readonly<Record<string, unknown>>;

/** A copy without prototypes' whims: what JSON would make of it. */
export function plainCopy(value: ObjectValue): ObjectValue {
  return JSON.parse(JSON.stringify(value)) as ObjectValue;
}

export function metadataOf(value: ObjectValue): ObjectValue {
  return isMapping(value["metadata"]) ? value["metadata"] : {};
}

/** A text of the metadata; undefined where it is absent or empty. */
export function metadataText(value: ObjectValue, key: string): string | undefined {
  const text = metadataOf(value)[key];
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** Of a policy; the one that is meant where it names none. */
export function tierOf({ spec }: ObjectValue): string {
  const tier = isMapping(spec) ? spec["tier"] : undefined;
  return typeof tier === "string" && tier !== "" ? tier : "default";
}

/** With keys of the metadata set, or taken away where `undefined`. Names come first, the rest stays in its order. */
export function withMetadata(value: ObjectValue, changes: Readonly<Record<string, unknown>>): ObjectValue {
  const { name, namespace, ...rest } = { ...metadataOf(value), ...changes };
  const entries = Object.entries({ name, namespace, ...rest }).filter(([, each]) => each !== undefined);
  const { apiVersion, kind, ...others } = value;
  return { apiVersion, kind, ...others, metadata: Object.fromEntries(entries) };
}

/** The same value with `apiVersion`, `kind` and `metadata` in front, as every tool prints it. */
export function inUsualOrder(value: ObjectValue): ObjectValue {
  const { apiVersion, kind, metadata, ...rest } = value;
  return { apiVersion, kind, metadata, ...rest };
}

/** Whether two objects say the same, in whatever order their keys stand. */
export function saySame(left: ObjectValue, right: ObjectValue): boolean {
  return isDeepStrictEqual(plainCopy(left), plainCopy(right));
}

export type Difference = { readonly path: string; readonly there: unknown; readonly here: unknown };

/** Where two objects differ, from the top; lists that differ in length are one difference. */
export function differences(there: unknown, here: unknown, path: ValuePath = []): Difference[] {
  if (isMapping(there) && isMapping(here)) {
    return [...new Set([...Object.keys(there), ...Object.keys(here)])].flatMap((key) =>
      differences(there[key], here[key], [...path, key]),
    );
  }
  if (Array.isArray(there) && Array.isArray(here) && there.length === here.length) {
    return there.flatMap((item: unknown, index) => differences(item, here[index], [...path, index]));
  }
  if (isDeepStrictEqual(there, here)) return [];
  return [{ path: formatPath(path), there, here }];
}
