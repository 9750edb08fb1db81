import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Clock } from "../../src/base/clock.ts";
import { IDENTITY_CACHE_MAX } from "../../src/base/limits.ts";
import { NO_IDENTITY, type PeerIdentity } from "../../src/identity/peer-identity.ts";
import { PeerIdentityReader } from "../../src/identity/peer-identity-reader.ts";
import {
  type CertificateShape,
  forwardCertificate,
  mintCertificate,
  SAN_DNS,
  SAN_URI,
} from "../support/mint-certificate.ts";

const WEB = "spiffe://cluster.local/ns/shop/sa/web";
const WEB_NAMES = [{ type: SAN_URI, value: WEB }];

/** A clock whose wall time the test sets. */
function clockAt(iso: string): Clock & { wall: number } {
  const clock = { wall: Date.parse(iso), nowMs: () => 0, wallMs: () => clock.wall };
  return clock;
}

function readerOf(
  options: Partial<ConstructorParameters<typeof PeerIdentityReader>[1]> = {},
): PeerIdentityReader {
  return new PeerIdentityReader(clockAt("2027-01-01T00:00:00Z"), {
    trustDomains: ["cluster.local"],
    semantics: "strict",
    ...options,
  });
}

function whyOf(identity: PeerIdentity): string {
  assert.equal(identity.kind, "foreign");
  return identity.kind === "foreign" ? identity.why : "";
}

describe("PeerIdentityReader on a principal, strict", () => {
  it("W2: takes an empty principal for no identity, never for somebody", () =>
    assert.equal(readerOf().read("", ""), NO_IDENTITY));

  it("takes a service account of a trust domain of ours", () => {
    assert.deepEqual(readerOf().read(WEB, ""), {
      kind: "service-account",
      id: WEB,
      namespace: "shop",
      name: "web",
    });
  });

  it("takes a service account whose name has dots, and names of the longest allowed length", () => {
    const namespace = "n".repeat(63);
    const name = `${"s".repeat(63)}.${"s".repeat(189)}`;
    const identity = readerOf().read(`spiffe://cluster.local/ns/${namespace}/sa/${name}`, "");
    assert.ok(identity.kind === "service-account");
    assert.equal(identity.namespace, namespace);
    assert.equal(identity.name, name);
  });

  it("takes any of several trust domains, and any at all when told so", () => {
    const other = "spiffe://other.example/ns/shop/sa/web";
    assert.equal(
      readerOf({ trustDomains: ["cluster.local", "other.example"] }).read(other, "").kind,
      "service-account",
    );
    assert.equal(readerOf({ trustDomains: "any" }).read(other, "").kind, "service-account");
  });

  it("W3: a well-formed ID of another trust domain is foreign, and known to be of another domain", () => {
    for (const text of [
      "spiffe://other.example/ns/shop/sa/web",
      "spiffe://other.example",
      "spiffe://other.example/x",
    ]) {
      const identity = readerOf().read(text, "");
      assert.ok(identity.kind === "foreign" && identity.otherTrustDomain, text);
    }
  });

  const notJudged: readonly string[] = [
    // W1: texts that are not SPIFFE IDs
    "web.example.com",
    "CN=web,O=shop",
    "http://cluster.local/ns/shop/sa/web",
    "spiffe://cluster.local/ns/shop/sa/web/",
    "spiffe://Cluster.Local/ns/shop/sa/web",
    " spiffe://cluster.local/ns/shop/sa/web",
    // Other layouts of our own domain
    "spiffe://cluster.local",
    "spiffe://cluster.local/ns/shop",
    "spiffe://cluster.local/ns/shop/sa/web/x",
    "spiffe://cluster.local/x/ns/shop/sa/web",
    "spiffe://cluster.local/NS/shop/sa/web",
    "spiffe://cluster.local/sa/web/ns/shop",
    // W4: segments that are not DNS names
    "spiffe://cluster.local/ns/shop/sa/web?x",
    "spiffe://cluster.local/ns/shop/sa/web\n",
    "spiffe://cluster.local/ns/sh op/sa/web",
    "spiffe://cluster.local/ns/Shop/sa/web",
    "spiffe://cluster.local/ns/-shop/sa/web",
    "spiffe://cluster.local/ns/shop-/sa/web",
    "spiffe://cluster.local/ns/shop.eu/sa/web",
    "spiffe://cluster.local/ns/shop/sa/web_1",
    "spiffe://cluster.local/ns/shop/sa/web..x",
    "spiffe://cluster.local/ns/shop/sa/.web",
    `spiffe://cluster.local/ns/${"n".repeat(64)}/sa/web`,
    `spiffe://cluster.local/ns/shop/sa/${"s".repeat(254)}`,
  ];
  for (const text of notJudged) {
    it(`W1, W4: ${JSON.stringify(text.slice(0, 60))} is foreign, with a reason`, () => {
      const identity = readerOf().read(text, "");
      assert.ok(identity.kind === "foreign" && !identity.otherTrustDomain);
      assert.notEqual(identity.why, "");
    });
  }

  it("keeps of a long foreign principal only its beginning", () => {
    const identity = readerOf().read(`CN=${"x".repeat(100_000)}`, "");
    assert.ok(identity.kind === "foreign" && identity.id.length < 300);
  });

  it("gives the same object for the same proof", () => {
    const reader = readerOf();
    for (const text of [WEB, "CN=web", "spiffe://other.example/x"])
      assert.equal(reader.read(text, ""), reader.read(text, ""));
  });

  it("W34: a flood of principals does not change judgements", () => {
    const reader = readerOf();
    for (let i = 0; i < IDENTITY_CACHE_MAX + 10; i++)
      reader.read(`spiffe://cluster.local/ns/n${i}/sa/web`, "");
    assert.deepEqual(reader.read(WEB, ""), {
      kind: "service-account",
      id: WEB,
      namespace: "shop",
      name: "web",
    });
    const first = reader.read("spiffe://cluster.local/ns/n0/sa/web", "");
    assert.ok(first.kind === "service-account" && first.namespace === "n0");
  });
});

