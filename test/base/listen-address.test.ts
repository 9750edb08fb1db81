import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatListenAddress, isLocalAddress, parseListenAddress } from "../../src/base/listen-address.ts";

describe("parseListenAddress()", () => {
  const good = [
    "unix:/var/run/ephor/ext_authz.sock",
    "unix:here.sock",
    "127.0.0.1:9191",
    "localhost:0",
    "[::1]:65535",
  ];
  for (const text of good) {
    it(`reads ${text} and writes it back`, () => {
      const parsed = parseListenAddress(text);
      assert.ok(parsed.ok);
      assert.equal(formatListenAddress(parsed.value), text);
    });
  }

  const bad = [
    ["", "empty"],
    ["unix:", "no path"],
    ["unix:/a\0b", "NUL in a path"],
    [`unix:/${"x".repeat(103)}`, "a path longer than a socket address holds"],
    ["9191", "no host"],
    ["127.0.0.1", "no port"],
    ["127.0.0.1:65536", "port past the last"],
    ["127.0.0.1:-1", "negative port"],
    ["::1:9191", "IPv6 without brackets"],
    ["http://127.0.0.1:1", "a URL"],
  ] as const;
  for (const [text, why] of bad) {
    it(`refuses ${why}`, () => assert.equal(parseListenAddress(text).ok, false));
  }

  it("takes a path of exactly the longest length", () => {
    assert.ok(parseListenAddress(`unix:/${"x".repeat(102)}`).ok);
  });
});

describe("isLocalAddress()", () => {
  const cases = [
    { text: "unix:/a", want: true },
    { text: "127.0.0.1:1", want: true },
    { text: "127.8.9.10:1", want: true },
    { text: "localhost:1", want: true },
    { text: "[::1]:1", want: true },
    { text: "0.0.0.0:1", want: false },
    { text: "10.0.0.1:1", want: false },
    { text: "[::]:1", want: false },
    { text: "[::11]:1", want: false },
    { text: "127.0.0.1.example.com:1", want: false },
  ];
  for (const { text, want } of cases) {
    it(`${text} is ${want ? "" : "not "}local`, () => {
      const parsed = parseListenAddress(text);
      assert.ok(parsed.ok);
      assert.equal(isLocalAddress(parsed.value), want);
    });
  }
});
