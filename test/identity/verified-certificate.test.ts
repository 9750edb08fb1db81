import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Clock } from "../../src/base/clock.ts";
import { CHAIN_RETRY_MS } from "../../src/base/limits.ts";
import type { PeerIdentity } from "../../src/identity/peer-identity.ts";
import { type PeerIdentityOptions, PeerIdentityReader } from "../../src/identity/peer-identity-reader.ts";
import { parseTrustBundle, type TrustBundle } from "../../src/identity/trust-bundle.ts";
import { TrustBundles } from "../../src/identity/trust-bundles.ts";
import {
  type ChainShape,
  CLIENT_AUTH,
  DIGITAL_SIGNATURE,
  KEY_CERT_SIGN,
  type KeyKind,
  type Minted,
  mintIntermediate,
  mintRoot,
  mintSvid,
  SERVER_AUTH,
} from "../support/mint-chain.ts";

const OURS = "cluster.local";
const PARTNER = "partner.example";
const WEB = "spiffe://cluster.local/ns/shop/sa/web";
const PARTNER_WEB = "spiffe://partner.example/ns/shop/sa/web";
const NOW = Date.parse("2027-01-01T00:00:00Z");

const root = mintRoot(OURS);
const partnerRoot = mintRoot(PARTNER);

function bundleOf(...authorities: readonly Minted[]): TrustBundle {
  const content = parseTrustBundle(authorities.map(({ pem }) => pem).join(""));
  assert.ok(content.ok && content.value.kind === "one", content.ok ? "" : content.error);
  return content.value.bundle;
}

function world(
  bundles: Readonly<Record<string, readonly Minted[]>>,
  options: Partial<PeerIdentityOptions> = {},
): { reader: PeerIdentityReader; trust: TrustBundles; clock: Clock & { wall: number } } {
  const trust = new TrustBundles();
  trust.replace("test", new Map(Object.entries(bundles).map(([domain, all]) => [domain, bundleOf(...all)])));
  const clock = { wall: NOW, nowMs: () => 0, wallMs: () => clock.wall };
  const reader = new PeerIdentityReader(clock, {
    trustDomains: [OURS],
    semantics: "strict",
    bundles: trust,
    ...options,
  });
  return { reader, trust, clock };
}

function forward(...chain: readonly Minted[]): string {
  return encodeURIComponent(chain.map(({ pem }) => pem).join(""));
}

function whyOf(identity: PeerIdentity): string {
  assert.equal(identity.kind, "foreign");
  return identity.kind === "foreign" ? identity.why : "";
}

