/**
 * Which version of one object counts, given the last one that did: the rule that all datastores share
 * (docs/semantics.md, "Objects that can't be used"). Pure.
 */
import { isDeepStrictEqual } from "node:util";
import type { ParsedResource } from "./parse-resource.ts";
import { type Resource, type ResourceKey, type ResourceUpdate, resourceKey } from "./resources.ts";

export type InForce = {
  readonly key: ResourceKey;
  /** Undefined: unusable, of a kind without placeholder. */
  readonly resource: Resource | undefined;
  /** Whether it is a version that its author could have meant, not a placeholder. */
  readonly isGood: boolean;
  /** Of what is not good. */
  readonly why: string;
};

/** A resource that needs no reading, such as one that every cluster has. */
export function goodInForce(resource: Resource): InForce {
  return { key: resourceKey(resource), resource, isGood: true, why: "" };
}

/** A valid version takes over; a broken one leaves the last good version, else its placeholder stands in. */
export function settleVersion(
  key: ResourceKey,
  before: InForce | undefined,
  read: Pick<ParsedResource, "resource" | "placeholder" | "issues">,
): InForce {
  if (read.resource !== undefined) return { key, resource: read.resource, isGood: true, why: "" };
  if (before?.isGood === true) return before;
  const why = read.issues.find(({ severity }) => severity === "error")?.message ?? "can't be read";
  return { key, resource: read.placeholder, isGood: false, why };
}

/** What `calc` is told when `after` takes the place of `before`; undefined if that is nothing. */
export function updateOf(
  before: InForce | undefined,
  after: InForce | undefined,
): ResourceUpdate | undefined {
  if (after === undefined) return before && { kind: "delete", key: before.key };
  const { key, resource, why } = after;
  if (before !== undefined && isSame(before.resource, resource)) return undefined;
  return resource === undefined ? { kind: "unusable", key, why } : { kind: "put", key, resource };
}

function isSame(left: Resource | undefined, right: Resource | undefined): boolean {
  return left === right || isDeepStrictEqual(left, right);
}
