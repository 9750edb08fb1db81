import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isTrustDomain, parseSpiffeId } from "../../src/identity/spiffe-id.ts";

const longest = `spiffe://td/${"a".repeat(2_048 - "spiffe://td/".length)}`;

describe("parseSpiffeId()", () => {
  const accepted: readonly (readonly [text: string, trustDomain: string, path: string])[] = [
    ["spiffe://cluster.local/ns/shop/sa/web", "cluster.local", "/ns/shop/sa/web"],
    ["spiffe://td", "td", ""],
    ["spiffe://td/A-Z_a.z0", "td", "/A-Z_a.z0"],
    ["spiffe://a_b-c.0/x", "a_b-c.0", "/x"],
    ["spiffe://td/.../..a/a../.a/a.", "td", "/.../..a/a../.a/a."],
    ["spiffe://1.2.3.4/x", "1.2.3.4", "/x"],
    [`spiffe://${"t".repeat(255)}/x`, "t".repeat(255), "/x"],
    [longest, "td", longest.slice("spiffe://td".length)],
  ];
  for (const [text, trustDomain, path] of accepted) {
    it(`accepts ${text.slice(0, 60)}`, () => {
      assert.deepEqual(parseSpiffeId(text), { ok: true, value: { text, trustDomain, path } });
    });
  }

  const refused: readonly (readonly [why: string, text: string])[] = [
    ["an empty text", ""],
    ["no scheme", "cluster.local/ns/shop/sa/web"],
    ["another scheme", "https://td/x"],
    ["a scheme in capitals", "SPIFFE://td/x"],
    ["one slash after the scheme", "spiffe:/td/x"],
    ["space before it", " spiffe://td/x"],
    ["no trust domain", "spiffe://"],
    ["no trust domain before a path", "spiffe:///ns/shop"],
    ["capitals in the trust domain", "spiffe://TD/x"],
    ["a port", "spiffe://td:443/x"],
    ["user information", "spiffe://user@td/x"],
    ["user and password", "spiffe://user:pass@td/x"],
    ["an IPv6 address as trust domain", "spiffe://[::1]/x"],
    ["percent-encoding in the trust domain", "spiffe://t%64/x"],
    ["percent-encoding in the path", "spiffe://td/%61"],
    ["a query", "spiffe://td/x?y"],
    ["a query without a path", "spiffe://td?y"],
    ["an empty query", "spiffe://td/x?"],
    ["a fragment", "spiffe://td/x#y"],
    ["a fragment without a path", "spiffe://td#y"],
    ["a closing slash", "spiffe://td/x/"],
    ["a path of one slash", "spiffe://td/"],
    ["an empty segment", "spiffe://td/x//y"],
    ["an empty first segment", "spiffe://td//x"],
    ["a dot segment", "spiffe://td/x/./y"],
    ["a closing dot segment", "spiffe://td/x/."],
    ["a first dot segment", "spiffe://td/./x"],
    ["a double-dot segment", "spiffe://td/x/../y"],
    ["a closing double-dot segment", "spiffe://td/x/.."],
    ["a backslash", "spiffe://td/x\\y"],
    ["a newline", "spiffe://td/x\n"],
    ["a NUL", "spiffe://td/x\0"],
    ["a letter outside ASCII", "spiffe://td/é"],
    ["a trust domain outside ASCII", "spiffe://tđ/x"],
    ["a matrix parameter", "spiffe://td/x;v=1"],
    ["a tilde", "spiffe://td/~x"],
    ["a trust domain of 256 bytes", `spiffe://${"t".repeat(256)}/x`],
    ["2,049 bytes", `${longest}a`],
  ];
  for (const [why, text] of refused) {
    it(`refuses ${why}`, () => assert.equal(parseSpiffeId(text).ok, false));
  }

  it("agrees with the standard's grammar, and never throws, on texts near the border", () => {
    const grammar = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/;
    const piece = fc.constantFrom(
      "spiffe://",
      "td",
      "/",
      ".",
      "..",
      "a",
      "Z",
      "-",
      "_",
      "%41",
      ":",
      "@",
      "?",
      "#",
      "\n",
      "é",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), (pieces, isPrefixed) => {
        const text = (isPrefixed ? "spiffe://td" : "") + pieces.join("");
        assert.equal(parseSpiffeId(text).ok, grammar.test(text) && !/\n/.test(text), JSON.stringify(text));
      }),
      { numRuns: Number(process.env.EPHOR_RUNS ?? 2_000) },
    );
  });
});

describe("isTrustDomain()", () => {
  for (const name of ["cluster.local", "td", "a_b"])
    it(`takes ${name}`, () => assert.ok(isTrustDomain(name)));
  for (const name of ["", "Cluster.Local", "td/", "*", "spiffe://td"]) {
    it(`refuses ${JSON.stringify(name)}`, () => assert.ok(!isTrustDomain(name)));
  }
});
