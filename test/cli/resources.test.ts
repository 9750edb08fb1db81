import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { parseAllDocuments, stringify } from "yaml";
import { CALICO_KINDS } from "../../src/datastore/calico-kinds.ts";
import { ONE_OF_EACH } from "../datastore/one-of-each.ts";
import { policy } from "../datastore/watched-directory.ts";
import { assertGolden, type CliResult, runCli } from "./run-cli.ts";

type Shell = {
  readonly directory: string;
  readonly get: (...args: string[]) => Promise<CliResult>;
  readonly apply: (stdin: string, ...args: string[]) => Promise<CliResult>;
  readonly delete: (...args: string[]) => Promise<CliResult>;
};

function shell(test: TestContext, files: Readonly<Record<string, string>> = {}): Shell {
  const directory = mkdtempSync(join(tmpdir(), "ephor-resources-"));
  test.after(() => rmSync(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const env = { EPHOR_POLICIES: directory };
  return {
    directory,
    get: (...args) => runCli(["get", ...args], { env }),
    apply: (stdin, ...args) => runCli(["apply", "-f", "-", ...args], { env, stdin }),
    delete: (...args) => runCli(["delete", ...args], { env }),
  };
}

const ALL = ONE_OF_EACH.map((object) => stringify(object)).join("---\n");

describe("ephor get", () => {
  it("shows a table of each kind, by any of its names", async (test) => {
    const { apply, get } = shell(test);
    await apply(ALL);
    let tables = "";
    for (const { kind, plural, aliases } of CALICO_KINDS) {
      const { exitCode, stdout, stderr } = await get(plural, "-A");
      assert.deepEqual([exitCode, stderr], [0, ""]);
      tables += `${stdout}\n`;
      for (const word of [kind, ...aliases]) assert.equal((await get(word, "-A")).stdout, stdout);
    }
    assertGolden("get-tables.txt", tables);
  });

  it("gives names alone, with their namespaces where they may differ", async (test) => {
    const { get } = shell(test, { "a.yaml": `${policy("web")}---\n${policy("api")}` });
    assert.equal((await get("np", "-n", "shop", "-o", "name")).stdout, "api\nweb\n");
    assert.equal((await get("np", "-A", "-o", "name")).stdout, "shop/api\nshop/web\n");
    assert.equal((await get("np", "web", "-n", "shop", "-o", "name")).stdout, "web\n");
  });

  it("looks in namespace default, and says where else to look", async (test) => {
    const { directory, get } = shell(test, { "a.yaml": policy("api") });
    const { exitCode, stdout, stderr } = await get("np");
    assert.deepEqual([exitCode, stdout], [1, ""]);
    assert.equal(stderr, `${directory}: no NetworkPolicy in namespace default; -A looks in all\n`);
  });

  it("names what is not there, shows the rest and ends with 1", async (test) => {
    const { directory, get } = shell(test, { "a.yaml": policy("api") });
    const { exitCode, stdout, stderr } = await get("np", "api", "web", "-n", "shop", "-o", "name");
    assert.deepEqual([exitCode, stdout], [1, "api\n"]);
    assert.equal(stderr, `NetworkPolicy shop/web: not found in ${directory}\n`);
  });

  it("shows broken objects with what is wrong with them", async (test) => {
    const { get } = shell(test, {
      "a.yaml": `${policy("api", "x")}---\n${policy("web")}---\n${policy("db").replace("{order: 1}", "[")}`,
    });
    const { exitCode, stdout, stderr } = await get("np", "-n", "shop");
    assert.equal(exitCode, 0);
    assert.match(stdout, /^NAME +TIER +ORDER +SELECTOR +PROBLEM\napi +default +x +expected a number/);
    assert.match(stdout, /\ndb +not valid YAML/);
    assert.equal(stderr.match(/: error: /g)?.length, 2);
    const { stdout: yaml } = await get("np", "-n", "shop", "-o", "yaml");
    assert.match(yaml, /^# .*a\.yaml:4:\d+: expected a number/);
    assert.equal(parseAllDocuments(yaml).length, 3);
    const { stdout: json } = await get("np", "-n", "shop", "-o", "json");
    assert.equal(JSON.parse(json).items.length, 2);
  });

  it("tells of files that may hold what it can't see", async (test) => {
    const { get } = shell(test, { "a.yaml": policy("api"), "b.yaml": "kind: [" });
    const { exitCode, stderr } = await get("np", "-n", "shop");
    assert.equal(exitCode, 0);
    assert.match(stderr, /b\.yaml:1:8: error: not valid YAML/);
  });

  it("writes nothing to a terminal that could move its cursor", async (test) => {
    const { get } = shell(test, { "a.yaml": policy("api").replace("{order: 1}", '{selector: "\\e[2J\\r"}') });
    const { stdout } = await get("np", "-n", "shop");
    assert.doesNotMatch(stdout, /[\p{Cc}](?<!\n)/u);
  });

  const refused = [
    {
      name: "an unknown kind, with the nearest",
      args: ["networkpolcy"],
      says: /did you mean networkpolicy\?/,
    },
    { name: "a kind of others, with the list", args: ["pods"], says: /one of tiers, networkpolicies/ },
    { name: "a name in all namespaces", args: ["np", "api", "-A"], says: /--namespace instead/ },
    {
      name: "clusters, which are kubectl's",
      args: ["np", "--datastore", "kubernetes"],
      says: /kubectl get, apply and delete/,
    },
    { name: "a directory that is not there", args: ["np", "--policies", "/nowhere"], says: /can't be read/ },
    { name: "another way to print", args: ["np", "-o", "wide"], says: /table, yaml, json, name/ },
    { name: "no kind at all", args: [], says: /missing required argument/ },
  ];
  for (const { name, args, says } of refused) {
    it(`refuses ${name}`, async (test) => {
      const { exitCode, stdout, stderr } = await shell(test).get(...args);
      assert.deepEqual([exitCode, stdout], [2, ""]);
      assert.match(stderr, says);
    });
  }
});

describe("what get prints", () => {
  for (const output of ["yaml", "json"]) {
    it(`as ${output} is taken back unchanged, of every kind`, async (test) => {
      const { apply, get } = shell(test);
      assert.equal((await apply(ALL)).exitCode, 0);
      for (const { plural, kind, isNamespaced } of CALICO_KINDS) {
        const { stdout } = await get(plural, "-A", "-o", output);
        assert.match(stdout, /resourceVersion/);
        const { exitCode, stdout: told } = await apply(stdout);
        assert.match(told, new RegExp(`^${kind} ${isNamespaced ? "shop/" : ""}\\S+ unchanged\n$`));
        assert.equal(exitCode, 0);
      }
    });
  }

  it("is taken back with a change, once", async (test) => {
    const { apply, get } = shell(test, { "a.yaml": policy("api") });
    const { stdout } = await get("np", "api", "-n", "shop", "-o", "yaml");
    const changed = stdout.replace("order: 1", "order: 2");
    assert.equal((await apply(changed)).stdout, "NetworkPolicy shop/api configured\n");
    const { exitCode, stdout: told, stderr } = await apply(changed.replace("order: 2", "order: 3"));
    assert.deepEqual([exitCode, told], [1, ""]);
    assert.match(
      stderr,
      /^NetworkPolicy shop\/api: conflict: .*; nothing was written\n {2}stored is version \w+, at .*a\.yaml:1\n {4}spec\.order: 2 there, 3 here\n$/,
    );
  });
});

describe("ephor apply", () => {
  it("says of each object what became of it", async (test) => {
    const { apply } = shell(test, { "a.yaml": `${policy("same")}---\n${policy("other")}` });
    const { exitCode, stdout, stderr } = await apply(
      `${policy("same")}---\n${policy("other", 2)}---\n${policy("new")}`,
    );
    assert.equal(
      stdout,
      "NetworkPolicy shop/same unchanged\nNetworkPolicy shop/other configured\nNetworkPolicy shop/new created\n",
    );
    assert.deepEqual([exitCode, stderr], [0, ""]);
  });

  it("writes nothing if one document is invalid, and says where it is", async (test) => {
    const { apply, get } = shell(test);
    const { exitCode, stdout, stderr } = await apply(`${policy("api")}---\n${policy("web", "first")}`);
    assert.deepEqual([exitCode, stdout], [1, ""]);
    assert.match(
      stderr,
      /^<stdin>:9:15: error: expected a number, got the text `first` \[bad_value\]\nnothing was written: 1 error\n$/,
    );
    assert.equal((await get("np", "-A")).exitCode, 1);
  });

  it("goes on after a conflict, and ends with 1", async (test) => {
    const { apply, get } = shell(test);
    const stale = policy("api").replace("namespace: shop", "namespace: shop, resourceVersion: 'a'");
    const { exitCode, stdout, stderr } = await apply(`${stale}---\n${policy("web")}`);
    assert.deepEqual([exitCode, stdout], [1, "NetworkPolicy shop/web created\n"]);
    assert.match(stderr, /api: conflict: the document is of version a, and the object is gone/);
    assert.equal((await get("np", "-n", "shop", "-o", "name")).stdout, "web\n");
  });

  it("takes files and directories, several", async (test) => {
    const { directory } = shell(test);
    const from = shell(test, { "a.yaml": policy("a"), "b.json": "" });
    const more = join(shell(test, { "c.yaml": policy("c") }).directory, "c.yaml");
    writeFileSync(join(from.directory, "b.json"), JSON.stringify(ONE_OF_EACH[0]));
    const { exitCode, stdout } = await runCli([
      "apply",
      "--policies",
      directory,
      "-f",
      from.directory,
      "-f",
      more,
    ]);
    assert.equal(exitCode, 0);
    assert.match(
      stdout,
      /^Tier security created\nNetworkPolicy shop\/a created\nNetworkPolicy shop\/c created\n$/,
    );
  });

  it("refuses a policy whose tier nobody knows, unless it comes with it", async (test) => {
    const { apply } = shell(test);
    const tier = stringify(ONE_OF_EACH[0]);
    const inTier = policy("api").replace("order: 1", "order: 1, tier: security");
    const { exitCode, stderr } = await apply(inTier);
    assert.equal(exitCode, 1);
    assert.match(stderr, /<stdin>:1: error: tier `security` does not exist/);
    assert.equal(
      (await apply(`${inTier}---\n${tier}`)).stdout,
      "Tier security created\nNetworkPolicy shop/api created\n",
    );
  });

  it("leaves a real directory's comments alone but in what it changes", async (test) => {
    const { directory, apply, get } = shell(test);
    cpSync("examples/shop", directory, { recursive: true });
    const before = readFileSync(join(directory, "orders.yaml"), "utf8");
    const { stdout } = await get("np", "place-orders", "-n", "shop", "-o", "yaml");
    await apply(stdout.replace("order: 110", "order: 111"));
    assert.equal(
      readFileSync(join(directory, "orders.yaml"), "utf8"),
      before.replace("order: 110", "order: 111"),
    );
  });

  const refused = [
    { name: "no file", args: ["apply", "--policies", "."], says: /-f FILE is required/ },
    { name: "no directory", args: ["apply", "-f", "-"], says: /no objects in/ },
    {
      name: "a file that is not there",
      args: ["apply", "--policies", ".", "-f", "/nowhere"],
      says: /unreadable/,
    },
    { name: "an object that is named", args: ["apply", "np", "--policies", "."], says: /too many arguments/ },
  ];
  for (const { name, args, says } of refused) {
    it(`refuses ${name}`, async () => {
      const { exitCode, stderr } = await runCli(args);
      assert.equal(exitCode, 2);
      assert.match(stderr, says);
    });
  }
});

describe("ephor delete", () => {
  it("deletes by name, and ends with 1 where there was nothing", async (test) => {
    const sh = shell(test, { "a.yaml": policy("api") });
    const first = await sh.delete("np", "api", "-n", "shop");
    assert.deepEqual(first, { exitCode: 0, stdout: "NetworkPolicy shop/api deleted\n", stderr: "" });
    const again = await sh.delete("np", "api", "-n", "shop");
    assert.deepEqual(again, { exitCode: 1, stdout: "", stderr: "NetworkPolicy shop/api: not found\n" });
    const ignored = await sh.delete("np", "api", "-n", "shop", "--ignore-not-found");
    assert.deepEqual(ignored, { exitCode: 0, stdout: "", stderr: "" });
  });

  it("deletes what documents describe, tiers after their policies", async (test) => {
    const { apply, ...sh } = shell(test);
    await apply(ALL);
    const file = join(shell(test, { "all.yaml": ALL }).directory, "all.yaml");
    const { exitCode, stdout } = await sh.delete("-f", file);
    assert.equal(exitCode, 0);
    assert.match(stdout, /Tier security deleted\n$/);
    assert.equal(stdout.match(/ deleted\n/g)?.length, ONE_OF_EACH.length);
  });

  it("refuses a tier that policies are in", async (test) => {
    const { apply, ...sh } = shell(test);
    await apply(ALL);
    const { exitCode, stderr } = await sh.delete("tier", "security");
    assert.equal(exitCode, 1);
    assert.match(stderr, /Tier security: not written: 2 policies are still in it/);
  });

  it("heeds the version it is given", async (test) => {
    const sh = shell(test, { "a.yaml": policy("api") });
    const args = ["np", "api", "-n", "shop"];
    assert.match(
      (await sh.delete(...args, "--resource-version", "1")).stderr,
      /conflict: the version given is 1/,
    );
    const { stdout } = await sh.get(...args, "-o", "json");
    const version = JSON.parse(stdout).metadata.resourceVersion;
    assert.equal((await sh.delete(...args, "--resource-version", version)).exitCode, 0);
  });

  const refused = [
    { name: "nothing", args: [], says: /which objects\?/ },
    { name: "a kind alone", args: ["np"], says: /which NetworkPolicy\?/ },
    { name: "a name and a file", args: ["np", "api", "-f", "-"], says: /which objects\?/ },
    {
      name: "one version for two",
      args: ["np", "a", "b", "--resource-version", "1"],
      says: /goes with one name/,
    },
    {
      name: "a version beside documents",
      args: ["-f", "-", "--resource-version", "1"],
      says: /documents have their own/,
    },
  ];
  for (const { name, args, says } of refused) {
    it(`refuses ${name}`, async (test) => {
      const { exitCode, stderr } = await shell(test).delete(...args);
      assert.equal(exitCode, 2);
      assert.match(stderr, says);
    });
  }
});
