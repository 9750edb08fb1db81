import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { CALICO_KINDS } from "../../src/datastore/calico-kinds.ts";
import { applyObject, deleteObject, type Outcome } from "../../src/datastore/change-object.ts";
import { FileStore } from "../../src/datastore/files/file-store.ts";
import { readDirectory } from "../../src/datastore/files/read-directory.ts";
import { replaceFile } from "../../src/datastore/files/write-file.ts";
import { type GivenObject, readGivenObjects } from "../../src/datastore/given-objects.ts";
import type { ResourceStore, StoredObject } from "../../src/datastore/resource-store.ts";
import type { ResourceKey } from "../../src/datastore/resources.ts";
import { policy, temporaryDirectory } from "./watched-directory.ts";

const WRITE = { isDryRun: false };
const KEY: ResourceKey = { kind: "NetworkPolicy", namespace: "shop", name: "api" };

async function given(text: string): Promise<GivenObject> {
  const { objects, issues } = await readGivenObjects(
    [{ name: "new.yaml", bytes: Buffer.from(text) }],
    undefined,
  );
  assert.deepEqual(issues, []);
  const [object] = objects;
  assert.ok(object !== undefined);
  return object;
}

async function withFiles(
  test: TestContext,
  files: Readonly<Record<string, string>>,
): Promise<{ readonly directory: string; readonly store: FileStore }> {
  const directory = await temporaryDirectory(test);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return { directory, store: new FileStore(systemClock, directory) };
}

async function stored(store: ResourceStore, key = KEY): Promise<StoredObject> {
  const object = await store.read(key);
  assert.ok(object !== undefined);
  return object;
}

const kinds = (outcomes: readonly Outcome[]): string[] => outcomes.map(({ kind }) => kind);

describe("an object in a directory", () => {
  it("that is new gets a file of its own, with the comments of its document", async (test) => {
    const { directory, store } = await withFiles(test, {});
    const text = `# why\n${policy("api")}`;
    assert.equal((await applyObject(store, await given(text), WRITE)).kind, "created");
    assert.deepEqual(readdirSync(directory), ["networkpolicy.shop.api.yaml"]);
    assert.equal(readFileSync(join(directory, "networkpolicy.shop.api.yaml"), "utf8"), text);
  });

  it("is changed in its document, and all others stay as they are", async (test) => {
    const others = `# first\n${policy("web")}---\n`;
    const { directory, store } = await withFiles(test, {
      "a.yaml": `${others}# ours\n${policy("api", 1)}---\n# last\n${policy("db")}`,
    });
    assert.equal((await applyObject(store, await given(policy("api", 2)), WRITE)).kind, "configured");
    assert.equal(
      readFileSync(join(directory, "a.yaml"), "utf8"),
      `${others}# ours\n${policy("api", 2)}---\n# last\n${policy("db")}`,
    );
  });

  it("that says the same already is not touched", async (test) => {
    const { directory, store } = await withFiles(test, { "a.yaml": policy("api") });
    const before = statSync(join(directory, "a.yaml"), { bigint: true }).ino;
    assert.equal((await applyObject(store, await given(policy("api")), WRITE)).kind, "unchanged");
    assert.equal(statSync(join(directory, "a.yaml"), { bigint: true }).ino, before);
  });

  it("goes with its document; the last one takes the file with it", async (test) => {
    const { directory, store } = await withFiles(test, { "a.yaml": `${policy("api")}---\n${policy("web")}` });
    assert.equal((await deleteObject(store, KEY, undefined, WRITE)).kind, "deleted");
    assert.equal(readFileSync(join(directory, "a.yaml"), "utf8"), `---\n${policy("web")}`);
    assert.equal((await deleteObject(store, { ...KEY, name: "web" }, undefined, WRITE)).kind, "deleted");
    assert.deepEqual(readdirSync(directory), []);
    assert.equal((await deleteObject(store, KEY, undefined, WRITE)).kind, "missing");
  });

  it("in a list, JSON or YAML, is changed and deleted there", async (test) => {
    const item = (name: string) => ({
      apiVersion: "projectcalico.org/v3",
      kind: "NetworkPolicy",
      metadata: { name, namespace: "shop" },
      spec: { order: 1 },
    });
    const list = { apiVersion: "v1", kind: "List", items: [item("api"), item("web")] };
    for (const name of ["a.json", "a.yaml"]) {
      const { directory, store } = await withFiles(test, { [name]: JSON.stringify(list, undefined, 2) });
      assert.equal((await applyObject(store, await given(policy("api", 2)), WRITE)).kind, "configured");
      assert.equal((await deleteObject(store, { ...KEY, name: "web" }, undefined, WRITE)).kind, "deleted");
      const { items } = JSON.parse(readFileSync(join(directory, name), "utf8"));
      assert.deepEqual(items, [{ ...item("api"), spec: { order: 2 } }]);
    }
  });

  it("keeps its uid and date, and its file's mode, line ends and byte-order mark", async (test) => {
    const text = `\uFEFF${policy("api").replace("namespace: shop", "namespace: shop, uid: u-1, creationTimestamp: '2026-01-01T00:00:00Z'").replaceAll("\n", "\r\n")}`;
    const { directory, store } = await withFiles(test, { "a.yaml": text });
    chmodSync(join(directory, "a.yaml"), 0o640);
    assert.equal((await applyObject(store, await given(policy("api", 7)), WRITE)).kind, "configured");
    assert.equal(readFileSync(join(directory, "a.yaml"), "utf8"), text.replace("order: 1", "order: 7"));
    assert.equal(statSync(join(directory, "a.yaml")).mode & 0o777, 0o640);
  });

  it("has a name too long for a file: the file has another one", async (test) => {
    const { directory, store } = await withFiles(test, {});
    const name = `${"a".repeat(125)}.${"b".repeat(125)}`;
    assert.equal((await applyObject(store, await given(policy(name)), WRITE)).kind, "created");
    assert.equal((await readDirectory(directory)).objectCount, 1);
  });

  it("is not touched while its text is broken, which may hold a second one behind a forgotten ---", async (test) => {
    const broken =
      "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: api, namespace: shop}\nspec: {order: [}\n";
    const { directory, store } = await withFiles(test, { "a.yaml": `${broken}${policy("web")}` });
    assert.equal((await stored(store)).value, undefined);
    assert.notDeepEqual((await stored(store)).issues, []);
    const outcomes = [
      await applyObject(store, await given(policy("api")), WRITE),
      await deleteObject(store, KEY, undefined, WRITE),
    ];
    assert.deepEqual(kinds(outcomes), ["refused", "refused"]);
    assert.equal(readFileSync(join(directory, "a.yaml"), "utf8"), `${broken}${policy("web")}`);
  });

  it("is only told of in a dry run", async (test) => {
    const { directory, store } = await withFiles(test, { "a.yaml": policy("api") });
    const dry = { isDryRun: true };
    const outcomes = [
      await applyObject(store, await given(policy("api", 2)), dry),
      await applyObject(store, await given(policy("web")), dry),
      await deleteObject(store, KEY, undefined, dry),
    ];
    assert.deepEqual(kinds(outcomes), ["configured", "created", "deleted"]);
    assert.deepEqual(readdirSync(directory), ["a.yaml"]);
    assert.equal(readFileSync(join(directory, "a.yaml"), "utf8"), policy("api"));
  });
});

