import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { systemClock } from "../../src/base/clock.ts";
import { ObjectTable } from "../../src/datastore/files/object-table.ts";
import { Breather, parseFile } from "../../src/datastore/files/parse-file.ts";
import {
  type Resource,
  type ResourceUpdate,
  resourceKeyText,
  UNKNOWN_TIER,
} from "../../src/datastore/resources.ts";
import { BUILT_IN_TIERS } from "../../src/datastore/schema/tier.ts";

const policy = (name: string, order: unknown = 1): string =>
  `---\napiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: ${name}, namespace: shop}\nspec: {order: ${String(order)}, ingress: [{action: Allow}]}\n`;
const pod = (name: string, spec = "{}"): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n`;
const tier = (order: unknown): string =>
  `---\napiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: t}\nspec: {order: ${String(order)}}\n`;

async function put(table: ObjectTable, path: string, text: string): Promise<string[]> {
  table.setFile(
    path,
    await parseFile(path, Buffer.from(text), table.content(path), new Breather(systemClock)),
  );
  return table.resolve().map(show);
}

/** `put NetworkPolicy shop/a order`, `unusable …`, `delete …`. */
function show(update: ResourceUpdate): string {
  const detail = update.kind === "put" ? showVersion(update.resource) : "";
  return `${update.kind} ${resourceKeyText(update.key).replace("NetworkPolicy shop/", "")}${detail}`;
}

function showVersion(resource: Resource): string {
  if (resource.kind === "Tier") return ` ${resource.order}`;
  if (resource.kind !== "NetworkPolicy") return "";
  return ` ${resource.spec.order}${resource.unusable === undefined ? "" : " unusable"}`;
}

const issues = (table: ObjectTable): string[] => table.issues.map(({ code, where }) => `${code} ${where}`);

describe("an object in one file", () => {
  it("is put, put again where it changed, and deleted with its document", async () => {
    const table = new ObjectTable([]);
    assert.deepEqual(await put(table, "f", policy("a") + policy("b")), ["put a 1", "put b 1"]);
    assert.deepEqual(await put(table, "f", policy("a", 2) + policy("b")), ["put a 2"]);
    assert.deepEqual(await put(table, "f", policy("a", 2)), ["delete b"]);
    table.removeFile("f");
    assert.deepEqual(table.resolve().map(show), ["delete a"]);
  });
  it("is not put again where the same is written otherwise", async () => {
    const table = new ObjectTable([]);
    await put(table, "f", policy("a"));
    assert.deepEqual(await put(table, "f", `# a comment\n${policy("a", "1.0")}`), []);
  });
});

describe("an object that breaks", () => {
  it("stays in its last good version, and the issue with it", async () => {
    const table = new ObjectTable([]);
    await put(table, "f", policy("a"));
    assert.deepEqual(await put(table, "f", policy("a", "x")), []);
    assert.deepEqual(issues(table), ["bad_value f:5:15"]);
    assert.deepEqual(await put(table, "f", policy("a", "y")), []);
    assert.deepEqual(await put(table, "f", policy("a", 2)), ["put a 2"]);
    assert.deepEqual(issues(table), []);
  });
  it("does not hold back the objects beside it", async () => {
    const table = new ObjectTable([]);
    await put(table, "f", policy("a") + policy("b"));
    assert.deepEqual(await put(table, "f", policy("a", "x") + policy("b", 2) + policy("c")), [
      "put b 2",
      "put c 1",
    ]);
  });
  it("that never was good is a placeholder", async () => {
    const table = new ObjectTable([]);
    assert.deepEqual(await put(table, "f", policy("a", "x")), ["put a -Infinity unusable"]);
    assert.deepEqual(await put(table, "f", policy("a", 3)), ["put a 3"]);
  });
  it("that never was good and has no placeholder is told to be unusable", async () => {
    const table = new ObjectTable([]);
    assert.deepEqual(await put(table, "f", pod("p", "x") + tier("x")), [
      "unusable Pod shop/p",
      "unusable Tier t",
    ]);
    assert.deepEqual(await put(table, "f", pod("p") + tier(5)), ["put Pod shop/p", "put Tier t 5"]);
    assert.deepEqual(await put(table, "f", pod("p", "x") + tier("x")), []);
  });
  it("stays where only its text is broken", async () => {
    const table = new ObjectTable([]);
    await put(table, "f", policy("a") + policy("b"));
    assert.deepEqual(await put(table, "f", policy("a").replace("}]}", "}]") + policy("b")), []);
    assert.equal(table.issues.length, 1);
  });
  it("stays where nobody can tell which it is, as do all that the file held", async () => {
    const table = new ObjectTable([]);
    await put(table, "f", policy("a") + policy("b"));
    assert.deepEqual(await put(table, "f", `${policy("b", 2)}---\n: : [\n`), ["put b 2"]);
    assert.deepEqual(await put(table, "f", `---\n: : [[\n`), []);
    assert.deepEqual(await put(table, "f", policy("b", 3)), ["delete a", "put b 3"].reverse());
  });
  for (const [what, from, to] of [
    ["kind", "kind: NetworkPolicy", "kind: NetworkPolcy"],
    ["API version", "projectcalico.org/v3", "projectcalico.org/v4"],
    ["name", "name: a", "name: A_b"],
    ["namespace", ", namespace: shop", ""],
  ] as const) {
    it(`stays where its ${what} is misspelt, since nobody can tell which it is`, async () => {
      const table = new ObjectTable([]);
      await put(table, "f", policy("a") + policy("b"));
      const misspelt = policy("a").replace(from, to);
      assert.deepEqual(await put(table, "f", misspelt + policy("b", 2)), ["put b 2"]);
      const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: [parse(misspelt)] });
      assert.deepEqual(await put(table, "f", list), []);
      assert.deepEqual(await put(table, "f", policy("b", 2)), ["delete a"]);
    });
  }
  it("does not stay where it has made way for one that is passed over", async () => {
    const table = new ObjectTable([]);
    await put(table, "f", policy("a"));
    const node = "apiVersion: v1\nkind: Node\nmetadata: {name: n}\n";
    assert.deepEqual(await put(table, "f", node), ["delete a"]);
  });
});

