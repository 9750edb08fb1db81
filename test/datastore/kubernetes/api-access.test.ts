import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseServer } from "../../../src/datastore/kubernetes/api-access.ts";
import { backoffMs } from "../../../src/datastore/kubernetes/backoff.ts";
import { kubeconfigAccess } from "../../../src/datastore/kubernetes/kubeconfig.ts";
import { serviceAccountAccess } from "../../../src/datastore/kubernetes/service-account.ts";
import { temporaryDirectory } from "../watched-directory.ts";

describe("an API server's address", () => {
  const table: readonly (readonly [text: string, expected: ReturnType<typeof parseServer>])[] = [
    ["https://10.0.0.1", { host: "10.0.0.1", port: 443, basePath: "" }],
    ["https://kubernetes.default.svc:6443/", { host: "kubernetes.default.svc", port: 6443, basePath: "" }],
    ["https://[fd00::1]:6443", { host: "fd00::1", port: 6443, basePath: "" }],
    [
      "https://proxy.example/k8s/clusters/c-1/",
      { host: "proxy.example", port: 443, basePath: "/k8s/clusters/c-1" },
    ],
    ["http://10.0.0.1", undefined],
    ["https://user@10.0.0.1", undefined],
    ["https://10.0.0.1:0", undefined],
    ["https://10.0.0.1:65536", undefined],
    ["https://10.0.0.1/?a", undefined],
    ["https://", undefined],
    ["10.0.0.1:6443", undefined],
  ];
  for (const [text, expected] of table) it(text, () => assert.deepEqual(parseServer(text), expected));
});

describe("a pod's credentials", () => {
  const OPTIONS = { host: "fd00::1", port: 443 };

  it("are read again after ten seconds, at once when they were refused, and with the CA", async (test) => {
    const folder = await temporaryDirectory(test);
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, wallMs: () => nowMs };
    const write = async (text: string): Promise<void> => {
      await writeFile(join(folder, "token"), `${text}\n`);
      await writeFile(join(folder, "ca.crt"), `CA of ${text}`);
    };
    await write("one");
    const access = await serviceAccountAccess(clock, { ...OPTIONS, folder });
    assert.equal(access.name, "https://[fd00::1]:443");
    await write("two");
    assert.equal((await access.credentials(false)).token, "one");
    const refused = await access.credentials(true);
    assert.deepEqual([refused.token, refused.ca], ["two", "CA of two"]);
    await write("three");
    nowMs = 9_999;
    assert.equal((await access.credentials(false)).token, "two");
    nowMs = 10_000;
    assert.equal((await access.credentials(false)).token, "three");
  });

  it("that aren't there can't be used", async (test) => {
    const folder = await temporaryDirectory(test);
    await rm(join(folder, "token"), { force: true });
    await assert.rejects(
      serviceAccountAccess({ nowMs: () => 0, wallMs: () => 0 }, { ...OPTIONS, folder }),
      /ENOENT/,
    );
  });
});

describe("a kubeconfig", () => {
  const CLOCK = { nowMs: () => 0, wallMs: () => 0 };

  function kubeconfig(server: string): string {
    return JSON.stringify({
      "current-context": "a",
      contexts: [
        { name: "a", context: { cluster: "c", user: "u" } },
        { name: "b", context: { cluster: "d", user: "v" } },
      ],
      clusters: [
        {
          name: "c",
          cluster: { server, "certificate-authority-data": Buffer.from("CA").toString("base64") },
        },
        {
          name: "d",
          cluster: { server: "https://other:1", "insecure-skip-tls-verify": true, "tls-server-name": "n" },
        },
      ],
      users: [
        { name: "u", user: { token: "secret" } },
        { name: "v", user: {} },
      ],
    });
  }

  it("says where, and what to show", async (test) => {
    const path = join(await temporaryDirectory(test), "config");
    await writeFile(path, kubeconfig("https://10.0.0.1:6443"));
    const access = await kubeconfigAccess(CLOCK, { path, context: undefined });
    assert.deepEqual([access.host, access.port, access.isCertificateChecked], ["10.0.0.1", 6443, true]);
    assert.deepEqual(await access.credentials(false), {
      token: "secret",
      ca: "CA",
      certificate: undefined,
      privateKey: undefined,
    });
    const other = await kubeconfigAccess(CLOCK, { path, context: "b" });
    assert.deepEqual([other.host, other.serverName, other.isCertificateChecked], ["other", "n", false]);
    assert.equal((await other.credentials(false)).token, undefined);
  });

  it("without such a context, or with an address in the clear, can't be used", async (test) => {
    const path = join(await temporaryDirectory(test), "config");
    await writeFile(path, kubeconfig("http://10.0.0.1:8080"));
    await assert.rejects(kubeconfigAccess(CLOCK, { path, context: undefined }), /not an https:\/\/ address/);
    await assert.rejects(kubeconfigAccess(CLOCK, { path, context: "c" }), /no context/);
  });
});

describe("the pause after failures", () => {
  it("doubles from 0.2 s to 30 s, less up to a half", () => {
    assert.deepEqual(
      [1, 2, 3, 8, 9, 1_000].map((failures) => backoffMs(failures, 0)),
      [200, 400, 800, 25_600, 30_000, 30_000],
    );
    assert.equal(backoffMs(1, 0.999_999) > 100, true);
  });
});
