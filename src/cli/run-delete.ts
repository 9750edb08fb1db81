import { hasErrors } from "../base/issue.ts";
import { deleteObject, type Outcome } from "../datastore/change-object.ts";
import type { ResourceStore } from "../datastore/resource-store.ts";
import { type ResourceKey, resourceKeyText } from "../datastore/resources.ts";
import { tierObjection } from "../datastore/tier-checks.ts";
import type { DeleteFlags } from "./delete.ts";
import { EXIT_OK, EXIT_REFUSED, EXIT_USAGE, type Io, UsageError } from "./io.ts";
import { isDone } from "./render-outcome.ts";
import { printOutcome, readGiven } from "./run-apply.ts";
import { DEFAULT_NAMESPACE, kindFrom, withStore } from "./store-flags.ts";

type Target = { readonly key: ResourceKey; readonly version: string | undefined };

/** Deletes one object after the other; what can't be deleted doesn't hold up the rest. */
export async function runDelete(
  io: Io,
  word: string | undefined,
  names: readonly string[],
  flags: DeleteFlags,
): Promise<number> {
  const targets = await chooseTargets(io, word, names, flags);
  if (typeof targets === "number") return targets;
  const isDryRun = flags.dryRun === true;
  return await withStore(flags, async (store) => {
    const outcomes: Outcome[] = [];
    for (const { key, version } of targets) {
      const outcome = await deleteTarget(store, key, version, isDryRun);
      if (outcome.kind === "missing" && flags.ignoreNotFound === true) continue;
      outcomes.push(outcome);
      printOutcome(io, resourceKeyText(key), outcome, isDryRun);
    }
    return outcomes.every(isDone) ? EXIT_OK : EXIT_REFUSED;
  });
}

async function deleteTarget(
  store: ResourceStore,
  key: ResourceKey,
  version: string | undefined,
  isDryRun: boolean,
): Promise<Outcome> {
  const why = key.kind === "Tier" ? await tierObjection(store, key.name) : undefined;
  return why === undefined ? deleteObject(store, key, version, { isDryRun }) : { kind: "refused", why };
}

async function chooseTargets(
  io: Io,
  word: string | undefined,
  names: readonly string[],
  flags: DeleteFlags,
): Promise<readonly Target[] | number> {
  const { filename, namespace = DEFAULT_NAMESPACE, resourceVersion: version } = flags;
  if ((word === undefined) === (filename === undefined)) {
    throw new UsageError("which objects? ephor delete KIND NAME, or ephor delete -f FILE");
  }
  if (word !== undefined) {
    const { kind, isNamespaced } = kindFrom(word);
    if (names.length === 0) throw new UsageError(`which ${kind}? ephor delete ${word} NAME`);
    if (version !== undefined && names.length > 1)
      throw new UsageError("--resource-version goes with one name");
    return names.map((name) => ({ key: { kind, namespace: isNamespaced ? namespace : "", name }, version }));
  }
  if (version !== undefined)
    throw new UsageError("--resource-version goes with a name; documents have their own");
  const given = await readGiven(io, flags);
  if (given === undefined) return EXIT_USAGE;
  if (hasErrors(given.issues)) return EXIT_REFUSED;
  // A tier goes after its policies.
  return given.objects.toReversed().map(({ key, version: own }) => ({ key, version: own }));
}
