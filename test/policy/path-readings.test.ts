import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  encodeRulePath,
  foldTrailingSlash,
  hasReadings,
  isPlainPath,
  PROFILE_READINGS,
  pathEnd,
  readPath,
  readReference,
} from "../../src/policy/path-readings.ts";
import { runSettings } from "../support/runs.ts";

function bytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

describe("readReference()", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["/", "/"],
    ["/a/", "/a"],
    ["/a//b", "/a/b"],
    ["/a/./b/../c", "/a/c"],
    ["/../..", "/"],
    ["//evil/x", "/evil/x"],
    ["/a%2Fb", "/a/b"],
    ["/a%5cb", "/a/b"],
    ["/a\\b", "/a/b"],
    ["/%2e%2e/x", "/x"],
    ["/a;x=1/b;y", "/a/b"],
    ["/;x/admin", "/admin"],
    ["/a/..;/b", "/b"],
    ["/a/..%3Bx/b", "/b"],
    ["/a%3bx/b", "/a/b"],
    ["/a/b?c=/../d", "/a/b"],
    ["/a/b#c", "/a/b"],
    ["/%61dmin", "/admin"],
    ["/a%25", "/a%"],
    ["/a%2525", "/a%25"],
    ["/a%3Fb", "/a?b"],
    ["/a%23b", "/a#b"],
    ["/a%20b", "/a b"],
    ["/a+b", "/a+b"],
    ["/A", "/A"],
    ["/a/...", "/a/..."],
    ["/a%C3%A9", bytes("/aé")],
    ["/a%0Ab", "/a\nb"],
    ["/a%252e", undefined],
    ["/a%252Fb", undefined],
    ["/a%255Cb", undefined],
    ["/a%zz", undefined],
    ["/a%", undefined],
    ["/a%2", undefined],
    ["/a%00", undefined],
    ["/a\0", undefined],
    ["*", undefined],
    ["", undefined],
    ["?x", undefined],
    ["a/b", undefined],
    [`/%${"a".repeat(8_192)}`, undefined],
  ];
  for (const [path, want] of cases) {
    it(`reads ${JSON.stringify(path.slice(0, 40))} as ${JSON.stringify(want)}`, () => {
      assert.equal(readReference(path), want);
    });
  }
});

describe("readPath()", () => {
  const cases: readonly {
    readonly path: string;
    readonly merged: string;
    readonly decoded: string;
    readonly servlet: string;
    readonly reference: string;
  }[] = [
    { path: "/a", merged: "/a", decoded: "/a", servlet: "/a", reference: "/a" },
    { path: "/a/", merged: "/a/", decoded: "/a/", servlet: "/a/", reference: "/a" },
    { path: "/", merged: "/", decoded: "/", servlet: "/", reference: "/" },
    { path: "//", merged: "/", decoded: "/", servlet: "/", reference: "/" },
    { path: "/a//b", merged: "/a/b", decoded: "/a/b", servlet: "/a/b", reference: "/a/b" },
    // RFC 3986 takes an empty segment for a segment; who merges first goes one up further.
    { path: "/a//../b", merged: "/a/b", decoded: "/b", servlet: "/b", reference: "/b" },
    { path: "/a/..", merged: "/", decoded: "/", servlet: "/", reference: "/" },
    { path: "/a/b/..", merged: "/a/", decoded: "/a/", servlet: "/a/", reference: "/a" },
    { path: "/a/.", merged: "/a/", decoded: "/a/", servlet: "/a/", reference: "/a" },
    { path: "/%61%2d%7E", merged: "/a-~", decoded: "/a-~", servlet: "/a-~", reference: "/a-~" },
    { path: "/a%2fb", merged: "/a%2Fb", decoded: "/a/b", servlet: "/a/b", reference: "/a/b" },
    { path: "/%2e%2e/x", merged: "/x", decoded: "/x", servlet: "/x", reference: "/x" },
    { path: "/s/..%2fp", merged: "/s/..%2Fp", decoded: "/p", servlet: "/p", reference: "/p" },
    { path: "/s/..\\p", merged: "/s/..\\p", decoded: "/p", servlet: "/p", reference: "/p" },
    { path: "/s/..;/p", merged: "/s/..;/p", decoded: "/s/..;/p", servlet: "/p", reference: "/p" },
    { path: "/a;x/b", merged: "/a;x/b", decoded: "/a;x/b", servlet: "/a/b", reference: "/a/b" },
    { path: "/a%3bx/b", merged: "/a%3Bx/b", decoded: "/a;x/b", servlet: "/a;x/b", reference: "/a/b" },
    { path: "/a%20b", merged: "/a%20b", decoded: "/a b", servlet: "/a b", reference: "/a b" },
  ];
  for (const { path, ...wants } of cases) {
    it(`reads ${path}`, () => {
      assert.ok(hasReadings(path));
      assert.equal(readPath(path, "literal"), path);
      for (const [reading, want] of Object.entries(wants)) {
        assert.equal(readPath(path, reading as keyof typeof wants), want, reading);
      }
    });
  }
});

