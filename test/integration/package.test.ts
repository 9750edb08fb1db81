import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type InstalledPackage, installPackage, run, runWell } from "../support/installed-package.ts";
import { type Loaded, loadedBy } from "../support/loaded-parts.ts";

/** In the repository: the sidecars below are started from there. */
const SHOP = join(import.meta.dirname, "../../examples/shop");

const CHECK = [
  ...["check", "--policies", "node_modules/ephor/examples/shop", "--workload", "shop/api"],
  ...["--from", "spiffe://cluster.local/ns/shop/sa/web", "--path", "/v1/items"],
];

describe("the installed package", () => {
  let installed: InstalledPackage;
  before(async () => {
    installed = await installPackage();
  });
  after(() => installed.remove());

  it("holds what it needs at run time and nothing else", () => {
    const { packed } = installed;
    for (const path of ["dist/cli/main.js", "LICENSE", "README.md", "CHANGELOG.md", "schemas/policy.json"]) {
      assert.ok(packed.includes(path), path);
    }
    const allowed =
      /^(dist|docs|deploy|examples|schemas)\/|^node_modules\/envoy-ext-authz-proto\/(dist|protos|package\.json|README\.md)|^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/;
    assert.deepEqual(
      packed.filter((path) => !allowed.test(path)),
      [],
    );
    for (const part of ["dist/", "protos/"]) {
      assert.ok(
        packed.some((path) => path.startsWith(`node_modules/envoy-ext-authz-proto/${part}`)),
        part,
      );
    }
  });

  it("allows with exit code 0, naming the rule", async () => {
    const { exitCode, stdout } = await run(
      "npx",
      ["ephor", ...CHECK, "--method", "GET"],
      installed.directory,
    );
    assert.match(stdout, /^allow {2}by NetworkPolicy shop\/read-catalogue rule 0/);
    assert.equal(exitCode, 0);
  });

  it("denies with exit code 1, naming the reason and the nearest change", async () => {
    const { exitCode, stdout } = await run(
      "npx",
      ["ephor", ...CHECK, "--method", "DELETE"],
      installed.directory,
    );
    assert.match(stdout, /^deny {2}tier_default/);
    assert.match(stdout, /^nearest change that would allow: .*read-catalogue/m);
    assert.equal(exitCode, 1);
  });

  it("knows its version", async () => {
    assert.match(await runWell("npx", ["ephor", "--version"], installed.directory), /^\d+\.\d+\.\d+\n$/);
  });

  describe("a sidecar", () => {
    let scratch = "";
    let cli = "";
    before(() => {
      scratch = mkdtempSync(join(tmpdir(), "ephor-parts-"));
      cli = join(installed.directory, "node_modules/ephor/dist/cli");
    });
    after(() => rmSync(scratch, { recursive: true }));

    const FILES = ["--policies", SHOP, "--workload", "shop/api"];
    /** What either source has no use for: other ways to be fed, to be scraped, to be asked. */
    const NEVER = ["prom-client", "node-forge", "@kubernetes/client-node", "@opentelemetry/api"];
    const GRPC = ["@grpc/grpc-js", "@grpc/proto-loader", "protobufjs"];
    const FILE_READERS = ["yaml", "zod"];

    function load(flags: readonly string[]): Promise<Loaded> {
      const socket = join(scratch, "s");
      return loadedBy(cli, ["sidecar", ...flags, "--listen", `unix:${socket}`], socket);
    }

    it("with policy from files loads what reads files, and neither gRPC's library nor TLS nor HTTP", async () => {
      const { packages, builtIns, compiled } = await load(FILES);
      const without = [...NEVER, ...GRPC];
      assert.deepEqual(
        packages.filter((name) => without.includes(name)),
        [],
      );
      assert.deepEqual(
        FILE_READERS.filter((name) => !packages.includes(name)),
        [],
      );
      // child_process is not among them: Node loads it itself, by way of cluster, as soon as anything listens.
      const unused = ["tls", "http", "http2", "https", "inspector"];
      assert.deepEqual(
        builtIns.filter((name) => unused.includes(name)),
        [],
      );
      assert.deepEqual(compiled, [], "every part comes from the code cache");
    });

    it("with policy from a node agent loads neither YAML nor schemas", async () => {
      const { packages, compiled } = await load(["--policy-sync", `unix:${join(scratch, "agent")}`]);
      const without = [...NEVER, ...FILE_READERS];
      assert.deepEqual(
        packages.filter((name) => without.includes(name)),
        [],
      );
      assert.ok(packages.includes("@grpc/grpc-js"));
      assert.deepEqual(compiled, [], "every part comes from the code cache");
    });

    it("loads for its help nothing but what reads the command line", async () => {
      const { packages } = await loadedBy(cli, ["sidecar", "--help"], undefined);
      assert.deepEqual(packages, ["commander"]);
    });

    it("writes nothing where it is installed, so that a read-only file system will do", async () => {
      const times = (): string[] => {
        const paths = readdirSync(cli, { recursive: true, encoding: "utf8" }).sort();
        return paths.map((path) => `${path} ${statSync(join(cli, path)).mtimeMs}`);
      };
      const before = times();
      await load(FILES);
      assert.deepEqual(times(), before);
    });
  });
});
