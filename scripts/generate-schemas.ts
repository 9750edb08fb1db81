/** Writes `schemas/`: JSON Schemas for editors. Run by `make gen`; `make check` fails where they are out of date. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { jsonSchemaFiles } from "../src/datastore/schema/json-schema.ts";

const directory = join(import.meta.dirname, "..", "schemas");
const files = jsonSchemaFiles();
mkdirSync(directory, { recursive: true });
for (const name of readdirSync(directory)) {
  if (!files.has(name)) rmSync(join(directory, name));
}
for (const [name, text] of files) writeFileSync(join(directory, name), text);
