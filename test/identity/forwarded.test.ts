import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { systemClock } from "../../src/base/clock.ts";
import { FORWARDED_ELEMENTS_MAX } from "../../src/base/limits.ts";
import { parseForwardedHeader } from "../../src/identity/forwarded-header.ts";
import { NO_IDENTITY, type PeerIdentity } from "../../src/identity/peer-identity.ts";
import { PeerIdentityReader } from "../../src/identity/peer-identity-reader.ts";
import { parseTrustBundle } from "../../src/identity/trust-bundle.ts";
import { TrustBundles } from "../../src/identity/trust-bundles.ts";
import { type Minted, mintIntermediate, mintRoot, mintSvid } from "../support/mint-chain.ts";

const GATEWAY = "spiffe://cluster.local/ns/edge/sa/gateway";
const WAYPOINT = "spiffe://cluster.local/ns/edge/sa/waypoint";
const SIDECAR = "spiffe://cluster.local/ns/shop/sa/api";
const WEB = "spiffe://cluster.local/ns/shop/sa/web";
const HASH = "ab".repeat(32);

function readerOf(trust?: TrustBundles): PeerIdentityReader {
  return new PeerIdentityReader(systemClock, {
    trustDomains: ["cluster.local"],
    semantics: "strict",
    forwardedBy: [GATEWAY, WAYPOINT],
    ...(trust === undefined ? {} : { bundles: trust }),
  });
}

describe("parseForwardedHeader()", () => {
  it("reads what Envoy writes", () => {
    const text = `By=${GATEWAY};Hash=${HASH};Cert="-----BEGIN%20X";Subject="CN=\\"a\\",O=x;y";URI=${WEB};DNS=a.example;DNS=b.example`;
    const parsed = parseForwardedHeader(text);
    assert.deepEqual(parsed.ok && parsed.value, [
      {
        by: [GATEWAY],
        hash: HASH,
        certificate: "-----BEGIN%20X",
        chain: undefined,
        subject: 'CN="a",O=x;y',
        uris: [WEB],
        dnsNames: ["a.example", "b.example"],
      },
    ]);
  });

  it("reads several elements, keys in any case, and blanks after a comma", () => {
    const parsed = parseForwardedHeader(`by=${GATEWAY};uri=${WEB}, BY=${WAYPOINT};URI=${GATEWAY}`);
    assert.deepEqual(parsed.ok && parsed.value.map(({ uris }) => uris[0]), [WEB, GATEWAY]);
  });

  const refused: readonly (readonly [why: string, text: string, reason: RegExp])[] = [
    ["nothing", "", /no known key/],
    ["an empty element", `URI=${WEB},`, /no known key/],
    ["an empty element first", `,URI=${WEB}`, /no known key/],
    ["an empty pair", `URI=${WEB};`, /no known key/],
    ["an unknown key", `URI=${WEB};X=1`, /no known key/],
    ["a key without a value's mark", `URI`, /no known key/],
    ["a key twice", `Hash=a;Hash=b;URI=${WEB}`, /twice/],
    ["a key twice in different case", `Cert=a;CERT=b`, /twice/],
    ["a quote that does not close", `Subject="CN=x;URI=${WEB}`, /does not close/],
    ["text after a quote", `Subject="CN=x"y;URI=${WEB}`, /text after/],
    ["a quote inside a plain value", `Subject=CN"x";URI=${WEB}`, /text after/],
    ["an equals sign inside a plain value", `Subject=CN=x;URI=${WEB}`, /text after/],
    ["a blank before a key", ` URI=${WEB}`, /no known key/],
    ["an escape that nobody writes", `Subject="a\\n";URI=${WEB}`, /escape/],
    ["a control character", `Subject="a\0b";URI=${WEB}`, /control/],
    ["a line's end", `URI=${WEB}\r\n`, /control/],
    ["too many elements", `${`URI=${WEB},`.repeat(FORWARDED_ELEMENTS_MAX)}URI=${WEB}`, /more than/],
    ["too long a header", `Subject="${"x".repeat(200_000)}"`, /longer/],
  ];
  for (const [why, text, reason] of refused) {
    it(`refuses ${why}`, () => {
      const parsed = parseForwardedHeader(text);
      assert.match(parsed.ok ? "accepted" : parsed.error, reason);
    });
  }

  it("gives back any value that is written in quotes, and never throws", () => {
    const value = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    });
    fc.assert(
      fc.property(value, fc.string(), (text, garbage) => {
        const quoted = text.replace(/["\\]/g, "\\$&");
        const parsed = parseForwardedHeader(`Subject="${quoted}";URI=${WEB}`);
        assert.equal(parsed.ok && parsed.value[0]?.subject, text);
        parseForwardedHeader(garbage);
        parseForwardedHeader(`URI=${garbage}`);
      }),
    );
  });
});

