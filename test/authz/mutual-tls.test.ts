import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { credentials } from "@grpc/grpc-js";
import { type TcpSecurity, TlsCredentialStore } from "../../src/authz/index.ts";
import { systemClock } from "../../src/base/clock.ts";
import { ClientGate } from "../../src/identity/client-gate.ts";
import { parseTrustBundle } from "../../src/identity/trust-bundle.ts";
import { AuthzFixture, getCheck } from "../support/authz-fixture.ts";
import { type Minted, mintIntermediate, mintRoot, mintSvid } from "../support/mint-chain.ts";

const ENVOY = "spiffe://cluster.local/ns/shop/sa/envoy";
const OTHER = "spiffe://cluster.local/ns/shop/sa/other";
const root = mintRoot("cluster.local");
const server = mintSvid("spiffe://cluster.local/ns/shop/sa/ephor", root, {
  altNames: [
    { type: 6, value: "spiffe://cluster.local/ns/shop/sa/ephor" },
    { type: 2, value: "localhost" },
  ],
});
const NAME = { "grpc.ssl_target_name_override": "localhost" };

function credentialsOf(minted: Minted): { certificateChain: Buffer; privateKey: Buffer } {
  return { certificateChain: Buffer.from(minted.pem), privateKey: Buffer.from(minted.keyPem) };
}

function gated(): { security: TcpSecurity; store: TlsCredentialStore } {
  const content = parseTrustBundle(root.pem);
  assert.ok(content.ok && content.value.kind === "one");
  const { bundle } = content.value;
  const gate = new ClientGate(systemClock, {
    allowed: [ENVOY],
    bundleOf: (domain) => (domain === "cluster.local" ? bundle : undefined),
  });
  const store = new TlsCredentialStore({ ...credentialsOf(server), clientAuthorities: undefined });
  return { security: { kind: "tls", credentials: store, admit: (chain) => gate.admit(chain) }, store };
}

async function listen(fixture: AuthzFixture): Promise<string> {
  const address = await fixture.server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
  assert.ok(address.kind === "tcp");
  return `127.0.0.1:${address.port}`;
}

function showing(...chain: readonly Minted[]): ReturnType<typeof credentials.createSsl> {
  const [leaf] = chain;
  const certificates = Buffer.from(chain.map(({ pem }) => pem).join(""));
  return credentials.createSsl(Buffer.from(root.pem), Buffer.from(leaf?.keyPem ?? ""), certificates);
}

describe("AuthzServer with a list of clients", () => {
  const intermediate = mintIntermediate("cluster.local", root);
  const admitted = [
    ["with its own SVID", [mintSvid(ENVOY, root)]],
    ["with an SVID and the intermediate that signed it", [mintSvid(ENVOY, intermediate), intermediate]],
  ] as const;
  for (const [why, chain] of admitted) {
    it(`answers a listed client ${why}`, async () => {
      const { security } = gated();
      await using fixture = await AuthzFixture.start({ tcpSecurity: security });
      const client = fixture.client(await listen(fixture), showing(...chain), NAME);
      assert.equal((await client.ask(getCheck("/public"))).status?.code, 0);
    });
  }

  const refused = [
    ["that is not listed", [mintSvid(OTHER, root)]],
    ["of a stranger's authority", [mintSvid(ENVOY, mintRoot("cluster.local"))]],
    ["that has expired", [mintSvid(ENVOY, root, { notAfter: new Date("2021-01-01T00:00:00Z") })]],
    ["with an intermediate that it did not send", [mintSvid(ENVOY, intermediate)]],
    ["that is an authority", [mintSvid(ENVOY, root, { isAuthority: true })]],
    [
      "with a DNS name that spells a listed ID",
      [mintSvid(ENVOY, root, { altNames: [{ type: 2, value: ENVOY }] })],
    ],
  ] as const;
  for (const [why, chain] of refused) {
    it(`does not answer a client ${why}`, async () => {
      const { security } = gated();
      await using fixture = await AuthzFixture.start({ tcpSecurity: security });
      const client = fixture.client(await listen(fixture), showing(...chain), NAME);
      await assert.rejects(client.ask(getCheck("/public"), { deadlineMs: 2_000 }));
    });
  }

  it("does not answer a client without a certificate", async () => {
    const { security } = gated();
    await using fixture = await AuthzFixture.start({ tcpSecurity: security });
    const client = fixture.client(await listen(fixture), credentials.createSsl(Buffer.from(root.pem)), NAME);
    await assert.rejects(client.ask(getCheck("/public"), { deadlineMs: 2_000 }));
  });

  it("shows a replaced certificate to new connections, and drops none that is there", async () => {
    const { security, store } = gated();
    await using fixture = await AuthzFixture.start({ tcpSecurity: security });
    const target = await listen(fixture);
    const before = fixture.client(target, showing(mintSvid(ENVOY, root)), NAME);
    assert.equal((await before.ask(getCheck("/public"))).status?.code, 0);
    const otherRoot = mintRoot("next.example");
    const next = mintSvid("spiffe://next.example/ephor", otherRoot, {
      altNames: [{ type: 2, value: "localhost" }],
    });
    store.replace({ ...credentialsOf(next), clientAuthorities: undefined });
    const answers = await Promise.all(Array.from({ length: 20 }, () => before.ask(getCheck("/public"))));
    assert.ok(answers.every(({ status }) => status?.code === 0));
    const envoy = mintSvid(ENVOY, root);
    const trusting = credentials.createSsl(
      Buffer.from(otherRoot.pem),
      Buffer.from(envoy.keyPem),
      Buffer.from(envoy.pem),
    );
    const after = fixture.client(target, trusting, { ...NAME, "grpc.use_local_subchannel_pool": 1 });
    assert.equal((await after.ask(getCheck("/public"))).status?.code, 0);
    const old = fixture.client(target, showing(envoy), { ...NAME, "grpc.use_local_subchannel_pool": 1 });
    await assert.rejects(old.ask(getCheck("/public"), { deadlineMs: 2_000 }));
  });

  it("keeps its certificate where the next one is not the key's", () => {
    const { store } = gated();
    const { current } = store;
    const mixed = { ...credentialsOf(server), privateKey: Buffer.from(mintRoot("x").keyPem) };
    assert.throws(
      () => store.replace({ ...mixed, clientAuthorities: undefined }),
      /mismatch|not that of the certificate/,
    );
    assert.equal(store.current, current);
  });
});
