/** Command lines that name an etcd: what they ask of each other, and what they print of a real one. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { policyKey, putPolicy, setReady } from "../datastore/etcd/followed-etcd.ts";
import { EtcdServer } from "../support/etcd-server.ts";
import { runCli } from "./run-cli.ts";

const ETCD = ["--datastore", "etcd"];
const PLAIN = [...ETCD, "--etcd-endpoint", "http://127.0.0.1:1"];
const TLS = [...ETCD, "--etcd-endpoint", "https://127.0.0.1:1"];

describe("flags that name an etcd", () => {
  const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["an etcd without an address", ETCD, /--etcd-endpoint/],
    ["an address that is none", [...ETCD, "--etcd-endpoint", "etcd:2379"], /not https:\/\/HOST:PORT/],
    ["a certificate without its key", [...TLS, "--etcd-certificate", "c.pem"], /go together/],
    ["a key without its certificate", [...TLS, "--etcd-key", "c.key"], /go together/],
    ["a user without a password", [...PLAIN, "--etcd-user", "node"], /go together/],
    ["a password without a user", [...PLAIN, "--etcd-password-file", "p"], /go together/],
    ["an authority for addresses without TLS", [...PLAIN, "--etcd-ca", "ca.pem"], /https/],
    ["a cluster's flags", [...PLAIN, "--kubeconfig", "k"], /--datastore kubernetes/],
    ["an etcd's flags for files", ["--etcd-endpoint", "http://127.0.0.1:1"], /--datastore etcd/],
    ["the same for a cluster", ["--datastore", "kubernetes", "--etcd-user", "node"], /--datastore etcd/],
  ];
  for (const [what, flags, message] of refused) {
    for (const command of ["validate", "node"]) {
      it(`refuse ${what}: ephor ${command}`, async () => {
        const { exitCode, stderr } = await runCli([command, ...flags]);
        assert.equal(exitCode, 2);
        assert.match(stderr, message);
      });
    }
  }

  it("refuse a directory beside an etcd", async () => {
    assert.equal((await runCli(["validate", "examples/shop", ...PLAIN])).exitCode, 2);
    assert.equal((await runCli(["node", "--policies", "examples/shop", ...PLAIN])).exitCode, 2);
  });
});

describe("ephor validate --datastore etcd", () => {
  let etcd: EtcdServer;

  before(async () => {
    etcd = await EtcdServer.start();
    await setReady(etcd);
    await putPolicy(etcd, "good", 1);
  });
  after(() => etcd?.stop());

  it("says that all is well, with an address from the environment too", async () => {
    const env = { EPHOR_DATASTORE: "etcd", EPHOR_ETCD_ENDPOINT: etcd.url };
    const { exitCode, stdout, stderr } = await runCli(["validate"], { env });
    assert.deepEqual([exitCode, stderr], [0, ""]);
    assert.equal(stdout, `${etcd.url}: valid: 1 object, no issues\n`);
  });

  it("lists everything that is wrong and ends with 1", async () => {
    await etcd.put(policyKey("bad"), "{");
    await etcd.put(policyKey("a/b"), "{}");
    const { exitCode, stdout } = await runCli([
      "validate",
      ...ETCD,
      "--etcd-endpoint",
      etcd.url,
      "--output",
      "json",
    ]);
    assert.equal(exitCode, 1);
    const { valid, objects, issues } = JSON.parse(stdout);
    assert.deepEqual([valid, objects], [false, 2]);
    assert.deepEqual(
      issues.map(({ where, code }: Record<string, string>) => [where, code]),
      [
        ["NetworkPolicy prod/bad", "bad_document"],
        ["etcd", "bad_name"],
      ],
    );
  });
});
