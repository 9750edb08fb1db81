/** What tiers and their policies ask of each other when one of them is changed. */
import type { Issue } from "../base/issue.ts";
import { CALICO_KINDS, type CalicoKind } from "./calico-kinds.ts";
import type { GivenObject } from "./given-objects.ts";
import { quote } from "./locate.ts";
import { tierOf } from "./object-value.ts";
import type { ResourceStore } from "./resource-store.ts";
import { BUILT_IN_TIERS } from "./schema/tier.ts";

const TIER = CALICO_KINDS.find(({ kind }) => kind === "Tier") as CalicoKind;

/** Policies whose tier is neither stored nor among what is given with them: Calico's own tools refuse them too. */
export async function missingTiers(store: ResourceStore, given: readonly GivenObject[]): Promise<Issue[]> {
  const policies = given.filter(({ kind }) => kind.isTiered);
  if (policies.length === 0) return [];
  const { objects } = await store.list(TIER);
  const known = new Set([
    ...BUILT_IN_TIERS.map(({ metadata }) => metadata.name),
    ...objects.map(({ key }) => key.name),
    ...given.filter(({ kind }) => kind === TIER).map(({ key }) => key.name),
  ]);
  return policies.flatMap(({ value, place }): Issue[] => {
    const tier = tierOf(value);
    if (known.has(tier)) return [];
    const message = `tier ${quote(tier)} does not exist: apply it before, or together with its policies`;
    return [{ severity: "error", code: "missing_reference", where: place, message }];
  });
}

/** Why a tier can't be deleted; undefined if it can. Its policies would fall to the end of all tiers and deny there. */
export async function tierObjection(store: ResourceStore, name: string): Promise<string | undefined> {
  if (BUILT_IN_TIERS.some(({ metadata }) => metadata.name === name)) return undefined; // its policies stay in it
  let count = 0;
  for (const kind of CALICO_KINDS.filter(({ isTiered }) => isTiered)) {
    const { objects } = await store.list(kind);
    count += objects.filter(({ value }) => value !== undefined && tierOf(value) === name).length;
  }
  if (count === 0) return undefined;
  return `${count === 1 ? "a policy is" : `${count} policies are`} still in it: delete or move them first`;
}
