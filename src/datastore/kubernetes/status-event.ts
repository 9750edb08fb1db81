/** What a problem of an object looks like as a Kubernetes Event. Pure. */
import { createHash } from "node:crypto";
import type { Issue } from "../../base/issue.ts";
import { STATUS_NOTE_MAX_BYTES } from "../../base/limits.ts";
import type { ObjectReference } from "../kind-table.ts";
import { isMapping } from "../schema/kind.ts";

const CONTROLLER = "ephor.dev/node";
/** Where Events of objects without namespace are. */
const CLUSTER_NAMESPACE = "default";

export type StatusEvent = {
  /** Of all Events of its namespace. */
  readonly path: string;
  /** The same for the same problem of the same object, whoever writes it: a second one can't come to be. */
  readonly name: string;
  readonly body: object;
};

/** @param instance who writes. */
export function statusEvent(
  issue: Issue,
  subject: ObjectReference,
  instance: string,
  wallMs: number,
): StatusEvent {
  const { apiVersion, kind, namespace: ownNamespace, name: subjectName, uid, resourceVersion } = subject;
  const namespace = ownNamespace === "" ? CLUSTER_NAMESPACE : ownNamespace;
  const identity = JSON.stringify([uid, issue.severity, issue.code, issue.where, issue.message]);
  const name = `ephor-${createHash("sha256").update(identity).digest("hex").slice(0, 32)}`;
  return {
    path: `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`,
    name,
    body: {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name, namespace },
      eventTime: microTime(wallMs),
      type: "Warning",
      reason: reasonOf(issue),
      action: "ReadPolicy",
      note: cutUtf8(noteOf(issue), STATUS_NOTE_MAX_BYTES),
      regarding: { apiVersion, kind, namespace: ownNamespace, name: subjectName, uid, resourceVersion },
      reportingController: CONTROLLER,
      reportingInstance: instance.slice(0, 128),
    },
  };
}

/** The patch of an Event that is there, which says that its problem was seen once more. */
export function seenAgain(event: unknown, wallMs: number): object {
  const series = isMapping(event) && isMapping(event["series"]) ? event["series"] : {};
  const count = typeof series["count"] === "number" ? series["count"] : 1;
  return { series: { count: count + 1, lastObservedTime: microTime(wallMs) } };
}

/** When an Event was last written, since the Unix epoch; NaN if it doesn't say. */
export function lastSeenMs(event: unknown): number {
  if (!isMapping(event)) return Number.NaN;
  const { eventTime, series } = event;
  return Date.parse(String(isMapping(series) ? series["lastObservedTime"] : eventTime));
}

/** `BadSelector`, as reasons are written in Kubernetes. */
function reasonOf({ code }: Issue): string {
  return code.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The object itself is said elsewhere in the Event; what is left is the place in it. */
function noteOf({ severity, where, message }: Issue): string {
  const place = where.split(" ").slice(2).join(" ");
  return `${severity}: ${place === "" ? "" : `${place}: `}${message}`;
}

/** The API server takes exactly six digits. */
export function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace("Z", "000Z");
}

/** The longest beginning that has so many bytes and no half character. */
function cutUtf8(text: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}
