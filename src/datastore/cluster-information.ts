/** Whether a cluster says that its policy can be read: `ClusterInformation default`, `spec.datastoreReady`. */
import type { Issue } from "../base/issue.ts";
import { isMapping } from "./schema/kind.ts";

/** Calico writes it once its data are whole, and unsets it to change them; an object that is absent says nothing. */
export function saysReady(clusterInformation: unknown): boolean {
  const spec = isMapping(clusterInformation) ? clusterInformation["spec"] : undefined;
  return isMapping(spec) && spec["datastoreReady"] === true;
}

/** Why nothing is read meanwhile. */
export function notReadyIssue(source: string): Issue {
  const message = "policy is not read before `spec.datastoreReady` of `default` is `true`";
  return { severity: "error", code: "unreadable", where: `${source} ClusterInformation`, message };
}
