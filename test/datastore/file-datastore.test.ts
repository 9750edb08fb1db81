import assert from "node:assert/strict";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { IssuesError } from "../../src/base/issue.ts";
import { policy, temporaryDirectory, Watched } from "./watched-directory.ts";

describe("the first read of a directory", () => {
  it("tells everything in one batch, then that it is in sync", async (test) => {
    const directory = await temporaryDirectory(test);
    await mkdir(join(directory, "more", "below"), { recursive: true });
    await writeFile(join(directory, "a.yaml"), policy("a"));
    await writeFile(join(directory, "more", "below", "b.yml"), policy("b"));
    await writeFile(
      join(directory, "c.json"),
      JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } }),
    );
    const watched = await Watched.start(test, directory);
    assert.deepEqual([watched.batches.length, watched.inSyncCount, watched.issues.length], [1, 1, 0]);
    assert.deepEqual([...watched.inForce.keys()].sort(), [
      "Namespace shop",
      "NetworkPolicy shop/a",
      "NetworkPolicy shop/b",
      "Tier default",
      "Tier kube-admin",
      "Tier kube-baseline",
    ]);
  });
  it("passes over hidden files, backups and other names", async (test) => {
    const directory = await temporaryDirectory(test);
    await mkdir(join(directory, ".git"));
    for (const name of [
      ".a.yaml",
      ".a.yaml.swp",
      "a.yaml~",
      "#a.yaml#",
      "4913",
      "README.md",
      "a.yaml.bak",
      ".git/a.yaml",
    ]) {
      await writeFile(join(directory, name), "not: [policy");
    }
    const watched = await Watched.start(test, directory);
    assert.equal(watched.inForce.size, 3);
  });
  it("refuses to start where anything has an error, with all of them, by place", async (test) => {
    const directory = await temporaryDirectory(test);
    await writeFile(join(directory, "b.yaml"), policy("b", "soon"));
    await writeFile(join(directory, "a.yaml"), `# one\n${policy("a", "later")}`);
    const watched = new Watched(directory);
    await assert.rejects(watched.datastore.start(watched), (reason: unknown) => {
      assert.ok(reason instanceof IssuesError);
      assert.deepEqual(
        reason.issues.map(({ where }) => where.slice(directory.length + 1)),
        ["a.yaml:5:15", "b.yaml:4:15"],
      );
      assert.match(
        reason.message,
        /a\.yaml:5:15: error: expected a number, got the text `later` \[bad_value\]/,
      );
      return true;
    });
    assert.deepEqual([watched.batches.length, watched.inSyncCount], [0, 0]);
  });
  it("refuses to start where there is no directory", async (test) => {
    const watched = new Watched(join(await temporaryDirectory(test), "none"));
    await assert.rejects(
      watched.datastore.start(watched),
      /can't be read: there is no such file or directory/,
    );
  });
  it("starts with warnings, and tells them", async (test) => {
    const directory = await temporaryDirectory(test);
    await writeFile(join(directory, "a.yaml"), "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n");
    const watched = await Watched.start(test, directory);
    assert.deepEqual(
      watched.issues.map(({ severity }) => severity),
      ["warning"],
    );
  });
});