describe("a version", () => {
  const versioned = (name: string, order: number, version: string): string =>
    policy(name, order).replace("namespace: shop", `namespace: shop, resourceVersion: "${version}"`);

  it("that is the stored one lets the change pass, once", async (test) => {
    const { directory, store } = await withFiles(test, { "a.yaml": policy("api") });
    const { revision } = await stored(store);
    assert.equal(
      (await applyObject(store, await given(versioned("api", 2, revision)), WRITE)).kind,
      "configured",
    );
    assert.doesNotMatch(readFileSync(join(directory, "a.yaml"), "utf8"), /resourceVersion/);
    const again = await applyObject(store, await given(versioned("api", 3, revision)), WRITE);
    assert.equal(again.kind, "conflict");
    assert.deepEqual(again.kind === "conflict" && again.differences, [
      { path: "spec.order", there: 2, here: 3 },
    ]);
    assert.equal(readFileSync(join(directory, "a.yaml"), "utf8"), policy("api", 2));
  });

  it("changes with the object's own text, comments too, and with nothing else in the file", async (test) => {
    const { directory, store } = await withFiles(test, { "a.yaml": `${policy("web")}---\n${policy("api")}` });
    const { revision } = await stored(store);
    writeFileSync(
      join(directory, "a.yaml"),
      `# new\n${policy("web", 5)}---\n${policy("api")}---\n${policy("x")}`,
    );
    assert.equal((await stored(store)).revision, revision);
    writeFileSync(join(directory, "a.yaml"), `${policy("web")}---\n# note\n${policy("api")}`);
    assert.notEqual((await stored(store)).revision, revision);
  });

  it("of an object that is gone, or is another one of the same name, is a conflict", async (test) => {
    const { directory, store } = await withFiles(test, {});
    assert.equal((await applyObject(store, await given(versioned("api", 1, "abc")), WRITE)).kind, "conflict");
    const other = policy("api").replace("namespace: shop", "namespace: shop, uid: u-2");
    writeFileSync(join(directory, "a.yaml"), other);
    const { revision } = await stored(store);
    const text = versioned("api", 2, revision).replace("namespace: shop", "namespace: shop, uid: u-1");
    assert.equal((await applyObject(store, await given(text), WRITE)).kind, "conflict");
    assert.equal(readFileSync(join(directory, "a.yaml"), "utf8"), other);
  });

  it("guards a deletion", async (test) => {
    const { store } = await withFiles(test, { "a.yaml": policy("api") });
    const { revision } = await stored(store);
    assert.equal((await deleteObject(store, KEY, "abc", WRITE)).kind, "conflict");
    assert.equal((await deleteObject(store, KEY, revision, WRITE)).kind, "deleted");
    assert.equal((await deleteObject(store, KEY, revision, WRITE)).kind, "missing");
  });
});