describe("PeerIdentityReader on a principal, calico", () => {
  const reader = readerOf({ semantics: "calico", trustDomains: "any" });
  const accepted: readonly (readonly [text: string, namespace: string, name: string])[] = [
    [WEB, "shop", "web"],
    ["spiffe://Any.Domain:1/ns/Shop/sa/web?x", "Shop", "web?x"],
    ["spiffe://td/ns/a b/sa/c\nd", "a b", "c\nd"],
  ];
  for (const [text, namespace, name] of accepted) {
    it(`takes ${JSON.stringify(text)}`, () => {
      assert.deepEqual(reader.read(text, ""), { kind: "service-account", id: text, namespace, name });
    });
  }
  for (const text of [
    "spiffe://td/x",
    "spiffe://td/ns/a/sa/b/",
    "spiffe:///ns/a/sa/b",
    "CN=x",
    "spiffe://td/ns//sa/b",
  ]) {
    it(`takes ${text} for foreign`, () => assert.equal(reader.read(text, "").kind, "foreign"));
  }
  it("asks for a configured trust domain where there is a list", () => {
    const listed = readerOf({ semantics: "calico", trustDomains: ["cluster.local"] });
    assert.equal(listed.read(WEB, "").kind, "service-account");
    const other = listed.read("spiffe://other/ns/shop/sa/web", "");
    assert.ok(other.kind === "foreign" && other.otherTrustDomain);
  });
  it("does not look at certificates", () => {
    assert.equal(reader.read("", "garbage"), NO_IDENTITY);
    assert.equal(reader.read(WEB, "garbage").kind, "service-account");
  });
});