describe("hasReadings()", () => {
  const cases = [
    { path: "/", want: true },
    { path: "/a%25", want: true },
    { path: "/a%20b", want: true },
    { path: "/ünï", want: true },
    { path: `/${"%61".repeat(2_730)}a`, want: true }, // 8,192 bytes
    { path: `/${"%61".repeat(21_845)}a`, want: false },
    { path: "", want: false },
    { path: "*", want: false },
    { path: "host:443", want: false },
    { path: "%2Fa", want: false },
    { path: "/a\x1f", want: false },
    { path: "/a\x20", want: true },
    { path: "/a\x7f", want: false },
    { path: "/a%1F", want: false },
    { path: "/a%7f", want: false },
    { path: "/a%00b", want: false },
    { path: "/a%", want: false },
    { path: "/a%2", want: false },
    { path: "/a%g0", want: false },
    { path: "/a%252f", want: false },
    { path: "/a%252E", want: false },
    { path: "/a%255c", want: false },
    { path: "/a%253B", want: true },
  ];
  for (const { path, want } of cases) {
    it(`${want ? "finds" : "refuses"} ${JSON.stringify(path.slice(0, 30))}`, () => {
      assert.equal(hasReadings(bytes(path)), want);
    });
  }
});

describe("isPlainPath()", () => {
  const cases = [
    { path: "/", want: true },
    { path: "/a", want: true },
    { path: "/a/", want: true },
    { path: "/a-Z_0~!$&'()*+,:@=.b/c", want: true },
    { path: "/...", want: true },
    { path: "/.a", want: true },
    { path: "/a?b=%00", want: true },
    { path: "/a#%", want: true },
    { path: "", want: false },
    { path: "a", want: false },
    { path: "//", want: false },
    { path: "/a//b", want: false },
    { path: "/.", want: false },
    { path: "/..", want: false },
    { path: "/./a", want: false },
    { path: "/a/../b", want: false },
    { path: "/a;b", want: false },
    { path: "/a%62", want: false },
    { path: "/a b", want: false },
    { path: "/a\\b", want: false },
    { path: "/é", want: false },
    { path: "/a\0", want: false },
    { path: '/a"', want: false },
  ];
  for (const { path, want } of cases) {
    it(`${want ? "takes" : "refuses"} ${JSON.stringify(path)}`, () => {
      const text = bytes(path);
      assert.equal(isPlainPath(text, pathEnd(text)), want);
    });
  }

  it("is right that all readings of a plain path agree but for the trailing slash", () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9\-_~!$&'()*+,:@=.]{0,3}$/);
    const path = fc
      .array(segment, { minLength: 1, maxLength: 5 })
      .map((segments) => `/${segments.join("/")}`);
    fc.assert(
      fc.property(path, (text) => {
        fc.pre(isPlainPath(text, text.length));
        assert.ok(hasReadings(text));
        for (const reading of PROFILE_READINGS.any) {
          assert.equal(foldTrailingSlash(readPath(text, reading)), foldTrailingSlash(text), reading);
        }
        assert.equal(readReference(text), foldTrailingSlash(text));
      }),
      runSettings(1 / 8),
    );
  });
});

describe("encodeRulePath()", () => {
  const cases = [
    { text: "/a", want: "/a" },
    { text: "/é", want: "/%C3%A9" },
    { text: "/a?b", want: "/a" },
    { text: "/a b", want: "/a b" },
    { text: "/a%2f", want: "/a%2f" },
  ];
  for (const { text, want } of cases) {
    it(`writes ${text} as ${want}`, () => assert.equal(encodeRulePath(text), want));
  }
});
