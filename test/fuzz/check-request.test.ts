import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeCheckRequest } from "../../src/authz/decode-check-request.ts";
import { systemClock } from "../../src/base/clock.ts";
import { CHECK_REQUEST_MAX_BYTES } from "../../src/base/limits.ts";
import { PeerIdentityReader } from "../../src/identity/peer-identity-reader.ts";
import { Flow } from "../../src/policy/flow.ts";
import { encodeCheckRequest, socketAddress } from "../support/check-requests.ts";

const RUNS = Number(process.env.EPHOR_RUNS ?? 50_000);
const SEED = Number(process.env.EPHOR_SEED ?? Date.now() % 2 ** 31);

/** mulberry32: quick, and the same for the same seed. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const GOOD = ["v2", "v3"].flatMap((version) =>
  [
    {},
    {
      source: {
        address: socketAddress("10.1.0.7", 40_000),
        principal: "spiffe://cluster.local/ns/shop/sa/web",
      },
    },
    {
      source: { address: socketAddress("2001:db8::7", 1), principal: "CN=x", certificate: "%2D" },
      destination: {
        address: { pipe: { path: "/run/x" } },
        principal: "spiffe://cluster.local/ns/shop/sa/api",
      },
      request: {
        http: { method: "GET", path: "/v1/x?y", protocol: "HTTP/2", headers: { a: "b" }, body: "{}" },
      },
      context_extensions: { route: "main" },
    },
  ].map((attributes) => encodeCheckRequest(attributes, version as "v2" | "v3")),
);

/** A good request with bytes changed, cut out, repeated and put in, or bytes that never were one. */
function damage(random: (below: number) => number): Buffer {
  const good = GOOD[random(GOOD.length)] ?? Buffer.alloc(0);
  if (random(8) === 0) return Buffer.from(Array.from({ length: random(64) }, () => random(256)));
  let bytes = Buffer.from(good);
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(bytes.length + 1);
    switch (random(5)) {
      case 0:
        if (at < bytes.length) bytes[at] = random(256);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 2:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          bytes.subarray(Math.min(bytes.length, at + random(8))),
        ]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - random(16)))]);
        break;
      default:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from([random(256), random(256)]),
          bytes.subarray(at),
        ]);
    }
  }
  return bytes;
}

describe("decodeCheckRequest() on any bytes", () => {
  const strict = new PeerIdentityReader(systemClock, {
    trustDomains: ["cluster.local"],
    semantics: "strict",
  });
  const calico = new PeerIdentityReader(systemClock, { trustDomains: "any", semantics: "calico" });

  it(`answers true or false with a whole flow, ${RUNS} inputs from seed ${SEED}`, () => {
    const random = randomNumbers(SEED);
    const flow = new Flow();
    const shape = Object.entries(flow).map(([key, value]) => [key, typeof value]);
    let decodedCount = 0;
    for (let run = 0; run < RUNS; run++) {
      const bytes = damage(random);
      const isDecoded = decodeCheckRequest(
        bytes,
        flow,
        run % 2 === 0 ? strict : calico,
        run % 3 === 0 ? "v2" : "v3",
      );
      if (isDecoded) decodedCount++;
      const texts = flow.method.length + flow.path.length;
      assert.ok(texts <= bytes.length, bytes.toString("hex"));
      assert.ok(isDecoded || texts === 0, bytes.toString("hex"));
      assert.ok(flow.sourcePort >= -1 && flow.sourcePort <= 65_535, bytes.toString("hex"));
    }
    assert.deepEqual(
      Object.entries(flow).map(([key, value]) => [key, typeof value]),
      shape,
    );
    // Held honest: both answers must be common.
    assert.ok(
      decodedCount > RUNS / 10 && decodedCount < RUNS - RUNS / 10,
      `${decodedCount} of ${RUNS} decoded`,
    );
  });

  for (const [what, unit] of [
    ["empty attributes", "0a00"],
    ["empty sources", "0a020a00"],
    ["one-byte varints", "7801"],
    ["empty groups", "7b7c"],
    ["methods", "0a0722051203120147"],
  ] as const) {
    it(`W34: takes the largest request made of ${what} in linear time`, () => {
      const bytes = Buffer.alloc(CHECK_REQUEST_MAX_BYTES, Buffer.from(unit, "hex"));
      const whole = bytes.subarray(0, bytes.length - (bytes.length % (unit.length / 2)));
      const started = performance.now();
      assert.equal(decodeCheckRequest(whole, new Flow(), strict, "v3"), true);
      // Takes some 30 ms; quadratic time would be hours.
      assert.ok(performance.now() - started < 5_000);
    });
  }
});