describe("two writers", () => {
  /** A store to which somebody writes between reading and writing. */
  function interrupted(directory: string, interrupt: () => void): ResourceStore {
    const store = new FileStore(systemClock, directory);
    const prepare = store.prepare.bind(store);
    store.prepare = (...args) => {
      interrupt();
      return prepare(...args);
    };
    return store;
  }

  it("of one object: the one whose document has no version is written on what is there then", async (test) => {
    const { directory } = await withFiles(test, { "a.yaml": policy("api", 1) });
    let times = 0;
    const store = interrupted(directory, () => {
      if (times++ === 0) writeFileSync(join(directory, "a.yaml"), `# theirs\n${policy("api", 5)}`);
    });
    assert.equal((await applyObject(store, await given(policy("api", 2)), WRITE)).kind, "configured");
    assert.equal(readFileSync(join(directory, "a.yaml"), "utf8"), `# theirs\n${policy("api", 2)}`);
  });

  it("of one object without rest: in the end it is a conflict", async (test) => {
    const { directory } = await withFiles(test, { "a.yaml": policy("api", 1) });
    let times = 0;
    const store = interrupted(directory, () =>
      writeFileSync(join(directory, "a.yaml"), policy("api", 100 + times++)),
    );
    assert.equal((await applyObject(store, await given(policy("api", 2)), WRITE)).kind, "conflict");
    assert.equal(readFileSync(join(directory, "a.yaml"), "utf8"), policy("api", 104));
  });

  it("of one object, with a version: a conflict at once", async (test) => {
    const { directory, store } = await withFiles(test, { "a.yaml": policy("api", 1) });
    const { revision } = await stored(store);
    const text = policy("api", 2).replace(
      "namespace: shop",
      `namespace: shop, resourceVersion: "${revision}"`,
    );
    const other = interrupted(directory, () => writeFileSync(join(directory, "a.yaml"), policy("api", 5)));
    assert.equal((await applyObject(other, await given(text), WRITE)).kind, "conflict");
    assert.equal(readFileSync(join(directory, "a.yaml"), "utf8"), policy("api", 5));
  });

  it("of many objects of one file lose none of them", async (test) => {
    const names = Array.from({ length: 12 }, (_, index) => `p${index}`);
    const { directory } = await withFiles(test, {
      "a.yaml": names.map((name) => policy(name, 1)).join("---\n"),
    });
    const outcomes = await Promise.all(
      names.map(async (name) =>
        applyObject(new FileStore(systemClock, directory), await given(policy(name, 2)), WRITE),
      ),
    );
    assert.deepEqual(
      kinds(outcomes),
      names.map(() => "configured"),
    );
    assert.equal(
      readFileSync(join(directory, "a.yaml"), "utf8"),
      names.map((name) => policy(name, 2)).join("---\n"),
    );
    assert.deepEqual(readdirSync(directory), ["a.yaml"]);
  });

  it("that create the same object make one", async (test) => {
    const { directory } = await withFiles(test, {});
    const outcomes = await Promise.all(
      [1, 1, 1, 1].map(async (order) =>
        applyObject(new FileStore(systemClock, directory), await given(policy("api", order)), WRITE),
      ),
    );
    assert.deepEqual(kinds(outcomes).sort(), ["created", "unchanged", "unchanged", "unchanged"]);
    assert.equal((await readDirectory(directory)).objectCount, 1);
  });
});

