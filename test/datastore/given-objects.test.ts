import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { POLICY_FILE_MAX_BYTES } from "../../src/base/limits.ts";
import { readGivenObjects } from "../../src/datastore/given-objects.ts";
import { resourceKeyText } from "../../src/datastore/resources.ts";
import { policy, temporaryDirectory } from "./watched-directory.ts";

async function read(text: string, namespace?: string): Promise<{ keys: string[]; found: string[] }> {
  const { objects, issues } = await readGivenObjects(
    [{ name: "new.yaml", bytes: Buffer.from(text) }],
    namespace,
  );
  return {
    keys: objects.map(({ key }) => resourceKeyText(key)),
    found: issues.map(({ code, where }) => `${code} ${where}`),
  };
}

const WITHOUT_NAMESPACE = policy("api").replace(", namespace: shop", "");
const TIER = "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: security}\nspec: {}\n";

describe("given objects", () => {
  it("are those of documents and lists, tiers before what may be in them", async () => {
    const list = JSON.stringify({
      apiVersion: "v1",
      kind: "List",
      items: [JSON.parse(await json(policy("web")))],
    });
    const { keys, found } = await read(`${policy("api")}---\n${list}\n---\n${TIER}`);
    assert.deepEqual(keys, ["Tier security", "NetworkPolicy shop/api", "NetworkPolicy shop/web"]);
    assert.deepEqual(found, []);
  });

  it("are of the command's namespace where they name none", async () => {
    assert.deepEqual((await read(WITHOUT_NAMESPACE, "dev")).keys, ["NetworkPolicy dev/api"]);
    assert.deepEqual((await read(`${TIER}---\n${policy("api")}`, "shop")).found, []);
  });

  it("of a directory are those of its policy files, in their order", async (test) => {
    const directory = await temporaryDirectory(test);
    await mkdir(join(directory, "more"));
    writeFileSync(join(directory, "more", "b.yml"), policy("b"));
    writeFileSync(join(directory, "a.yaml"), policy("a"));
    writeFileSync(join(directory, "README.md"), "none of these");
    const { objects, issues } = await readGivenObjects([{ path: directory }], undefined);
    assert.deepEqual([objects.map(({ key }) => key.name), issues], [["a", "b"], []]);
  });

  const refused = [
    {
      name: "without a namespace, where the command has none",
      text: WITHOUT_NAMESPACE,
      found: "missing_field new.yaml:3:1",
    },
    {
      name: "of another namespace than the command's",
      text: policy("api"),
      namespace: "dev",
      found: "conflict new.yaml:1",
    },
    {
      name: "given twice",
      text: `${policy("api")}---\n${policy("api", 2)}`,
      found: "duplicate_object new.yaml:6",
    },
    {
      name: "with a key that nobody knows",
      text: policy("api").replace("order", "ordr"),
      found: "unknown_key new.yaml:4:8",
    },
    {
      name: "of a kind that clusters keep",
      text: "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n",
      found: "bad_document new.yaml:1",
    },
    {
      name: "of a kind without a part in policy",
      text: "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: a}\n",
      found: "bad_document new.yaml:1",
    },
    {
      name: "of Kubernetes' own policies",
      text: "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: b}\nspec: {podSelector: {}}\n",
      found: "bad_document new.yaml:1",
    },
    { name: "in text that is broken", text: "kind: [", found: "bad_document new.yaml:1:8" },
    {
      name: "with a key twice",
      text: `${policy("api")}kind: NetworkPolicy\n`,
      found: "duplicate_key new.yaml:5:1",
    },
  ];
  for (const { name, text, namespace, found } of refused) {
    it(`are refused ${name}`, async () => {
      assert.deepEqual((await read(text, namespace)).found, [found]);
    });
  }

  it("are refused in bytes that are no text, and in too many", async () => {
    for (const [bytes, code] of [
      [Buffer.of(0xff), "bad_document"],
      [Buffer.alloc(POLICY_FILE_MAX_BYTES + 1, " "), "limit"],
    ] as const) {
      const { issues } = await readGivenObjects([{ name: "x", bytes }], undefined);
      assert.deepEqual(
        issues.map((issue) => issue.code),
        [code],
      );
    }
    const { issues } = await readGivenObjects(
      [{ name: "x", bytes: Buffer.alloc(POLICY_FILE_MAX_BYTES, " ") }],
      undefined,
    );
    assert.deepEqual(issues, []);
  });

  it("are refused where there is no such file", async (test) => {
    const directory = await temporaryDirectory(test);
    const { issues } = await readGivenObjects([{ path: join(directory, "none.yaml") }], undefined);
    assert.deepEqual(
      issues.map(({ code }) => code),
      ["unreadable"],
    );
  });
});

async function json(text: string): Promise<string> {
  const { objects } = await readGivenObjects([{ name: "x", bytes: Buffer.from(text) }], undefined);
  return JSON.stringify(objects[0]?.value);
}
