import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ALL_KINDS_FILE, jsonSchemaFiles, schemaFileName } from "../../src/datastore/schema/json-schema.ts";
import { KINDS } from "../../src/datastore/schema/kinds.ts";

const directory = join(import.meta.dirname, "..", "..", "schemas");

describe("the JSON Schemas for editors", () => {
  const files = jsonSchemaFiles();

  it("are those that the definitions give; `make gen` writes them", () => {
    assert.deepEqual(readdirSync(directory).sort(), [...files.keys()].sort());
    for (const [name, text] of files) assert.equal(readFileSync(join(directory, name), "utf8"), text, name);
  });

  it("are one a kind and one for all", () => {
    assert.equal(files.size, KINDS.length + 1);
    const all = files.get(ALL_KINDS_FILE) ?? "";
    for (const kind of KINDS) assert.ok(all.includes(`"${schemaFileName(kind)}"`), kind.kind);
  });

  it("refuse unknown keys exactly where reading does", () => {
    for (const kind of KINDS) {
      const schema = JSON.parse(files.get(schemaFileName(kind)) ?? "{}");
      assert.equal(schema.additionalProperties === false, kind.keys === "strict", kind.kind);
      assert.deepEqual(schema.properties.kind, { type: "string", const: kind.kind });
      assert.equal(schema.required.includes("metadata"), true, kind.kind);
      assert.equal(
        schema.properties.metadata.required.includes("namespace"),
        kind.scope === "namespaced",
        kind.kind,
      );
    }
  });

  it("know the words of a rule", () => {
    const schema = JSON.parse(files.get("networkpolicy.projectcalico.org.json") ?? "{}");
    const { Rule, EntityRule } = schema.$defs;
    assert.deepEqual(Rule.properties.action.enum, ["Allow", "Deny", "Log", "Pass"]);
    assert.deepEqual(Object.keys(EntityRule.properties), [
      "nets",
      "notNets",
      "selector",
      "notSelector",
      "namespaceSelector",
      "ports",
      "notPorts",
      "serviceAccounts",
      "services",
      "identities",
    ]);
    assert.equal(EntityRule.additionalProperties, false);
  });
});
