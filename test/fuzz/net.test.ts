import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  CidrSet,
  formatAddress,
  formatAddressPort,
  formatCidr,
  parseAddress,
  parseAddressPort,
  parseCidr,
  parseCidrMasked,
  readAddress,
} from "../../src/net/index.ts";
import { almostAddressText } from "../net/arbitraries.ts";

/** `EPHOR_RUNS=1000000 node --test test/fuzz/net.test.ts` for the long version. */
const numRuns = Number(process.env.EPHOR_RUNS ?? 3000);

const piece = fc.constantFrom(
  "0",
  "1",
  "9",
  "a",
  "F",
  ":",
  "::",
  ".",
  "255",
  "256",
  "ffff",
  "/",
  "/8",
  "%",
  ",",
  "tcp",
  " ",
  "é",
);
const text = fc.oneof(
  fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join("")),
  fc
    .tuple(
      almostAddressText,
      fc.constantFrom("", "/0", "/8", "/32", "/33", "/128", "/129", ",tcp:80", ",udp:x", ",99:9"),
    )
    .map(([address, rest]) => address + rest),
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.tuple(piece, fc.nat(100_000)).map(([repeated, count]) => repeated.repeat(count)),
);

describe("any text as an address, a CIDR or a set member", () => {
  it("is refused, or is a value whose canonical text is the same value", () => {
    fc.assert(
      fc.property(text, (given) => {
        const address = parseAddress(given);
        if (address !== undefined) assert.deepEqual(parseAddress(formatAddress(address)), address);
        const cidr = parseCidrMasked(given);
        if (cidr.ok) {
          assert.deepEqual(parseCidr(formatCidr(cidr.value)), cidr);
          const set = CidrSet.of([cidr.value]);
          const { family, w0, w1, w2, w3 } = cidr.value.address;
          assert.ok(set.has(family, w0, w1, w2, w3));
        } else {
          assert.ok(cidr.error.length < 200);
        }
        const strict = parseCidr(given);
        if (strict.ok) assert.deepEqual(strict, cidr);
        else assert.ok(strict.error.length < 200);
        const member = parseAddressPort(given);
        if (member.ok) assert.deepEqual(parseAddressPort(formatAddressPort(member.value)), member);
        else assert.ok(member.error.length < 200);
      }),
      { numRuns },
    );
  });
});

describe("any bytes as an address", () => {
  it("are read without looking past the end", () => {
    const words = new Uint32Array(4);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        text,
        fc.nat(60),
        fc.nat(60),
        (random, given, from, count) => {
          for (const bytes of [random, new TextEncoder().encode(given.slice(0, 60))]) {
            const start = Math.min(from, bytes.length);
            const end = Math.min(start + count, bytes.length);
            const family = readAddress(bytes, start, end, words);
            const alone = parseAddress(String.fromCharCode(...bytes.subarray(start, end)));
            assert.equal(family, alone?.family ?? 0);
          }
        },
      ),
      { numRuns },
    );
  });
});
