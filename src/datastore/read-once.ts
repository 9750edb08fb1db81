import { setTimeout as sleep } from "node:timers/promises";
import type { Issue } from "../base/issue.ts";
import type { Datastore } from "./datastore.ts";
import { type Resource, resourceKeyText } from "./resources.ts";
import { BUILT_IN_TIERS } from "./schema/tier.ts";

export type DatastoreContent = {
  /** Whether everything was read; if not, the issues say why. */
  readonly isRead: boolean;
  /** Those that are in force: valid ones, placeholders of broken policies, and the tiers that always exist. */
  readonly resources: readonly Resource[];
  /** How many of the resources the source holds, leaving out those that always exist. */
  readonly objectCount: number;
  readonly issues: readonly Issue[];
};

/**
 * Reads a datastore once and closes it. Problems are issues, a source that can't be reached in time among them.
 *
 * @param name for messages.
 */
export async function readOnce(
  datastore: Datastore,
  name: string,
  timeoutMs: number,
): Promise<DatastoreContent> {
  const resources = new Map<string, Resource>();
  let issues: readonly Issue[] = [];
  const timeout = new AbortController();
  const started = datastore.start({
    onUpdates: (batch) => {
      for (const update of batch) {
        if (update.kind === "put") resources.set(resourceKeyText(update.key), update.resource);
        else resources.delete(resourceKeyText(update.key));
      }
    },
    onInSync: () => {},
    onIssues: (all) => {
      issues = all;
    },
  });
  const isRead = await Promise.race([
    started.then(() => true),
    sleep(timeoutMs, false, { signal: timeout.signal }),
  ]);
  timeout.abort();
  started.catch(() => undefined); // it is told that it was closed
  await datastore.close();
  const all = [...resources.values()];
  const builtIn: readonly Resource[] = BUILT_IN_TIERS;
  const objectCount = all.filter((resource) => !builtIn.includes(resource)).length;
  // Once every kind is read, what hinders the watches that follow says nothing of what was read.
  if (isRead) issues = issues.filter(({ code }) => code !== "unreadable");
  if (!isRead && issues.length === 0) {
    const message = "can't be read: it is not complete after all that time";
    issues = [{ severity: "error", code: "unreadable", where: name, message }];
  }
  return { isRead, resources: all, objectCount, issues };
}