describe("a forwarded certificate, with trust bundles", () => {
  for (const key of ["rsa", "ec", "ed25519"] satisfies KeyKind[]) {
    for (const authorityKey of ["rsa", "ec", "ed25519"] satisfies KeyKind[]) {
      it(`is taken with a key of ${key}, signed by one of ${authorityKey}`, () => {
        const authority = mintRoot(OURS, { key: authorityKey });
        const { reader } = world({ [OURS]: [authority] });
        const identity = reader.read(WEB, forward(mintSvid(WEB, authority, { key })));
        assert.equal(identity.kind, "service-account");
      });
    }
  }

  const stranger = mintRoot(OURS);
  const refused: readonly (readonly [why: string, reason: RegExp, leaf: Minted, principal?: string])[] = [
    [
      "signed by an authority of the same name and another key",
      /no authority|another key/,
      mintSvid(WEB, stranger),
    ],
    ["signed by itself", /no authority/, mintSvid(WEB, mintRoot("x"), { name: "self" })],
    ["of ours by a federated authority", /no authority/, mintSvid(WEB, partnerRoot)],
    ["of a federated domain by our authority", /no authority/, mintSvid(PARTNER_WEB, root), PARTNER_WEB],
    [
      "of a domain without a bundle",
      /no trust bundle/,
      mintSvid("spiffe://third.example/x", root),
      "spiffe://third.example/x",
    ],
    ["expired", /has expired/, mintSvid(WEB, root, { notAfter: new Date(NOW - 1_000) })],
    ["not valid yet", /not valid yet/, mintSvid(WEB, root, { notBefore: new Date(NOW + 1_000) })],
    ["of an authority", /authority/, mintSvid(WEB, root, { isAuthority: true })],
    ["that may sign", /may sign/, mintSvid(WEB, root, { keyUsage: [DIGITAL_SIGNATURE, KEY_CERT_SIGN] })],
    ["for servers alone", /clientAuth/, mintSvid(WEB, root, { extendedKeyUsage: [SERVER_AUTH] })],
    ["with a critical extension that nobody knows", /critical/, mintSvid(WEB, root, { critical: "1.2.3.4" })],
    ["with a short key", /key is too short/, mintSvid(WEB, root, { key: "rsa1024" })],
    ["signed with SHA-1", /algorithm/, mintSvid(WEB, root, { weakSignature: true })],
    [
      "with a DNS name that spells the ID",
      /0 URI names/,
      mintSvid(WEB, root, { altNames: [{ type: 2, value: WEB }] }),
    ],
    ["of another ID", /not the principal/, mintSvid(`${WEB}2`, root)],
    [
      "of 2,049 bytes",
      /longer than/,
      mintSvid(`${WEB}${"x".repeat(2_049 - WEB.length)}`, root),
      `${WEB}${"x".repeat(2_049 - WEB.length)}`,
    ],
    ["without a principal", /no name/, mintSvid(WEB, root), ""],
  ];
  for (const [why, reason, leaf, principal = WEB] of refused) {
    it(`is refused ${why}`, () => {
      const { reader } = world({ [OURS]: [root], [PARTNER]: [partnerRoot] });
      assert.match(whyOf(reader.read(principal, forward(leaf))), reason);
    });
  }

  it("is taken for a foreign, proven ID of a federated domain", () => {
    const { reader } = world({ [OURS]: [root], [PARTNER]: [partnerRoot] });
    const identity = reader.read(PARTNER_WEB, forward(mintSvid(PARTNER_WEB, partnerRoot)));
    assert.ok(identity.kind === "foreign" && identity.otherTrustDomain && identity.spiffeId === PARTNER_WEB);
  });

  it("has to be there: a principal alone proves nothing, unless Envoy's word is chosen", () => {
    assert.match(whyOf(world({ [OURS]: [root] }).reader.read(WEB, "")), /no certificate was forwarded/);
    assert.equal(
      world({ [OURS]: [root] }, { mode: "principal" }).reader.read(WEB, "").kind,
      "service-account",
    );
  });

  it("is not looked at where Envoy's word is chosen", () => {
    const { reader } = world({ [OURS]: [root] }, { mode: "principal" });
    assert.equal(reader.read(WEB, forward(mintSvid(WEB, stranger))).kind, "service-account");
  });

  it("stands for another service account only where configuration says so, and proves itself first", () => {
    const mapped = new Map([[PARTNER_WEB, { namespace: "partners", name: "acme" }]]);
    const { reader } = world({ [OURS]: [root], [PARTNER]: [partnerRoot] }, { mapped });
    assert.deepEqual(reader.read(PARTNER_WEB, forward(mintSvid(PARTNER_WEB, partnerRoot))), {
      kind: "service-account",
      id: PARTNER_WEB,
      namespace: "partners",
      name: "acme",
    });
    assert.equal(reader.read(PARTNER_WEB, forward(mintSvid(PARTNER_WEB, root))).kind, "foreign");
  });
});

