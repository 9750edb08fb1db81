/** JSON Schemas for editors, made of the very definitions that objects are checked against. */
import { z } from "zod";
import { documentSchema } from "./document.ts";
import type { Kind } from "./kind.ts";
import { KINDS } from "./kinds.ts";

/** The schema that knows all kinds; the others are one kind each. */
export const ALL_KINDS_FILE: "policy.json" = "policy.json";

/** Files of JSON by name: one schema a kind, and one that chooses among them by `apiVersion` and `kind`. */
export function jsonSchemaFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const kind of KINDS) files.set(schemaFileName(kind), toText(kindSchema(kind)));
  files.set(ALL_KINDS_FILE, toText(allKindsSchema()));
  return files;
}

/** `networkpolicy.projectcalico.org.json`, `pod.json`. */
export function schemaFileName(kind: Kind): string {
  const [apiVersion = ""] = kind.apiVersions;
  const slash = apiVersion.indexOf("/");
  const group = slash === -1 ? "" : `.${apiVersion.slice(0, slash)}`;
  return `${kind.kind.toLowerCase()}${group}.json`;
}

function kindSchema(kind: Kind): object {
  const schema = z.toJSONSchema(documentSchema(kind), { io: "input" });
  return { ...schema, title: kind.kind, description: kind.description };
}

/** An object of a kind that is not ours is valid: directories hold other things too. */
function allKindsSchema(): object {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Objects that a policy directory holds",
    type: "object",
    required: ["apiVersion", "kind"],
    allOf: KINDS.map((kind) => ({
      if: {
        properties: { apiVersion: { enum: kind.apiVersions }, kind: { const: kind.kind } },
        required: ["apiVersion", "kind"],
      },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema; nothing awaits this object.
      then: { $ref: schemaFileName(kind) },
    })),
  };
}

function toText(schema: object): string {
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
