import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  CidrSet,
  formatCidr,
  hostCidr,
  parseAddress,
  parseCidr,
  parseCidrMasked,
} from "../../src/net/index.ts";
import { crowdedCidr } from "./arbitraries.ts";

describe("parseCidr()", () => {
  const accepted: readonly { text: string; canonical: string }[] = [
    { text: "10.0.0.0/8", canonical: "10.0.0.0/8" },
    { text: "0.0.0.0/0", canonical: "0.0.0.0/0" },
    { text: "10.0.0.7/32", canonical: "10.0.0.7/32" },
    { text: "::/0", canonical: "::/0" },
    { text: "FD00::/8", canonical: "fd00::/8" },
    { text: "fd00::7/128", canonical: "fd00::7/128" },
    { text: "::ffff:10.0.0.0/104", canonical: "10.0.0.0/8" },
    { text: "::ffff:10.0.0.7/128", canonical: "10.0.0.7/32" },
    { text: "::ffff:0:0/96", canonical: "0.0.0.0/0" },
  ];
  for (const { text, canonical } of accepted) {
    it(`accepts ${text}`, () => {
      const parsed = parseCidr(text);
      assert.ok(parsed.ok, parsed.ok ? "" : parsed.error);
      assert.equal(formatCidr(parsed.value), canonical);
    });
  }

  const refused: readonly { text: string; error: RegExp }[] = [
    { text: "10.0.0.7", error: /no prefix length: write `10\.0\.0\.7\/32`/ },
    { text: "fd00::7", error: /write `fd00::7\/128`/ },
    { text: "10.0.0.1/8", error: /past its prefix length: write `10\.0\.0\.0\/8`/ },
    { text: "10.0.0.1/31", error: /write `10\.0\.0\.0\/31`/ },
    { text: "0.0.0.1/0", error: /write `0\.0\.0\.0\/0`/ },
    { text: "fd00::1/64", error: /write `fd00::\/64`/ },
    { text: "::ffff:10.0.0.1/104", error: /write `10\.0\.0\.0\/8`/ },
    { text: "::ffff:10.0.0.0/95", error: /write `::fffe:0:0\/95`/ },
    { text: "10.0.0.0/33", error: /from 0 to 32/ },
    { text: "::/129", error: /from 0 to 128/ },
    { text: "10.0.0.0/", error: /from 0 to 32/ },
    { text: "10.0.0.0/08", error: /from 0 to 32/ },
    { text: "10.0.0.0/-1", error: /from 0 to 32/ },
    { text: "10.0.0.0/+8", error: /from 0 to 32/ },
    { text: "10.0.0.0/8 ", error: /from 0 to 32/ },
    { text: "10.0.0.0/8/8", error: /from 0 to 32/ },
    { text: "10.0.0.0/1e1", error: /from 0 to 32/ },
    { text: "10.0.0.0/255.0.0.0", error: /from 0 to 32/ },
    { text: "010.0.0.0/8", error: /not an IP address/ },
    { text: "10/8", error: /not an IP address/ },
    { text: "/8", error: /not an IP address/ },
    { text: "", error: /not an IP address/ },
    { text: "fe80::%eth0/64", error: /not an IP address/ },
    { text: "1".repeat(10_000), error: /^`1{49}…` is too long/ },
  ];
  for (const { text, error } of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))}`, () => {
      const parsed = parseCidr(text);
      assert.ok(!parsed.ok, "it was accepted");
      assert.match(parsed.error, error);
    });
  }
});

describe("parseCidrMasked()", () => {
  const accepted: readonly { text: string; canonical: string }[] = [
    { text: "10.1.2.3/8", canonical: "10.0.0.0/8" },
    { text: "10.1.2.3", canonical: "10.1.2.3/32" },
    { text: "255.255.255.255/1", canonical: "128.0.0.0/1" },
    { text: "1.2.3.4/0", canonical: "0.0.0.0/0" },
    { text: "fd00::1:2:3", canonical: "fd00::1:2:3/128" },
    { text: "ffff:ffff:ffff:ffff::1/33", canonical: "ffff:ffff:8000::/33" },
    { text: "::ffff:1.2.3.4", canonical: "1.2.3.4/32" },
    { text: "::ffff:1.2.3.4/64", canonical: "::/64" },
  ];
  for (const { text, canonical } of accepted) {
    it(`accepts ${text}`, () => {
      const parsed = parseCidrMasked(text);
      assert.ok(parsed.ok, parsed.ok ? "" : parsed.error);
      assert.equal(formatCidr(parsed.value), canonical);
    });
  }

  for (const text of ["", "10.0.0.0/33", "10.0.0.0/", "::/129", "1.2.3/8", "x", "2".repeat(500)]) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))}`, () => assert.equal(parseCidrMasked(text).ok, false));
  }
});

describe("Cidr", () => {
  it("formats and parses back to itself", () => {
    fc.assert(
      fc.property(crowdedCidr, (cidr) => {
        const parsed = parseCidr(formatCidr(cidr));
        assert.deepEqual(parsed, { ok: true, value: cidr });
      }),
    );
  });

  it("of a host holds that address alone", () => {
    for (const [text, before, after] of [
      ["10.0.0.7", "10.0.0.6", "10.0.0.8"],
      ["fd00::7", "fd00::6", "fd00::8"],
    ] as const) {
      const host = parseAddress(text);
      assert.ok(host);
      const set = CidrSet.of([hostCidr(host)]);
      assert.deepEqual(
        [text, before, after].map((each) => contains(set, each)),
        [true, false, false],
      );
    }
  });
});

function contains(set: CidrSet, text: string): boolean {
  const found = parseAddress(text);
  assert.ok(found);
  return set.has(found.family, found.w0, found.w1, found.w2, found.w3);
}
