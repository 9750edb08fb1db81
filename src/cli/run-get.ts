import type { Issue } from "../base/issue.ts";
import type { CalicoKind } from "../datastore/calico-kinds.ts";
import type { Listing, ResourceStore, StoredObject } from "../datastore/resource-store.ts";
import { type ResourceKey, resourceKeyText } from "../datastore/resources.ts";
import type { GetFlags } from "./get.ts";
import { EXIT_OK, EXIT_REFUSED, type Io, UsageError } from "./io.ts";
import { formatIssues } from "./render-issues.ts";
import { formatObjects } from "./render-objects.ts";
import { DEFAULT_NAMESPACE, kindFrom, withStore } from "./store-flags.ts";
import { paintFor } from "./terminal.ts";

/** Shows what is stored, broken objects too: their problems go to standard error. */
export async function runGet(
  io: Io,
  word: string,
  names: readonly string[],
  flags: GetFlags,
): Promise<number> {
  const kind = kindFrom(word);
  const { output = "table", namespace = DEFAULT_NAMESPACE, allNamespaces = false } = flags;
  if (allNamespaces && names.length > 0)
    throw new UsageError("a name is one of one namespace: --namespace instead");
  const within = kind.isNamespaced ? (allNamespaces ? undefined : namespace) : "";
  return await withStore(flags, async (store) => {
    const found =
      names.length === 0
        ? await listIn(store, kind, within)
        : await readAll(
            store,
            names.map((name) => ({ kind: kind.kind, namespace: within ?? "", name })),
          );
    const issues = [...found.issues, ...found.objects.flatMap((object) => object.issues)];
    const paint = paintFor(io.stderr, io.env);
    io.stderr.write(formatIssues(issues, io.stderr.isTTY === true, paint));
    for (const key of found.missing) io.stderr.write(`${resourceKeyText(key)}: not found in ${store.name}\n`);
    const { objects } = found;
    if (objects.length === 0 && names.length === 0) {
      const where = within === undefined || within === "" ? "" : ` in namespace ${within}; -A looks in all`;
      io.stderr.write(`${store.name}: no ${kind.kind}${where}\n`);
    }
    const shape = { output, isOne: names.length === 1, hasNamespaces: within === undefined };
    io.stdout.write(formatObjects(kind, objects, shape, paintFor(io.stdout, io.env)));
    return objects.length === 0 || found.missing.length > 0 ? EXIT_REFUSED : EXIT_OK;
  });
}

type Found = Listing & { readonly missing: readonly ResourceKey[] };

async function listIn(store: ResourceStore, kind: CalicoKind, namespace: string | undefined): Promise<Found> {
  const { objects, issues } = await store.list(kind);
  const chosen = namespace === undefined ? objects : objects.filter(({ key }) => key.namespace === namespace);
  return { objects: chosen, issues, missing: [] };
}

async function readAll(store: ResourceStore, keys: readonly ResourceKey[]): Promise<Found> {
  const objects: StoredObject[] = [];
  const missing: ResourceKey[] = [];
  const issues: readonly Issue[] = [];
  for (const key of keys) {
    const stored = await store.read(key);
    if (stored === undefined) missing.push(key);
    else objects.push(stored);
  }
  return { objects, issues, missing };
}
