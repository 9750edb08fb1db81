/** Certificates that a real Envoy forwards, having been told to take any: what Ephor makes of each. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { type Answer, askHttp } from "../../src/cli/demo/ask.ts";
import { Cleanup } from "../../src/cli/demo/cleanup.ts";
import { EnvoyProcess } from "../../src/cli/demo/envoy-process.ts";
import { SidecarProcess } from "../../src/cli/demo/ephor-process.ts";
import { proxyHeader } from "../../src/cli/demo/pod-connection.ts";
import { EchoUpstream } from "../../src/cli/demo/upstream.ts";
import { ALLOW_PUBLIC, requireEnvoy, WORKLOADS } from "../support/envoy.ts";
import { type AltName, type Minted, mintRoot, mintSvid } from "../support/mint-chain.ts";

const WEB = "spiffe://cluster.local/ns/shop/sa/web";
const TWO_KILOBYTES = 2_048;

describe("a certificate that Envoy forwards", () => {
  const cleanup = new Cleanup();
  const root = mintRoot("cluster.local", { key: "rsa" });
  const nextRoot = mintRoot("cluster.local", { key: "rsa", name: "cluster.local next root" });
  const server = mintSvid("spiffe://cluster.local/ns/shop/sa/api", root, {
    key: "rsa",
    altNames: [
      { type: 6, value: "spiffe://cluster.local/ns/shop/sa/api" },
      { type: 2, value: "localhost" },
    ],
  });
  let folder: string;
  let envoy: EnvoyProcess;
  let port = 20_000;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ephor-test-"));
    cleanup.add(() => rm(folder, { recursive: true, force: true }));
    await mkdir(join(folder, "policies"));
    await writeFile(join(folder, "policies", "workloads.yaml"), WORKLOADS);
    await writeFile(join(folder, "policies", "public.yaml"), ALLOW_PUBLIC);
    await writeBundle(root);
    const upstream = new EchoUpstream();
    await upstream.listen({ http: join(folder, "http.sock"), tcp: join(folder, "tcp.sock") });
    cleanup.add(() => upstream.close());
    const sidecar = await SidecarProcess.start({
      authz: join(folder, "authz.sock"),
      admin: join(folder, "admin.sock"),
      source: { policies: join(folder, "policies"), workload: "shop/api" },
      flags: ["--trust-bundle", `cluster.local=${join(folder, "roots.pem")}`],
    });
    cleanup.add(async () => {
      await sidecar.stop(5_000);
    });
    envoy = await EnvoyProcess.start({
      binary: await requireEnvoy(),
      folder,
      listeners: [
        {
          name: "any",
          protocol: "http",
          tls: {
            certificate: server.pem,
            privateKey: server.keyPem,
            trusted: root.pem,
            clientCertificate: "any",
          },
        },
      ],
      authz: join(folder, "authz.sock"),
      httpUpstream: join(folder, "http.sock"),
      tcpUpstream: join(folder, "tcp.sock"),
    });
    cleanup.add(() => envoy.stop());
  });

  after(() => cleanup.run());

  async function writeBundle(...roots: readonly Minted[]): Promise<void> {
    await writeFile(join(folder, "roots.new"), roots.map(({ pem }) => pem).join(""));
    await rename(join(folder, "roots.new"), join(folder, "roots.pem"));
  }

  async function ask(client: Minted): Promise<Answer> {
    return await askHttp(
      {
        listenerPort: envoy.port("any"),
        source: { address: "10.65.0.11", port: port++ },
        destination: { address: "10.65.0.21", port: 8443 },
        tls: { trusted: root.pem, credential: { certificate: client.pem, privateKey: client.keyPem } },
      },
      { method: "GET", path: "/public" },
    );
  }

  async function statusOf(client: Minted): Promise<number> {
    const answer = await ask(client);
    return answer.kind === "http" ? answer.status : 0;
  }

  for (const key of ["rsa", "ec"] as const) {
    it(`is taken with a key of ${key}`, async () => {
      assert.equal(await statusOf(mintSvid(WEB, root, { key })), 200);
    });
  }

  const uri = (value: string): AltName[] => [{ type: 6, value }];
  const refused: readonly (readonly [why: string, leaf: Minted])[] = [
    ["expired", mintSvid(WEB, root, { notAfter: new Date("2021-01-01T00:00:00Z") })],
    ["not valid yet", mintSvid(WEB, root, { notBefore: new Date("2030-01-01T00:00:00Z") })],
    ["of a domain without a bundle", mintSvid("spiffe://other.example/ns/shop/sa/web", root)],
    ["with two URI names", mintSvid(WEB, root, { altNames: [...uri(WEB), ...uri("spiffe://x/y")] })],
    ["of an authority", mintSvid(WEB, root, { isAuthority: true })],
    ["with a NUL in its name", mintSvid(WEB, root, { altNames: uri(`${WEB}\0.evil`) })],
    ["with a question mark in its name", mintSvid(WEB, root, { altNames: uri(`${WEB}?x`) })],
    ["with a DNS name alone", mintSvid(WEB, root, { altNames: [{ type: 2, value: "web.example.com" }] })],
    ["with a DNS name that spells the ID", mintSvid(WEB, root, { altNames: [{ type: 2, value: WEB }] })],
    ["of another CA", mintSvid(WEB, mintRoot("cluster.local", { key: "rsa" }))],
    ["with an ID of 2,049 bytes", mintSvid(WEB.padEnd(TWO_KILOBYTES + 1, "x"), root)],
  ];
  for (const [why, leaf] of refused) {
    it(`is not verified ${why}`, async () => {
      const answer = await ask(leaf);
      // Envoy itself may end a handshake with the oddest of these; what counts is that none gets through.
      assert.notEqual(answer.kind === "http" ? answer.status : 0, 200);
      const entry = answer.kind === "http" ? await envoy.accessLogOf(`10.65.0.11:${port - 1}`) : undefined;
      assert.ok(entry === undefined || entry.ephor?.["reason"] === "identity_unverified", why);
    });
  }

  it("is taken from either authority while both are in the bundle, under traffic without a failed request", async () => {
    const old = mintSvid(WEB, root);
    const next = mintSvid(WEB, nextRoot);
    assert.equal(await statusOf(next), 401);
    await writeBundle(root, nextRoot);
    const statuses: number[] = [];
    const deadline = AbortSignal.timeout(10_000);
    for (let isNextTaken = false; !isNextTaken; ) {
      deadline.throwIfAborted();
      statuses.push(await statusOf(old));
      isNextTaken = (await statusOf(next)) === 200;
    }
    statuses.push(await statusOf(old));
    assert.ok(
      statuses.every((status) => status === 200),
      statuses.join(),
    );
  });

  it("is not taken any more once its authority has left the bundle, nor in a resumed session", async () => {
    const old = mintSvid(WEB, root);
    const first = await exchange(old, undefined);
    assert.deepEqual([first.status, first.isResumed], [200, false]);
    await writeBundle(nextRoot);
    const deadline = AbortSignal.timeout(10_000);
    while ((await statusOf(old)) === 200) deadline.throwIfAborted();
    const again = await exchange(old, first.session);
    assert.deepEqual([again.status, again.isResumed], [401, true]);
    assert.equal(await statusOf(mintSvid(WEB, nextRoot)), 200);
  });

  /** One request over a connection that may take up an earlier session. */
  async function exchange(
    client: Minted,
    session: Buffer | undefined,
  ): Promise<{ status: number; isResumed: boolean; session: Buffer | undefined }> {
    const socket = connect({ host: "127.0.0.1", port: envoy.port("any") });
    await once(socket, "connect");
    socket.write(proxyHeader({ address: "10.65.0.11", port: port++ }, { address: "10.65.0.21", port: 8443 }));
    const secure = connectTls({
      socket,
      ca: root.pem,
      servername: "localhost",
      cert: client.pem,
      key: client.keyPem,
      ALPNProtocols: ["http/1.1"],
      ...(session === undefined ? {} : { session }),
    });
    let ticket: Buffer | undefined;
    secure.on("session", (given: Buffer) => {
      ticket = given;
    });
    await once(secure, "secureConnect");
    const isResumed = secure.isSessionReused();
    secure.write("GET /public HTTP/1.1\r\nhost: api.shop\r\nconnection: close\r\n\r\n");
    let text = "";
    for await (const chunk of secure) text += String(chunk);
    return { status: Number(text.split(" ")[1]), isResumed, session: ticket };
  }
});