describe("PeerIdentityReader on a forwarded certificate", () => {
  it("takes an X.509-SVID whose one URI name is the principal, other kinds of names beside it", () => {
    const altNames = [{ type: SAN_DNS, value: "web.shop.svc" }, ...WEB_NAMES];
    const certificate = forwardCertificate(mintCertificate({ altNames }));
    assert.equal(readerOf().read(WEB, certificate).kind, "service-account");
  });

  it("gives the same object with the certificate as without", () => {
    const reader = readerOf();
    assert.equal(
      reader.read(WEB, forwardCertificate(mintCertificate({ altNames: WEB_NAMES }))),
      reader.read(WEB, ""),
    );
  });

  it("takes the certificate that a real Envoy forwarded (an EC key, minted elsewhere)", () => {
    const recorded = JSON.parse(readFileSync(new URL("forwarded-certificate.json", import.meta.url), "utf8"));
    const identity = readerOf().read(recorded.principal, recorded.certificate);
    assert.ok(identity.kind === "service-account");
    assert.equal(identity.name, "client");
  });

  const refused: readonly (readonly [why: string, reason: RegExp, shape: CertificateShape])[] = [
    ["without names", /0 URI names/, {}],
    ["with a DNS name alone", /0 URI names/, { altNames: [{ type: SAN_DNS, value: "web" }] }],
    [
      "with two URI names",
      /2 URI names/,
      { altNames: [...WEB_NAMES, { type: SAN_URI, value: "spiffe://td/x" }] },
    ],
    ["with the same URI name twice", /2 URI names/, { altNames: [...WEB_NAMES, ...WEB_NAMES] }],
    ["with another URI name", /not the principal/, { altNames: [{ type: SAN_URI, value: `${WEB}2` }] }],
    ["with a NUL after the name", /not the principal/, { altNames: [{ type: SAN_URI, value: `${WEB}\0` }] }],
    [
      "with a NUL and more after the name",
      /not the principal/,
      { altNames: [{ type: SAN_URI, value: `${WEB}\0.evil` }] },
    ],
    [
      "with a name that spells out a second one",
      /not the principal/,
      { altNames: [{ type: SAN_URI, value: `spiffe://td/x, URI:${WEB}` }] },
    ],
    [
      "with a DNS name that spells out the URI name",
      /0 URI names/,
      { altNames: [{ type: SAN_DNS, value: `x, URI:${WEB}` }] },
    ],
    [
      "with bytes outside ASCII in the name",
      /not the principal/,
      { altNames: [{ type: SAN_URI, value: `${WEB}\xe9` }] },
    ],
    ["of an authority", /authority/, { altNames: WEB_NAMES, isAuthority: true }],
    ["without key usage", /digitalSignature/, { altNames: WEB_NAMES, keyUsage: "absent" }],
    [
      "without digitalSignature",
      /digitalSignature/,
      { altNames: WEB_NAMES, keyUsage: { keyAgreement: true } },
    ],
    [
      "that may sign certificates",
      /may sign/,
      { altNames: WEB_NAMES, keyUsage: { digitalSignature: true, keyCertSign: true } },
    ],
    [
      "that may sign revocation lists",
      /may sign/,
      { altNames: WEB_NAMES, keyUsage: { digitalSignature: true, cRLSign: true } },
    ],
    [
      "with two extensions of names",
      /can't be read/,
      { altNames: WEB_NAMES, extensions: [{ name: "subjectAltName", altNames: WEB_NAMES }] },
    ],
  ];
  for (const [why, reason, shape] of refused) {
    it(`refuses one ${why}`, () => {
      assert.match(whyOf(readerOf().read(WEB, forwardCertificate(mintCertificate(shape)))), reason);
    });
  }

  const good = mintCertificate({ altNames: WEB_NAMES });
  const notCertificates: readonly (readonly [why: string, text: string])[] = [
    ["garbage", "garbage"],
    ["a malformed escape", `${forwardCertificate(good)}%zz`],
    ["bytes that are not UTF-8", "%ff"],
    ["two certificates", forwardCertificate(good + good)],
    ["text before the certificate", forwardCertificate(`x\n${good}`)],
    ["text after the certificate", forwardCertificate(`${good}x`)],
    [
      "an empty certificate",
      forwardCertificate("-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n"),
    ],
    ["a truncated certificate", forwardCertificate(good.replace(/\n.{64}\n/, "\n"))],
    ["a key", forwardCertificate(good.replaceAll("CERTIFICATE", "PRIVATE KEY"))],
    ["more than the limit", forwardCertificate(good) + "%0A".repeat(30_000)],
  ];
  for (const [why, text] of notCertificates) {
    it(`refuses ${why}`, () => assert.notEqual(whyOf(readerOf().read(WEB, text)), ""));
  }

  it("takes a certificate for an identity even where Envoy tells no name of it", () => {
    assert.equal(readerOf().read("", forwardCertificate(mintCertificate({}))).kind, "foreign");
  });

  it("knows somebody to be of another trust domain only where the certificate bears it out", () => {
    const principal = "spiffe://other.example/ns/shop/sa/web";
    const borne = forwardCertificate(mintCertificate({ altNames: [{ type: SAN_URI, value: principal }] }));
    const reader = readerOf();
    const proven = reader.read(principal, borne);
    assert.ok(proven.kind === "foreign" && proven.otherTrustDomain && proven.spiffeId === principal);
    const claimed = reader.read(principal, forwardCertificate(good));
    assert.ok(claimed.kind === "foreign" && !claimed.otherTrustDomain && claimed.spiffeId === undefined);
  });

  it("asks the clock at every request, cached or not", () => {
    const clock = clockAt("2026-05-31T23:59:59Z");
    const reader = new PeerIdentityReader(clock, { trustDomains: ["cluster.local"], semantics: "strict" });
    const shape = { notBefore: new Date("2026-06-01T00:00:00Z"), notAfter: new Date("2026-06-02T00:00:00Z") };
    const certificate = forwardCertificate(mintCertificate({ altNames: WEB_NAMES, ...shape }));
    assert.match(whyOf(reader.read(WEB, certificate)), /not valid yet/);
    clock.wall = shape.notBefore.getTime();
    assert.equal(reader.read(WEB, certificate).kind, "service-account");
    clock.wall = shape.notAfter.getTime();
    assert.equal(reader.read(WEB, certificate).kind, "service-account");
    clock.wall = shape.notAfter.getTime() + 1;
    assert.match(whyOf(reader.read(WEB, certificate)), /expired/);
    assert.equal(reader.read(WEB, certificate), reader.read(WEB, certificate));
  });
});