describe("a file that becomes empty", () => {
  it("keeps what it held, until it is deleted", async () => {
    const table = new ObjectTable([]);
    await put(table, "f", policy("a"));
    assert.deepEqual(await put(table, "f", " \n"), []);
    assert.deepEqual(issues(table), ["bad_document f"]);
    assert.deepEqual(await put(table, "f", ""), []);
    table.removeFile("f");
    assert.deepEqual(table.resolve().map(show), ["delete a"]);
    assert.deepEqual(issues(table), []);
  });
  it("but for comments has been emptied by its author", async () => {
    const table = new ObjectTable([]);
    await put(table, "f", policy("a"));
    assert.deepEqual(await put(table, "f", "# nothing any more\n"), ["delete a"]);
  });
  it("and was never anything else is fine", async () => {
    const table = new ObjectTable([]);
    assert.deepEqual(await put(table, "f", ""), []);
    assert.deepEqual(issues(table), []);
  });
});

describe("an object in two files", () => {
  it("is an error that names both places, and what was in force stays", async () => {
    const table = new ObjectTable([]);
    await put(table, "f", policy("a", 1));
    assert.deepEqual(await put(table, "g", `# g\n${policy("a", 2)}`), []);
    assert.deepEqual(issues(table), ["duplicate_object g:3"]);
    assert.match(table.issues[0]?.message ?? "", /NetworkPolicy shop\/a is already written at f:2/);
    table.removeFile("f");
    assert.deepEqual(table.resolve().map(show), ["put a 2"]);
    assert.deepEqual(issues(table), []);
  });
  it("is an error in one file as well", async () => {
    const table = new ObjectTable([]);
    await put(table, "f", policy("a", 1) + policy("a", 1));
    assert.deepEqual(issues(table), ["duplicate_object f:7"]);
  });
  it("is a placeholder of the widest scope where neither was in force", async () => {
    const table = new ObjectTable([]);
    assert.deepEqual(await put(table, "f", policy("a", 1) + policy("a", 2)), ["put a -Infinity unusable"]);
    const [only] = table.resources;
    assert.equal(only?.kind === "NetworkPolicy" ? only.spec.ingress.length : 0, 2);
    assert.deepEqual(await put(table, "g", pod("p") + pod("p")), ["unusable Pod shop/p"]);
  });
  it("is before all tiers where the claims are of several", async () => {
    const table = new ObjectTable([]);
    await put(table, "f", policy("a") + policy("a").replace("{order", "{tier: security, order"));
    const [only] = table.resources;
    assert.equal(only?.kind === "NetworkPolicy" ? only.spec.tier : "", UNKNOWN_TIER);
  });
  it("moves from a fading file to a living one without a gap", async () => {
    const table = new ObjectTable([]);
    await put(table, "f", policy("a", 1));
    table.setFading("f", true);
    assert.deepEqual(table.resolve(), []);
    assert.deepEqual(await put(table, "g", policy("a", 2)), ["put a 2"]);
    assert.deepEqual(issues(table), []);
    table.removeFile("f");
    assert.deepEqual(table.resolve(), []);
  });
});

describe("objects that exist without a file", () => {
  it("are there, give way to a file's, and come back", async () => {
    const table = new ObjectTable(BUILT_IN_TIERS);
    assert.deepEqual(table.resolve().map(show), [
      "put Tier kube-admin 1000",
      "put Tier default 1000000",
      "put Tier kube-baseline 10000000",
    ]);
    const text =
      "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: default, labels: {a: b}}\nspec: {}\n";
    assert.deepEqual(await put(table, "f", text), ["put Tier default 1000000"]);
    table.removeFile("f");
    assert.deepEqual(table.resolve().map(show), ["put Tier default 1000000"]);
  });
});

describe("whether a new version of a file would lose objects", () => {
  const cases: readonly { readonly name: string; readonly text: string; readonly want: boolean }[] = [
    { name: "the same", text: policy("a") + policy("b"), want: false },
    { name: "more", text: policy("a", 2) + policy("b") + policy("c"), want: false },
    { name: "fewer", text: policy("a"), want: true },
    { name: "one broken", text: policy("a") + policy("b", "x"), want: true },
    { name: "torn", text: `${policy("a") + policy("b")}---\n[`, want: true },
    { name: "blank", text: "", want: true },
  ];
  for (const { name, text, want } of cases) {
    it(`${name}: ${want}`, async () => {
      const table = new ObjectTable([]);
      await put(table, "f", policy("a") + policy("b"));
      assert.equal(
        table.wouldLose("f", await parseFile("f", Buffer.from(text), undefined, new Breather(systemClock))),
        want,
      );
    });
  }
});