describe("a file that is saved", () => {
  it("in place takes effect, in one batch", async (test) => {
    const directory = await temporaryDirectory(test);
    await writeFile(join(directory, "a.yaml"), `${policy("a")}---\n${policy("b")}`);
    const watched = await Watched.start(test, directory);
    await writeFile(join(directory, "a.yaml"), `${policy("a", 2)}---\n${policy("b", 3)}---\n${policy("c")}`);
    await watched.until("c exists", () => watched.has("c"));
    assert.equal(watched.batches.length, 2);
    assert.deepEqual([watched.order("a"), watched.order("b")], [2, 3]);
  });
  it("by renaming over it takes effect, in one batch", async (test) => {
    const directory = await temporaryDirectory(test);
    await writeFile(join(directory, "a.yaml"), policy("a"));
    const watched = await Watched.start(test, directory);
    await writeFile(join(directory, ".a.yaml.tmp"), policy("a", 2));
    await rename(join(directory, ".a.yaml.tmp"), join(directory, "a.yaml"));
    await watched.until("order 2", () => watched.order("a") === 2);
    assert.equal(watched.batches.length, 2);
  });
  it("without a change tells nothing", async (test) => {
    const directory = await temporaryDirectory(test);
    await writeFile(join(directory, "a.yaml"), policy("a"));
    const watched = await Watched.start(test, directory);
    await writeFile(join(directory, "a.yaml"), `# same\n${policy("a")}`);
    await writeFile(join(directory, "b.yaml"), policy("b"));
    await watched.until("b exists", () => watched.has("b"));
    const keys = watched.batches.slice(1).flatMap((batch) => batch.map(({ key }) => key.name));
    assert.deepEqual(keys, ["b"]);
  });
  it("in a new folder is seen, and seen when it changes there", async (test) => {
    const directory = await temporaryDirectory(test);
    const watched = await Watched.start(test, directory);
    await mkdir(join(directory, "new"));
    await writeFile(join(directory, "new", "a.yaml"), policy("a"));
    await watched.until("a exists", () => watched.has("a"));
    await writeFile(join(directory, "new", "a.yaml"), policy("a", 2));
    await watched.until("order 2", () => watched.order("a") === 2);
  });
  it("by deleting it and putting it back was never deleted", async (test) => {
    const directory = await temporaryDirectory(test);
    const path = join(directory, "a.yaml");
    await writeFile(path, policy("a"));
    const watched = await Watched.start(test, directory);
    await rm(path);
    await writeFile(path, policy("a", 2));
    await watched.until("order 2", () => watched.order("a") === 2);
    assert.deepEqual(
      watched.batches
        .slice(1)
        .flat()
        .map(({ kind }) => kind),
      ["put"],
    );
  });
  it("empty first and full then was never empty", async (test) => {
    const directory = await temporaryDirectory(test);
    const path = join(directory, "a.yaml");
    await writeFile(path, policy("a"));
    const watched = await Watched.start(test, directory);
    await writeFile(path, "");
    await writeFile(path, policy("a", 2));
    await watched.until("order 2", () => watched.order("a") === 2);
    assert.deepEqual(
      watched.batches
        .slice(1)
        .flat()
        .map(({ kind }) => kind),
      ["put"],
    );
    assert.deepEqual(watched.issueLists.flat(), []);
  });
  it("under another name moves its objects without a gap", async (test) => {
    const directory = await temporaryDirectory(test);
    await writeFile(join(directory, "a.yaml"), policy("a"));
    const watched = await Watched.start(test, directory);
    await rename(join(directory, "a.yaml"), join(directory, "z.yaml"));
    await writeFile(join(directory, "z.yaml"), policy("a", 2));
    await watched.until("order 2", () => watched.order("a") === 2);
    await rm(join(directory, "z.yaml"));
    await watched.until("a is gone", () => !watched.has("a"));
    assert.deepEqual(
      watched.batches
        .slice(1)
        .flat()
        .map(({ kind }) => kind),
      ["put", "delete"],
    );
    assert.deepEqual(watched.issueLists.flat(), []);
  });
});

describe("a file that is deleted", () => {
  it("takes its objects with it", async (test) => {
    const directory = await temporaryDirectory(test);
    await writeFile(join(directory, "a.yaml"), policy("a"));
    await writeFile(join(directory, "b.yaml"), policy("b"));
    const watched = await Watched.start(test, directory);
    await rm(join(directory, "a.yaml"));
    await watched.until("a is gone", () => !watched.has("a"));
    assert.equal(watched.has("b"), true);
  });
});

