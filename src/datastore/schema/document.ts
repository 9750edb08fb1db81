/** The whole schema of a kind: what an object is checked against, and what the JSON Schema for editors is made of. */
import { z } from "zod";
import type { Kind } from "./kind.ts";
import { metadataSchema, type ReadMetadata } from "./metadata.ts";

export type DocumentSchema = z.ZodType<{ readonly metadata: ReadMetadata }, unknown>;

const SCHEMAS = new Map<Kind, DocumentSchema>();

export function documentSchema(kind: Kind): DocumentSchema {
  const known = SCHEMAS.get(kind);
  if (known !== undefined) return known;
  const shape = {
    apiVersion: z.enum(kind.apiVersions),
    kind: z.literal(kind.kind),
    metadata: metadataSchema(kind),
    ...kind.fields.shape,
  };
  const schema = kind.keys === "strict" ? z.strictObject(shape) : z.object(shape);
  SCHEMAS.set(kind, schema);
  return schema;
}
