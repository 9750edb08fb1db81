/** What every kind of object has in common: one definition that reads it, checks it and describes it to editors. */
import { z } from "zod";
import type { ValuePath } from "../locate.ts";
import type { Metadata, Resource, ResourceKind } from "../resources.ts";
import type { NameRule } from "./names.ts";
import type { Problem } from "./problem.ts";

/** Where a kind's checks put what they find. A severity of warning leaves the object usable. */
export type KindReport = (
  severity: "error" | "warning",
  path: ValuePath,
  code: Problem["code"],
  message: string,
) => void;

export type KindContext = {
  readonly metadata: Metadata;
  /** `projectcalico.org/v3`, `crd.projectcalico.org/v1`, … as written. */
  readonly apiVersion: string;
  /** What its author wrote went through the API, which completes it; what is absent here was left out by other ways. */
  readonly isStored: boolean;
  readonly report: KindReport;
  /** The whole object. */
  readonly value: Readonly<Record<string, unknown>>;
};

export type KindDefinition<Shape extends z.ZodRawShape> = {
  readonly apiVersions: readonly string[];
  readonly kind: string;
  /** The kind inside, where it is another word. */
  readonly resourceKind: ResourceKind;
  readonly scope: "namespaced" | "cluster";
  readonly nameRule: NameRule;
  /** Strict: unknown keys are errors. Lenient: the named fields are read, the rest is passed over, and `null` is absence. */
  readonly keys: "strict" | "lenient";
  readonly description: string;
  /** The top-level fields beside `apiVersion`, `kind` and `metadata`. */
  readonly shape: Shape;
  /** Makes the resource of what the shape read; what it reports as an error makes the object unusable. */
  readonly toResource: (fields: z.output<z.ZodObject<Shape>>, context: KindContext) => Resource;
  /** What is left of an object that can't be used, for kinds that have rules (docs/semantics.md, "Objects that can't be used"). */
  readonly toPlaceholder?: (
    value: Readonly<Record<string, unknown>>,
    metadata: Metadata,
    why: string,
  ) => Resource;
};

/** A kind without its field types, as the table of kinds holds it. */
export type Kind = Omit<KindDefinition<z.ZodRawShape>, "shape" | "toResource"> & {
  readonly fields: z.ZodObject;
  /** `fields` as this kind's schema read them. */
  readonly toResource: (fields: unknown, context: KindContext) => Resource;
};

/** Closes a definition over its field types; the schema and what reads its output can't drift apart. */
export function defineKind<Shape extends z.ZodRawShape>(definition: KindDefinition<Shape>): Kind {
  const { shape, toResource, ...rest } = definition;
  const fields = definition.keys === "strict" ? z.strictObject(shape) : z.object(shape);
  return {
    ...rest,
    fields,
    // INVARIANT: called with the output of `fields` only, which is what gives it this type.
    toResource: (value, context) => toResource(value as z.output<z.ZodObject<Shape>>, context),
  };
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
