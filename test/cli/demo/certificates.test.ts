import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { before, describe, it } from "node:test";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { CertificateAuthority, type Credential } from "../../../src/cli/demo/certificates.ts";
import { PeerIdentityReader } from "../../../src/identity/peer-identity-reader.ts";

describe("CertificateAuthority", () => {
  const id = "spiffe://cluster.local/ns/shop/sa/web";
  let authority: CertificateAuthority;
  let other: CertificateAuthority;
  let web: Credential;
  before(async () => {
    authority = await CertificateAuthority.create(systemClock, "cluster.local");
    other = await CertificateAuthority.create(systemClock, "cluster.local");
    web = await authority.issue({ uris: [id] });
  });

  it("issues leaves that its own certificate verifies, and no other's", () => {
    const leaf = new X509Certificate(web.certificate);
    assert.ok(leaf.checkIssued(new X509Certificate(authority.certificate)));
    assert.ok(leaf.verify(new X509Certificate(authority.certificate).publicKey));
    assert.ok(!leaf.verify(new X509Certificate(other.certificate).publicKey));
  });

  it("is a CA itself, and its leaves are not", () => {
    assert.equal(new X509Certificate(authority.certificate).ca, true);
    assert.equal(new X509Certificate(web.certificate).ca, false);
  });

  const strict = { trustDomains: ["cluster.local"], semantics: "strict" } as const;
  const forwarded = (credential: Credential): string => encodeURIComponent(credential.certificate);

  it("issues what Ephor reads as an X.509-SVID", () => {
    const reader = new PeerIdentityReader(systemClock, strict);
    const peer = reader.read(id, forwarded(web));
    assert.deepEqual(peer, { kind: "service-account", id, namespace: "shop", name: "web" });
  });

  it("issues what is none, where the subject says so", async () => {
    const reader = new PeerIdentityReader(systemClock, strict);
    const two = await authority.issue({ uris: [id, `${id}2`] });
    assert.equal(reader.read(id, forwarded(two)).kind, "foreign");
    const none = await authority.issue({ uris: [], dnsNames: ["web.example.com"] });
    assert.equal(reader.read("web.example.com", forwarded(none)).kind, "foreign");
  });

  it("issues for a day, by the clock it is given", () => {
    const later: Clock = { ...systemClock, wallMs: () => systemClock.wallMs() + 25 * 3_600_000 };
    const reader = new PeerIdentityReader(later, strict);
    assert.equal(reader.read(id, forwarded(web)).kind, "foreign");
  });
});