describe("a directory refuses", () => {
  async function refusal(store: ResourceStore, text = policy("api", 2)): Promise<string> {
    const outcome = await applyObject(store, await given(text), WRITE);
    assert.equal(outcome.kind, "refused");
    return outcome.kind === "refused" ? outcome.why : "";
  }

  it("to write through a link that leads out of it", async (test) => {
    const outside = await withFiles(test, { "a.yaml": policy("api") });
    const { directory, store } = await withFiles(test, {});
    symlinkSync(join(outside.directory, "a.yaml"), join(directory, "a.yaml"));
    assert.match(await refusal(store), /outside/);
    assert.equal((await deleteObject(store, KEY, undefined, WRITE)).kind, "refused");
    assert.equal(readFileSync(join(outside.directory, "a.yaml"), "utf8"), policy("api"));
  });

  it("to write into the versions of a mounted ConfigMap", async (test) => {
    const { directory, store } = await withFiles(test, {});
    await mkdir(join(directory, "..2026_11_28"));
    writeFileSync(join(directory, "..2026_11_28", "a.yaml"), policy("api"));
    symlinkSync("..2026_11_28", join(directory, "..data"));
    symlinkSync("..data/a.yaml", join(directory, "a.yaml"));
    assert.match(await refusal(store), /ConfigMap/);
    assert.equal(readFileSync(join(directory, "a.yaml"), "utf8"), policy("api"));
  });

  it("but writes to the file that a link inside leads to, and leaves the link", async (test) => {
    const { directory, store } = await withFiles(test, {});
    await mkdir(join(directory, "shop.d"));
    writeFileSync(join(directory, "shop.d", "real.txt"), policy("api"));
    symlinkSync("shop.d/real.txt", join(directory, "a.yaml"));
    assert.equal((await applyObject(store, await given(policy("api", 2)), WRITE)).kind, "configured");
    assert.equal(readFileSync(join(directory, "shop.d", "real.txt"), "utf8"), policy("api", 2));
    assert.ok(readdirSync(directory, { withFileTypes: true }).some((entry) => entry.isSymbolicLink()));
  });

  it("an object that is written in two places", async (test) => {
    const { store } = await withFiles(test, { "a.yaml": policy("api"), "b.yaml": policy("api") });
    assert.match(await refusal(store), /more than one place: .*a\.yaml:1, .*b\.yaml:1/);
    assert.deepEqual(
      (await stored(store)).issues.map(({ code }) => code),
      ["duplicate_object"],
    );
  });

  it("a new object while one of its files can't be read, which may hold it", async (test) => {
    const { directory, store } = await withFiles(test, { "a.yaml": "kind: [" });
    assert.match(await refusal(store), /can't be told/);
    assert.deepEqual(readdirSync(directory), ["a.yaml"]);
  });

  it("to edit a file whose documents can't be told apart line by line", async (test) => {
    const { store } = await withFiles(test, { "a.yaml": `%YAML 1.2\n---\n${policy("api")}` });
    assert.match(await refusal(store), /only people can edit/);
  });

  it("to put a new object where another file is", async (test) => {
    const { store } = await withFiles(test, { "networkpolicy.shop.api.yaml": policy("web") });
    assert.match(await refusal(store), /is there already/);
  });

  it("everything while it is locked by a command that was killed, and says what to delete", async (test) => {
    const { directory } = await withFiles(test, { "a.yaml": policy("api"), ".ephor-lock": "" });
    let nowMs = 0;
    const store = new FileStore({ nowMs: () => (nowMs += 6_000), wallMs: () => 0 }, directory);
    await assert.rejects(store.create(await given(policy("web")), {}), /\.ephor-lock is there/);
  });

  it("to replace a file that somebody wrote since it was read, or to leave anything beside it", async (test) => {
    const { directory } = await withFiles(test, { "a.yaml": policy("api", 5) });
    const path = join(directory, "a.yaml");
    const seen = Buffer.from(policy("api", 1));
    for (const content of [policy("api", 2), undefined]) {
      assert.equal(await replaceFile(directory, path, seen, content), "changed-meanwhile");
    }
    assert.equal(readFileSync(path, "utf8"), policy("api", 5));
    assert.deepEqual(readdirSync(directory), ["a.yaml"]);
  });

  it("everything where nothing can be written", async () => {
    // Not even for root, which may write to any directory of its own.
    const store = new FileStore(systemClock, "/proc/self/attr");
    await assert.rejects(store.create(await given(policy("api")), {}), /can't be written/);
  });

  it("everything where there is no directory", async (test) => {
    const { directory } = await withFiles(test, {});
    const store = new FileStore(systemClock, join(directory, "none"));
    const [tier] = CALICO_KINDS;
    assert.ok(tier !== undefined);
    await assert.rejects(store.list(tier), /can't be read/);
  });
});