describe("readForwarded()", () => {
  const reader = readerOf();
  const peerOf = (id: string): PeerIdentity => reader.read(id, "");
  const via = (id: string, header: string | undefined): PeerIdentity =>
    reader.readForwarded(peerOf(id), header);
  const nameOf = (identity: PeerIdentity): string =>
    identity.kind === "service-account" ? identity.id : identity.kind === "foreign" ? identity.why : "none";

  it("takes a listed proxy's client", () =>
    assert.equal(nameOf(via(GATEWAY, `By=${GATEWAY};URI=${WEB}`)), WEB));

  it("takes it also where the proxy does not say its own name", () =>
    assert.equal(nameOf(via(GATEWAY, `Hash=${HASH};URI=${WEB}`)), WEB));

  it("passes over what our own Envoy appended about the proxy", () =>
    assert.equal(nameOf(via(GATEWAY, `By=${GATEWAY};URI=${WEB},By=${SIDECAR};URI=${GATEWAY}`)), WEB));

  it("follows listed proxies from the nearest to the first", () =>
    assert.equal(nameOf(via(WAYPOINT, `By=${GATEWAY};URI=${WEB},By=${WAYPOINT};URI=${GATEWAY}`)), WEB));

  it("ignores what a client claimed before the proxy's own word", () => {
    const header = `By=${SIDECAR};URI=${GATEWAY},By=${GATEWAY};URI=${WEB}`;
    assert.equal(nameOf(via(GATEWAY, header)), WEB);
  });

  it("ignores the header of anybody who is not listed, whatever it says", () => {
    const peer = peerOf("spiffe://cluster.local/ns/lab/sa/web");
    assert.equal(reader.readForwarded(peer, `By=${GATEWAY};URI=${WEB}`), peer);
    assert.equal(reader.readForwarded(NO_IDENTITY, `By=${GATEWAY};URI=${WEB}`), NO_IDENTITY);
    const foreign = peerOf("CN=gateway");
    assert.equal(reader.readForwarded(foreign, `By=${GATEWAY};URI=${WEB}`), foreign);
  });

  const refused: readonly (readonly [why: string, header: string | undefined, reason: RegExp])[] = [
    ["tells of nobody", undefined, /tells of none/],
    ["sends an empty header", "", /tells of none/],
    ["tells of itself alone", `By=${SIDECAR};URI=${GATEWAY}`, /tells of none/],
    ["hands on another proxy's word", `By=${SIDECAR};URI=${WEB}`, /not by the proxy/],
    ["tells of a client without a URI name", `By=${GATEWAY};Hash=${HASH};DNS=web.example`, /no URI name/],
    ["tells of a client with two URI names", `By=${GATEWAY};URI=${WEB};URI=spiffe://x/y`, /2 URI names/],
    ["tells of a client whose URI is no SPIFFE ID", `By=${GATEWAY};URI=https://web`, /not a SPIFFE ID/],
    ["sends a header that can't be read", `By=${GATEWAY};URI=${WEB};Oops=1`, /can't be read/],
    [
      "sends a certificate that is none",
      `By=${GATEWAY};URI=${WEB};Cert="x"`,
      /can't be read|not URL-encoded/,
    ],
  ];
  for (const [why, header, reason] of refused) {
    it(`refuses a proxy that ${why}`, () => {
      const identity = via(GATEWAY, header);
      assert.ok(identity.kind === "foreign" && identity.spiffeId === undefined && !identity.otherTrustDomain);
      assert.match(identity.why, reason);
    });
  }
});

describe("readForwarded() with certificates", () => {
  const root = mintRoot("cluster.local");
  const intermediate = mintIntermediate("cluster.local", root);
  const forward = (...chain: readonly Minted[]): string =>
    encodeURIComponent(chain.map(({ pem }) => pem).join(""));
  const gateway = mintSvid(GATEWAY, root);

  function ask(element: string): PeerIdentity {
    const content = parseTrustBundle(root.pem);
    assert.ok(content.ok && content.value.kind === "one");
    const trust = new TrustBundles();
    trust.replace("test", new Map([["cluster.local", content.value.bundle]]));
    const reader = readerOf(trust);
    return reader.readForwarded(reader.read(GATEWAY, forward(gateway)), element);
  }

  it("verifies the client's certificate where it is sent", () => {
    const good = `By=${GATEWAY};Cert="${forward(mintSvid(WEB, root))}";URI=${WEB}`;
    assert.equal(ask(good).kind, "service-account");
    const bad = `By=${GATEWAY};Cert="${forward(mintSvid(WEB, mintRoot("cluster.local")))}";URI=${WEB}`;
    assert.equal(ask(bad).kind, "foreign");
  });

  it("finds the path through the intermediates of a chain", () => {
    const leaf = mintSvid(WEB, intermediate);
    assert.equal(
      ask(`By=${GATEWAY};Chain="${forward(leaf, intermediate)}";URI=${WEB}`).kind,
      "service-account",
    );
    assert.equal(ask(`By=${GATEWAY};Cert="${forward(leaf)}";URI=${WEB}`).kind, "foreign");
  });

  const wrongIntermediates = [
    ["that is no authority", mintIntermediate("cluster.local", root, { isAuthority: false })],
    ["that may not sign", mintIntermediate("cluster.local", root, { keyUsage: [0] })],
    ["without key usage", mintIntermediate("cluster.local", root, { keyUsage: "absent" })],
    ["of another trust domain", mintIntermediate("other.example", root)],
    [
      "below one that allows for none",
      mintIntermediate(
        "cluster.local",
        mintIntermediate("cluster.local", root, { pathLength: 0, name: "zero" }),
      ),
    ],
    [
      "that has expired",
      mintIntermediate("cluster.local", root, { notAfter: new Date("2021-01-01T00:00:00Z") }),
    ],
  ] as const;
  for (const [why, wrong] of wrongIntermediates) {
    it(`refuses an intermediate ${why}`, () => {
      const chain = forward(mintSvid(WEB, wrong), wrong);
      assert.equal(ask(`By=${GATEWAY};Chain="${chain}";URI=${WEB}`).kind, "foreign");
    });
  }

  it("refuses an element whose hash, certificate and chain are not of one client", () => {
    const leaf = mintSvid(WEB, root);
    const element = `By=${GATEWAY};Hash=${HASH};Cert="${forward(leaf)}";URI=${WEB}`;
    assert.equal(ask(element).kind, "foreign");
    const two = `By=${GATEWAY};Cert="${forward(leaf)}";Chain="${forward(mintSvid(WEB, root))}";URI=${WEB}`;
    assert.equal(ask(two).kind, "foreign");
  });

  it("refuses a proxy whose own certificate does not prove who it is", () => {
    const content = parseTrustBundle(root.pem);
    assert.ok(content.ok && content.value.kind === "one");
    const trust = new TrustBundles();
    trust.replace("test", new Map([["cluster.local", content.value.bundle]]));
    const reader = readerOf(trust);
    const impostor = reader.read(GATEWAY, forward(mintSvid(GATEWAY, mintRoot("cluster.local"))));
    assert.equal(reader.readForwarded(impostor, `By=${GATEWAY};URI=${WEB}`), impostor);
  });
});