describe("a file that breaks", () => {
  it("leaves what was in force, is told once, and once when it is mended", async (test) => {
    const directory = await temporaryDirectory(test);
    const path = join(directory, "a.yaml");
    await writeFile(path, policy("a"));
    const watched = await Watched.start(test, directory);
    await writeFile(path, `${policy("a")}]`);
    await watched.until("the issue", () => watched.issues.length === 1);
    assert.equal(watched.issues[0]?.where, `${path}:5:1`);
    assert.equal(watched.order("a"), 1);
    await writeFile(path, policy("a", 2));
    await watched.until("it is mended", () => watched.issues.length === 0);
    assert.equal(watched.order("a"), 2);
    assert.equal(watched.issueLists.length, 2);
    assert.equal(watched.batches.length, 2);
  });
  it("and is new gives a placeholder", async (test) => {
    const directory = await temporaryDirectory(test);
    const watched = await Watched.start(test, directory);
    await writeFile(join(directory, "a.yaml"), policy("a", "soon"));
    await watched.until("a exists", () => watched.has("a"));
    const resource = watched.inForce.get("NetworkPolicy shop/a");
    assert.match(
      resource?.kind === "NetworkPolicy" ? (resource.unusable?.why ?? "") : "",
      /expected a number/,
    );
  });
  it("to nothing leaves what was in force", async (test) => {
    const directory = await temporaryDirectory(test);
    const path = join(directory, "a.yaml");
    await writeFile(path, policy("a"));
    const watched = await Watched.start(test, directory);
    await writeFile(path, "");
    await watched.until("the issue", () => watched.issues.length === 1);
    assert.match(watched.issues[0]?.message ?? "", /the file is empty/);
    assert.equal(watched.has("a"), true);
  });
});

