import { systemClock } from "../../base/clock.ts";
import type { Issue } from "../../base/issue.ts";
import type { Resource } from "../resources.ts";
import { BUILT_IN_TIERS } from "../schema/tier.ts";
import { loadDirectory } from "./load-directory.ts";
import { sortIssues } from "./sort-issues.ts";

export type DirectoryContent = {
  /** Those that are in force: valid ones, placeholders of broken policies, and the tiers that always exist. */
  readonly resources: readonly Resource[];
  /** How many of the resources the files hold, leaving out those that always exist. */
  readonly objectCount: number;
  /** In the order of the files. */
  readonly issues: readonly Issue[];
};

/** Reads a policy directory once. Problems are issues, a directory that can't be read among them; it never rejects. */
export async function readDirectory(directory: string): Promise<DirectoryContent> {
  const { table, issues } = await loadDirectory(systemClock, directory);
  const { resources } = table;
  const builtIn: readonly Resource[] = BUILT_IN_TIERS;
  const objectCount = resources.filter((resource) => !builtIn.includes(resource)).length;
  return { resources, objectCount, issues: sortIssues([...issues, ...table.issues]) };
}
