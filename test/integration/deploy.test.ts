/** The Envoy files in `deploy/envoy`: Envoy itself takes them, they agree with each other and with what the tests run. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";
import { systemClock } from "../../src/base/clock.ts";
import { CertificateAuthority } from "../../src/cli/demo/certificates.ts";
import { runToEnd } from "../../src/cli/demo/child-process.ts";
import { httpAuthzFilter, TCP_PROXY_WAITS, tcpAuthzFilter } from "../../src/cli/demo/envoy-config.ts";
import { requireEnvoy } from "../support/envoy.ts";

const DEPLOY = new URL("../../deploy/envoy/", import.meta.url);

async function snippet(name: string): Promise<Record<string, unknown>> {
  return parse(await readFile(new URL(name, DEPLOY), "utf8"), { merge: true });
}

/** Every object in a value that has this `name`. */
function named(value: unknown, name: string): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  const inside = Object.values(value).flatMap((child) => named(child, name));
  return "name" in value && value.name === name ? [value, ...inside] : inside;
}

describe("deploy/envoy", () => {
  let folder: string;
  let binary: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ephor-test-"));
    binary = await requireEnvoy();
    const authority = await CertificateAuthority.create(systemClock, "cluster.local");
    const leaf = await authority.issue({ uris: ["spiffe://cluster.local/ns/shop/sa/api"] });
    await writeFile(join(folder, "svid.pem"), leaf.certificate);
    await writeFile(join(folder, "svid_key.pem"), leaf.privateKey);
    await writeFile(join(folder, "bundle.pem"), authority.certificate);
  });
  after(() => rm(folder, { recursive: true }));

  async function validate(bootstrap: string): Promise<{ exitCode: number | undefined; stderr: string }> {
    const path = join(folder, "bootstrap.yaml");
    await writeFile(path, bootstrap);
    return await runToEnd(binary, ["--mode", "validate", "--config-path", path], {
      env: process.env,
      timeoutMs: 30_000,
    });
  }

  /** The whole bootstrap, with certificates that exist. */
  async function sidecar(): Promise<string> {
    const text = await readFile(new URL("sidecar.yaml", DEPLOY), "utf8");
    return text.replaceAll("/var/run/svid/", `${folder}/`);
  }

  it("holds a bootstrap that Envoy takes", async () => {
    const { exitCode, stderr } = await validate(await sidecar());
    assert.equal(exitCode, 0, stderr);
  });

  it("is checked by an Envoy that refuses what it does not know", async () => {
    const text = (await sidecar()).replaceAll("failure_mode_allow", "failure_mode_alow");
    const { exitCode, stderr } = await validate(text);
    assert.equal(exitCode, 1);
    assert.match(stderr, /failure_mode_alow/);
  });

  it("holds a connection filter that Envoy takes before the HTTP connection manager", async () => {
    const bootstrap = parse(await sidecar());
    bootstrap.static_resources.listeners[0].filter_chains[0].filters.unshift(
      await snippet("connection-filter.yaml"),
    );
    const { exitCode, stderr } = await validate(JSON.stringify(bootstrap));
    assert.equal(exitCode, 0, stderr);
  });

  it("has in its bootstrap what its other files explain", async () => {
    const bootstrap = await snippet("sidecar.yaml");
    const files = ["http-filter.yaml", "tcp-filter.yaml", "cluster.yaml"];
    for (const explained of await Promise.all(files.map(snippet))) {
      assert.deepEqual(named(bootstrap, String(explained.name)), [explained]);
    }
  });

  it("recommends what the demo and the tests run", async () => {
    assert.deepEqual(httpAuthzFilter(), await snippet("http-filter.yaml"));
    assert.deepEqual(tcpAuthzFilter({}, false), await snippet("tcp-filter.yaml"));
    assert.deepEqual(tcpAuthzFilter({}, true), await snippet("connection-filter.yaml"));
  });

  it("has its tcp_proxy wait for Ephor, as the demo's and the tests' does", async () => {
    const [proxy] = named(await snippet("sidecar.yaml"), "envoy.filters.network.tcp_proxy");
    const { typed_config: config } = proxy as { typed_config: Record<string, unknown> };
    const waits = Object.fromEntries(Object.keys(TCP_PROXY_WAITS).map((key) => [key, config[key]]));
    assert.deepEqual(waits, TCP_PROXY_WAITS);
  });

  it("never recommends to let in what got no answer, or who shows no certificate", async () => {
    const text = JSON.stringify(await snippet("sidecar.yaml"));
    assert.equal(text.match(/"failure_mode_allow":false/g)?.length, 2);
    assert.equal(text.match(/"require_client_certificate":true/g)?.length, 2);
    assert.doesNotMatch(text, /"failure_mode_allow":true|"require_client_certificate":false/);
  });
});