describe("paths to a trust bundle", () => {
  const read = (authorities: readonly Minted[], leaf: Minted): PeerIdentity =>
    world({ [OURS]: authorities }).reader.read(WEB, forward(leaf));

  it("may end in an intermediate that the bundle holds, with or without its root", () => {
    const intermediate = mintIntermediate(OURS, root);
    const leaf = mintSvid(WEB, intermediate);
    assert.equal(read([root, intermediate], leaf).kind, "service-account");
    assert.equal(read([intermediate], leaf).kind, "service-account");
    assert.match(whyOf(read([root], leaf)), /no authority/);
  });

  it("take the right one of two authorities of one name", () => {
    const twin = mintRoot(OURS);
    assert.equal(read([twin, root], mintSvid(WEB, root)).kind, "service-account");
    assert.equal(read([root, twin], mintSvid(WEB, root)).kind, "service-account");
  });

  const badAuthorities: readonly (readonly [string, RegExp, ChainShape])[] = [
    ["that has expired", /expired/, { notAfter: new Date(NOW - 1_000) }],
    ["that is not valid yet", /not valid yet/, { notBefore: new Date(NOW + 1_000) }],
    ["for servers' certificates", /clients' certificates/, { extendedKeyUsage: [SERVER_AUTH] }],
    ["constrained to other hosts", /name constraints/, { permittedUris: ["other.example"] }],
    ["constrained to hosts below", /name constraints/, { permittedUris: [".cluster.local"] }],
  ];
  for (const [why, reason, shape] of badAuthorities) {
    it(`refuse an authority ${why}`, () => {
      const authority = mintRoot(OURS, shape);
      assert.match(whyOf(read([authority], mintSvid(WEB, authority))), reason);
    });
  }
  for (const shape of [
    { permittedUris: ["cluster.local"] },
    { permittedUris: [".local"] },
    { extendedKeyUsage: [SERVER_AUTH, CLIENT_AUTH] },
    { pathLength: 0 },
  ] satisfies ChainShape[]) {
    it(`take an authority with ${JSON.stringify(shape)}`, () => {
      const authority = mintRoot(OURS, shape);
      assert.equal(read([authority], mintSvid(WEB, authority)).kind, "service-account");
    });
  }
});

describe("time and rotation", () => {
  it("a verified certificate expires to the millisecond, and so does one whose authority does", () => {
    const authority = mintRoot(OURS, { notAfter: new Date(NOW + 5_000) });
    const { reader, clock } = world({ [OURS]: [authority] });
    const certificate = forward(mintSvid(WEB, authority));
    assert.equal(reader.read(WEB, certificate).kind, "service-account");
    clock.wall = NOW + 5_000;
    assert.equal(reader.read(WEB, certificate).kind, "service-account");
    clock.wall = NOW + 5_001;
    assert.match(whyOf(reader.read(WEB, certificate)), /the authority has expired/);
  });

  it("what is refused for its dates is taken once they are there", () => {
    const authority = mintRoot(OURS, { notBefore: new Date(NOW + 1_000) });
    const { reader, clock } = world({ [OURS]: [authority] });
    const certificate = forward(mintSvid(WEB, authority));
    assert.match(whyOf(reader.read(WEB, certificate)), /not valid yet/);
    clock.wall = NOW + CHAIN_RETRY_MS + 1;
    assert.equal(reader.read(WEB, certificate).kind, "service-account");
  });

  it("a change of the bundle counts at once, for certificates verified before too", () => {
    const { reader, trust } = world({ [OURS]: [root] });
    const certificate = forward(mintSvid(WEB, root));
    assert.equal(reader.read(WEB, certificate).kind, "service-account");
    const next = mintRoot(OURS);
    trust.replace("test", new Map([[OURS, bundleOf(root, next)]]));
    assert.equal(reader.read(WEB, certificate).kind, "service-account");
    assert.equal(reader.read(WEB, forward(mintSvid(WEB, next))).kind, "service-account");
    trust.replace("test", new Map([[OURS, bundleOf(next)]]));
    assert.match(whyOf(reader.read(WEB, certificate)), /another key|no authority/);
    trust.replace("test", new Map());
    assert.match(whyOf(reader.read(WEB, forward(mintSvid(WEB, next)))), /no trust bundle/);
  });

  it("sources add up for a trust domain, and each replaces only what it said itself", () => {
    const other = mintRoot(OURS);
    const { reader, trust } = world({ [OURS]: [root] });
    trust.replace("another", new Map([[OURS, bundleOf(other)]]));
    assert.equal(reader.read(WEB, forward(mintSvid(WEB, other))).kind, "service-account");
    trust.replace("another", new Map());
    assert.equal(reader.read(WEB, forward(mintSvid(WEB, root))).kind, "service-account");
    assert.equal(reader.read(WEB, forward(mintSvid(WEB, other))).kind, "foreign");
  });
});