describe("a file that can't be read any more", () => {
  it("keeps its objects", async (test) => {
    const directory = await temporaryDirectory(test);
    const path = join(directory, "a.yaml");
    await writeFile(path, policy("a"));
    const watched = await Watched.start(test, directory);
    // Nobody, root included, can read a link that leads to itself.
    await rm(path);
    await symlink("a.yaml", path);
    await watched.until("the issue", () => watched.issues.length === 1);
    assert.match(watched.issues[0]?.message ?? "", /can't be read/);
    assert.equal(watched.has("a"), true);
    await rm(path);
    await writeFile(path, policy("a", 2));
    await watched.until("it is back", () => watched.order("a") === 2);
    assert.deepEqual(
      watched.batches
        .slice(1)
        .flat()
        .map(({ kind }) => kind),
      ["put"],
    );
  });
});

describe("a directory that vanishes", () => {
  it("keeps everything, with an alarm, and is followed again when it is back", async (test) => {
    const directory = await temporaryDirectory(test);
    const inner = join(directory, "policies");
    await mkdir(inner);
    await writeFile(join(inner, "a.yaml"), policy("a"));
    const watched = await Watched.start(test, inner);
    await rename(inner, join(directory, "elsewhere"));
    await watched.until("the alarm", () => watched.issues.length === 1);
    assert.deepEqual([watched.issues[0]?.code, watched.has("a")], ["unreadable", true]);
    await mkdir(inner);
    await writeFile(join(inner, "a.yaml"), policy("a", 2));
    await watched.until("it is back", () => watched.order("a") === 2);
    await watched.until("no alarm", () => watched.issues.length === 0);
    await writeFile(join(inner, "a.yaml"), policy("a", 3));
    await watched.until("it is followed", () => watched.order("a") === 3);
    assert.equal(
      watched.batches.flat().some(({ kind }) => kind === "delete"),
      false,
    );
  });
});

describe("a mounted ConfigMap", () => {
  /** As the kubelet writes it: files are links into `..data`, a link to a folder that is exchanged as a whole. */
  async function write(directory: string, version: string, files: Record<string, string>): Promise<void> {
    const folder = join(directory, `..${version}`);
    await mkdir(folder);
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await symlink(`..${version}`, join(directory, "..data_tmp"));
    await rename(join(directory, "..data_tmp"), join(directory, "..data"));
  }

  it("is seen when it is exchanged, all its files at once", async (test) => {
    const directory = await temporaryDirectory(test);
    await write(directory, "1", { "a.yaml": policy("a"), "b.yaml": policy("b") });
    for (const name of ["a.yaml", "b.yaml"]) await symlink(join("..data", name), join(directory, name));
    const watched = await Watched.start(test, directory);
    assert.equal(watched.inForce.size, 5);
    await write(directory, "2", { "a.yaml": policy("a", 2), "b.yaml": policy("b", 2) });
    await watched.until("order 2", () => watched.order("a") === 2);
    assert.deepEqual([watched.order("b"), watched.batches.length], [2, 2]);
    await rm(join(directory, "..1"), { recursive: true });
    await write(directory, "3", { "a.yaml": policy("a", 3) });
    await watched.until("b is gone", () => !watched.has("b"));
    assert.equal(watched.order("a"), 3);
  });
});

describe("links", () => {
  it("lead to files and folders elsewhere, and a circle of them ends", async (test) => {
    const directory = await temporaryDirectory(test);
    const [policies, outside] = [join(directory, "policies"), join(directory, "outside")];
    await mkdir(policies);
    await mkdir(join(outside, "folder"), { recursive: true });
    await writeFile(join(outside, "a.yaml"), policy("a"));
    await writeFile(join(outside, "folder", "b.yaml"), policy("b"));
    await symlink(join(outside, "a.yaml"), join(policies, "a.yaml"));
    await symlink(join(outside, "folder"), join(policies, "folder"));
    await symlink("..", join(outside, "folder", "up"));
    await symlink(policies, join(policies, "self"));
    await symlink("nowhere", join(policies, "dangling.yaml"));
    const watched = new Watched(policies);
    test.after(() => watched.datastore.close());
    // `up` leads to a.yaml once more: the same object in two places.
    await assert.rejects(watched.datastore.start(watched), /already written/);
    await rm(join(outside, "folder", "up"));
    const again = await Watched.start(test, policies);
    assert.deepEqual([again.has("a"), again.has("b")], [true, true]);
    await writeFile(join(outside, "folder", "b.yaml"), policy("b", 2));
    await again.until("order 2", () => again.order("b") === 2);
  });
});

describe("closing", () => {
  it("ends the calls", async (test) => {
    const directory = await temporaryDirectory(test);
    const watched = await Watched.start(test, directory);
    await writeFile(join(directory, "a.yaml"), policy("a"));
    await watched.datastore.close();
    const calls = watched.batches.length;
    const second = await Watched.start(test, directory);
    await writeFile(join(directory, "a.yaml"), policy("a", 2));
    await second.until("order 2", () => second.order("a") === 2);
    assert.equal(watched.batches.length, calls);
  });
});

describe("a thousand files", () => {
  it("take effect one by one well under a quarter of a second after they are saved", async (test) => {
    const directory = await temporaryDirectory(test);
    const names = Array.from({ length: 1_000 }, (_, index) => `p${index}`);
    await Promise.all(names.map((name) => writeFile(join(directory, `${name}.yaml`), policy(name))));
    const watched = await Watched.start(test, directory);
    const tookMs: number[] = [];
    for (let order = 2; order <= 8; order++) {
      const startedMs = performance.now();
      await writeFile(join(directory, "p7.yaml"), policy("p7", order));
      await watched.until("the new order", () => watched.order("p7") === order);
      tookMs.push(performance.now() - startedMs);
    }
    const median = tookMs.toSorted((left, right) => left - right)[3] ?? Number.POSITIVE_INFINITY;
    test.diagnostic(`median ${median.toFixed(1)} ms of ${tookMs.map((each) => each.toFixed(0)).join(" ")}`);
    assert.ok(median < 250, `median ${median} ms`);
    assert.equal(await readFile(join(directory, "p7.yaml"), "utf8"), policy("p7", 8));
  });
});