describe("PeerIdentityReader on anything", () => {
  it("never throws, and takes no principal for ours that is not one", () => {
    const reader = readerOf();
    const principal = fc.oneof(
      fc.string({ unit: "binary", maxLength: 80 }),
      fc
        .array(
          fc.constantFrom(
            "spiffe://",
            "cluster.local",
            "/",
            "ns",
            "sa",
            "shop",
            "web",
            ".",
            "%",
            "\0",
            "\n",
            "A",
          ),
          { maxLength: 12 },
        )
        .map((pieces) => pieces.join("")),
    );
    const certificate = fc.oneof(fc.constant(""), fc.string({ maxLength: 60 }));
    const ours = /^spiffe:\/\/cluster\.local\/ns\/[a-z0-9-]+\/sa\/[a-z0-9.-]+$/;
    fc.assert(
      fc.property(principal, certificate, (text, pem) => {
        const identity = reader.read(text, pem);
        assert.ok(identity.kind !== "service-account" || (ours.test(text) && pem === ""));
      }),
      { numRuns: Number(process.env.EPHOR_RUNS ?? 2_000) },
    );
  });

  it("never throws on a certificate with damaged bytes, and never takes one for another's", () => {
    const reader = readerOf();
    const der = Buffer.from(
      mintCertificate({ altNames: WEB_NAMES }).replace(/-----.*-----|\s/g, ""),
      "base64",
    );
    const change = fc.record({ at: fc.nat({ max: der.length - 1 }), to: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const damaged = Buffer.from(der);
        for (const { at, to } of changes) damaged[at] = to;
        const pem = `-----BEGIN CERTIFICATE-----\n${damaged.toString("base64")}\n-----END CERTIFICATE-----\n`;
        const identity = reader.read(WEB, forwardCertificate(pem));
        assert.ok(identity.kind === "foreign" || damaged.includes(WEB));
      }),
      { numRuns: Number(process.env.EPHOR_RUNS ?? 1_000) },
    );
  });
});
