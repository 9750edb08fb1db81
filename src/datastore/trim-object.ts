import { isMapping } from "./schema/kind.ts";

/** Metadata of which nothing is ever used, and which is most of many objects. */
const UNUSED: readonly string[] = ["managedFields", "ownerReferences", "finalizers", "selfLink"];

/** The object without what nobody reads, and with the `apiVersion` and `kind` that lists leave out. */
export function trimObject(
  value: Readonly<Record<string, unknown>>,
  { kind, annotations }: { readonly kind: string; readonly annotations: readonly string[] },
  apiVersion: string,
): Readonly<Record<string, unknown>> {
  const metadata: Record<string, unknown> = Object.create(null);
  for (const [key, inner] of Object.entries(isMapping(value["metadata"]) ? value["metadata"] : {})) {
    if (key === "annotations") metadata[key] = trimAnnotations(inner, annotations);
    else if (!UNUSED.includes(key)) metadata[key] = inner;
  }
  return { ...value, apiVersion, kind, metadata };
}

function trimAnnotations(value: unknown, used: readonly string[]): unknown {
  if (!isMapping(value)) return value; // for the schema to refuse
  return Object.fromEntries(used.flatMap((name) => (name in value ? [[name, value[name]]] : [])));
}
