import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { credentials, status } from "@grpc/grpc-js";
import { type TcpSecurity, TlsCredentialStore } from "../../src/authz/index.ts";
import { AuthzFixture, getCheck, until } from "../support/authz-fixture.ts";
import { mintCertificate, mintedKeyPem, SAN_DNS } from "../support/mint-certificate.ts";
import { mintRoot } from "../support/mint-chain.ts";

// Self-signed, and so its own authority, for server and clients alike.
const CERTIFICATE = Buffer.from(
  mintCertificate({
    altNames: [{ type: SAN_DNS, value: "localhost" }],
    keyUsage: { digitalSignature: true, keyCertSign: true },
    isAuthority: true,
  }),
);
const STRANGER = Buffer.from(
  mintCertificate({
    altNames: [{ type: SAN_DNS, value: "stranger" }],
    keyUsage: { digitalSignature: true, keyCertSign: true },
    isAuthority: true,
  }),
);
const KEY = Buffer.from(mintedKeyPem);
function tls(clientAuthorities?: Buffer, privateKey: Buffer = KEY): TcpSecurity {
  const credentials = new TlsCredentialStore({
    certificateChain: CERTIFICATE,
    privateKey,
    clientAuthorities,
  });
  return { kind: "tls", credentials };
}
const LOOPBACK = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
const NAME = { "grpc.ssl_target_name_override": "localhost" };

async function listenOnTcp(fixture: AuthzFixture): Promise<string> {
  const address = await fixture.server.listen(LOOPBACK);
  assert.ok(address.kind === "tcp");
  return `127.0.0.1:${address.port}`;
}

describe("AuthzServer on TCP", () => {
  it("does not listen without being told how to secure it", async () => {
    await using fixture = await AuthzFixture.start();
    await assert.rejects(fixture.server.listen(LOOPBACK), /needs TLS, or to be allowed explicitly without/);
  });

  it("answers in plaintext where that was allowed explicitly", async () => {
    await using fixture = await AuthzFixture.start({ tcpSecurity: { kind: "insecure" } });
    const client = fixture.client(await listenOnTcp(fixture));
    assert.equal((await client.ask(getCheck("/public"))).status?.code, 0);
  });

  it("answers over TLS", async () => {
    await using fixture = await AuthzFixture.start({ tcpSecurity: tls() });
    const client = fixture.client(await listenOnTcp(fixture), credentials.createSsl(CERTIFICATE), NAME);
    assert.equal((await client.ask(getCheck("/public"))).status?.code, 0);
  });

  it("does not answer a plaintext client where TLS is asked for", async () => {
    await using fixture = await AuthzFixture.start({ tcpSecurity: tls() });
    const client = fixture.client(await listenOnTcp(fixture));
    await assert.rejects(client.ask(getCheck("/public"), { deadlineMs: 2_000 }));
  });

  it("is refused by a client that does not know its authority", async () => {
    await using fixture = await AuthzFixture.start({ tcpSecurity: tls() });
    const client = fixture.client(await listenOnTcp(fixture), credentials.createSsl(STRANGER), NAME);
    await assert.rejects(client.ask(getCheck("/public"), { deadlineMs: 2_000 }), {
      code: status.UNAVAILABLE,
    });
  });

  it("mutual TLS: answers a client of the authorities only", async () => {
    await using fixture = await AuthzFixture.start({
      tcpSecurity: tls(CERTIFICATE),
    });
    const target = await listenOnTcp(fixture);
    const known = fixture.client(target, credentials.createSsl(CERTIFICATE, KEY, CERTIFICATE), NAME);
    assert.equal((await known.ask(getCheck("/public"))).status?.code, 0);
    for (const refused of [
      credentials.createSsl(CERTIFICATE),
      credentials.createSsl(CERTIFICATE, KEY, STRANGER),
    ]) {
      const client = fixture.client(target, refused, NAME);
      await assert.rejects(client.ask(getCheck("/public"), { deadlineMs: 2_000 }));
    }
    assert.equal((await known.ask(getCheck("/public"))).status?.code, 0);
  });

  it("survives handshakes that break off, and drains although one is under way", async () => {
    await using fixture = await AuthzFixture.start({ tcpSecurity: tls() });
    const port = Number((await listenOnTcp(fixture)).split(":")[1]);
    for (const words of ["", "\x16\x03\x01", "not a handshake"]) {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.end(words, "latin1");
      await new Promise((resolve) => socket.on("close", resolve).resume());
    }
    const slow = connect({ port, host: "127.0.0.1" });
    slow.on("error", () => {}).resume();
    slow.write("\x16\x03\x01", "latin1");
    await until(() => fixture.server.connectionCount === 1, "only the slow one is left");
    await fixture.server.drain(50);
    assert.equal(fixture.server.connectionCount, 0);
  });

  it("refuses a key that is not the certificate's, before it listens", () => {
    assert.throws(() => tls(undefined, Buffer.from("no key")));
    assert.throws(() => tls(undefined, Buffer.from(mintRoot("x").keyPem)));
  });
});
