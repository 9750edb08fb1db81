/** Objects for the tests of this folder, as plain values, and what reading them gives. */
import assert from "node:assert/strict";
import { locateInObject } from "../../src/datastore/locate.ts";
import { type ParsedResource, parseResource } from "../../src/datastore/parse-resource.ts";
import type { Resource } from "../../src/datastore/resources.ts";

export type Plain = Record<string, unknown>;

export function object(apiVersion: string, kind: string, metadata: Plain, rest: Plain = {}): Plain {
  return { apiVersion, kind, metadata, ...rest };
}

export function networkPolicy(spec: Plain, metadata: Plain = {}): Plain {
  return object(
    "projectcalico.org/v3",
    "NetworkPolicy",
    { name: "api", namespace: "shop", ...metadata },
    { spec },
  );
}

export function globalPolicy(spec: Plain, metadata: Plain = {}): Plain {
  return object("projectcalico.org/v3", "GlobalNetworkPolicy", { name: "api", ...metadata }, { spec });
}

/** Reads as all datastores do, located by paths. */
export function read(value: unknown): ParsedResource {
  return parseResource(value, locateInObject("it"));
}

/** `code path` of every issue, in the order given. */
export function findings(value: unknown, severity: "error" | "warning" = "error"): string[] {
  return read(value)
    .issues.filter((issue) => issue.severity === severity)
    .map(({ code, where }) => `${code} ${where.replace(/^it ?/, "")}`);
}

export function messages(value: unknown): string[] {
  return read(value).issues.map(({ message }) => message);
}

/** The type of a resource, some of which have several kinds. */
export type OfKind<K extends Resource["kind"], R extends Resource = Resource> = R extends Resource
  ? K extends R["kind"]
    ? R
    : never
  : never;

/** The resource of an object that must be valid. */
export function valid<K extends Resource["kind"]>(kind: K, value: unknown): OfKind<K> {
  const { resource, issues } = read(value);
  assert.deepEqual(
    issues.filter(({ severity }) => severity === "error"),
    [],
  );
  assert.equal(resource?.kind, kind);
  return resource as OfKind<K>;
}

/** What takes the place of an object that must be broken. */
export function placeholder<K extends Resource["kind"]>(kind: K, value: unknown): OfKind<K> {
  const parsed = read(value);
  assert.equal(parsed.resource, undefined);
  assert.equal(parsed.placeholder?.kind, kind);
  return parsed.placeholder as OfKind<K>;
}
