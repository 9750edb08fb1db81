import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CheckHandler } from "../../src/authz/check-handler.ts";
import { decodeCheckRequest } from "../../src/authz/decode-check-request.ts";
import { OverloadGuard } from "../../src/authz/overload-guard.ts";
import { systemClock } from "../../src/base/clock.ts";
import { CHECK_REQUEST_MAX_BYTES } from "../../src/base/limits.ts";
import { PeerIdentityReader } from "../../src/identity/peer-identity-reader.ts";
import { Flow } from "../../src/policy/flow.ts";
import { SnapshotStore } from "../../src/policy/snapshot.ts";
import type { Verdict } from "../../src/policy/verdict.ts";
import { publishRules } from "../support/authz-fixture.ts";
import { decodeCheckResponse, encodeCheckRequest, socketAddress } from "../support/check-requests.ts";

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

  it(`becomes a reasoned answer, never an error, ${Math.ceil(RUNS / 10)} inputs from seed ${SEED}`, () => {
    const store = new SnapshotStore();
    publishRules(store, [
      { action: "deny", src_net: ["10.1.0.0/25"], not_src_ports: [{ first: 1, last: 1_023 }] },
      { action: "log", protocol: { name: "udp" } },
      { action: "allow", src_service_account_match: { names: ["web"] }, http_match: { methods: ["GET"] } },
      { action: "allow", http_match: { paths: [{ prefix: "/v1" }, { exact: "/" }] } },
      { action: "allow", dst_ports: [{ first: 0, last: 65_535 }], not_protocol: { number: 17 } },
    ]);
    const errors: Error[] = [];
    const reasons = new Map<string, number>();
    const guard = new OverloadGuard(systemClock, Infinity);
    const observer = {
      onDecision(verdict: Verdict) {
        const reason = verdict.allowed ? "allow" : verdict.reason;
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      },
    };
    const handler = new CheckHandler(store, strict, observer, guard, {
      denialBody: "",
      portMap: new Map(),
      onInternalError: (error) => errors.push(error),
    });
    const random = randomNumbers(SEED);
    for (let run = 0; run < Math.ceil(RUNS / 10); run++) {
      const version = run % 3 === 0 ? "v2" : "v3";
      const call = { version, httpFollows: run % 5 === 0, remainingMs: Infinity } as const;
      const bytes = damage(random);
      const { status, ok_response, denied_response } = decodeCheckResponse(
        handler.handle(bytes, call),
        version,
      );
      assert.equal(status?.code === 0, ok_response !== undefined, bytes.toString("hex"));
      assert.equal(status?.code !== 0, denied_response !== undefined, bytes.toString("hex"));
    }
    assert.deepEqual(errors, []);
    // Held honest: not one and the same answer to all.
    assert.ok(
      (reasons.get("bad_request") ?? 0) > RUNS / 100 && reasons.size >= 3,
      JSON.stringify([...reasons]),
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
