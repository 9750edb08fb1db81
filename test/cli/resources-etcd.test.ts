import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { CALICO_KINDS } from "../../src/datastore/calico-kinds.ts";
import { ONE_OF_EACH } from "../datastore/one-of-each.ts";
import { policy } from "../datastore/watched-directory.ts";
import { EtcdServer, tlsFiles } from "../support/etcd-server.ts";
import { type CliResult, runCli } from "./run-cli.ts";

const run = promisify(execFile);
const POLICY_KEY = "/calico/resources/v3/projectcalico.org/networkpolicies/shop/api";

describe("get, apply and delete on an etcd with TLS and a user", () => {
  let server: EtcdServer;
  let flags: readonly string[];
  let env: Record<string, string>;

  before(async () => {
    server = await EtcdServer.start({ hasTls: true });
    await server.enableAuth("editor", "secret", "/calico/");
    const { ca = "", certificate = "", key = "" } = tlsFiles(server.folder);
    const passwordFile = join(server.folder, "password");
    writeFileSync(passwordFile, "secret\n");
    flags = ["--etcd-ca", ca, "--etcd-certificate", certificate, "--etcd-key", key];
    env = {
      EPHOR_DATASTORE: "etcd",
      EPHOR_ETCD_ENDPOINT: server.tlsUrl,
      EPHOR_ETCD_USER: "editor",
      EPHOR_ETCD_PASSWORD_FILE: passwordFile,
    };
  });
  after(() => server.stop());

  const ephor = (args: readonly string[], stdin = ""): Promise<CliResult> =>
    runCli([...args, ...flags], { env, stdin });

  async function etcdctl(...args: string[]): Promise<string> {
    const { stdout } = await run("etcdctl", ["--endpoints", server.url, "--user", "root:secret", ...args], {
      env: { ...process.env, ETCDCTL_API: "3" },
    });
    return stdout;
  }

  it("stores one of each, shows it and takes it back unchanged", async () => {
    const created = await ephor(
      ["apply", "-f", "-"],
      ONE_OF_EACH.map((object) => stringify(object)).join("---\n"),
    );
    assert.deepEqual([created.exitCode, created.stderr], [0, ""]);
    assert.equal(created.stdout.match(/ created\n/g)?.length, ONE_OF_EACH.length);
    for (const { plural, kind } of CALICO_KINDS) {
      const { stdout } = await ephor(["get", plural, "-A", "-o", "yaml"]);
      const again = await ephor(["apply", "-f", "-"], stdout);
      assert.match(again.stdout, new RegExp(`^${kind} \\S+ unchanged\n$`));
    }
    const { exitCode, stdout } = await ephor(["get", "np", "-A"]);
    assert.deepEqual(
      [exitCode, stdout],
      [0, "NAMESPACE  NAME  TIER     ORDER  SELECTOR\nshop       api   default  10     app == 'api'\n"],
    );
  });

  it("tells of what etcdctl put there meanwhile, and leaves it", async () => {
    await ephor(["apply", "-f", "-"], policy("api"));
    const { stdout: shown } = await ephor(["get", "np", "api", "-n", "shop", "-o", "yaml"]);
    const theirs = JSON.stringify({
      apiVersion: "projectcalico.org/v3",
      kind: "NetworkPolicy",
      metadata: { name: "api", namespace: "shop" },
      spec: { order: 77, types: ["Ingress"] },
    });
    await etcdctl("put", POLICY_KEY, theirs);
    const { exitCode, stdout, stderr } = await ephor(
      ["apply", "-f", "-"],
      shown.replace("order: 1", "order: 2"),
    );
    assert.deepEqual([exitCode, stdout], [1, ""]);
    assert.match(
      stderr,
      /^NetworkPolicy shop\/api: conflict: the version given is \d+, the one that is there \d+; nothing was written\n/,
    );
    assert.match(stderr, /spec\.order: 77 there, 2 here/);
    assert.equal((await etcdctl("get", POLICY_KEY, "--print-value-only")).trim(), theirs);
  });

  it("completes names of what is stored", async () => {
    await ephor(["apply", "-f", "-"], policy("completed"));
    const { stdout } = await runCli(["__complete", "--", "get", "np", ...flags, "-n", "shop", "com"], {
      env,
    });
    assert.equal(stdout, "completed\n");
  });

  it("deletes, and a second time finds nothing", async () => {
    await ephor(["apply", "-f", "-"], policy("gone"));
    assert.equal(
      (await ephor(["delete", "np", "gone", "-n", "shop"])).stdout,
      "NetworkPolicy shop/gone deleted\n",
    );
    const again = await ephor(["delete", "np", "gone", "-n", "shop"]);
    assert.deepEqual(again, { exitCode: 1, stdout: "", stderr: "NetworkPolicy shop/gone: not found\n" });
  });

  it("refuses what an etcd can't hold, with its place, and writes nothing of the rest", async () => {
    const own = policy("mine").replace("projectcalico.org/v3", "ephor.dev/v1");
    const { exitCode, stdout, stderr } = await ephor(["apply", "-f", "-"], `${policy("other")}---\n${own}`);
    assert.deepEqual([exitCode, stdout], [1, ""]);
    assert.match(stderr, /^<stdin>:6: error: an etcd holds objects of projectcalico\.org\/v3/);
    assert.equal((await ephor(["get", "np", "other", "-n", "shop"])).exitCode, 1);
  });

  it("says in a line what keeps it from the etcd", async () => {
    writeFileSync(join(server.folder, "wrong"), "guess");
    const wrong = await ephor(["get", "np", "-A", "--etcd-password-file", join(server.folder, "wrong")]);
    assert.deepEqual([wrong.exitCode, wrong.stdout], [2, ""]);
    assert.match(wrong.stderr, /^error: etcd https:\/\/localhost:\d+: .*(password|authentication).*\n$/);
    const bare = await runCli(["get", "np", "--datastore", "etcd"]);
    assert.deepEqual([bare.exitCode, bare.stderr], [2, "error: --datastore etcd needs --etcd-endpoint\n"]);
    const both = await ephor(["get", "np", "--policies", "."]);
    assert.match(both.stderr, /--policies goes with --datastore files/);
    const stray = await runCli(["get", "np", "--policies", ".", "--etcd-endpoint", server.url]);
    assert.match(stray.stderr, /go with --datastore etcd/);
  });
});
