import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type Cidr,
  CidrSet,
  formatCidr,
  type IpAddress,
  parseAddress,
  parseCidr,
} from "../../src/net/index.ts";
import { block, crowdedAddress, crowdedCidr } from "./arbitraries.ts";

describe("CidrSet of one block", () => {
  // An address with both bits in every position of every word: shifting a mask wrongly shows.
  const ipv4 = parsed("165.165.165.165");
  const ipv6 = parsed("a5a5:5a5a:a5a5:5a5a:a5a5:5a5a:a5a5:5a5a");
  for (const inside of [ipv4, ipv6]) {
    const bits = inside.family === 4 ? 32 : 128;
    for (let length = 0; length <= bits; length++) {
      it(`IPv${inside.family} /${length}: the first and last inside, the ones next to them not`, () => {
        const set = CidrSet.of([block(inside, length)]);
        const base = toBigInt(inside);
        const hostBits = BigInt(bits - length);
        const first = (base >> hostBits) << hostBits;
        const last = first + (1n << hostBits) - 1n;
        assert.ok(contains(set, inside));
        assert.ok(contains(set, fromBigInt(inside.family, first)));
        assert.ok(contains(set, fromBigInt(inside.family, last)));
        const limit = 1n << BigInt(bits);
        const outside = [first - 1n, last + 1n].filter((value) => value >= 0n && value < limit);
        assert.equal(outside.length, Math.min(length, 2));
        for (const value of outside) assert.ok(!contains(set, fromBigInt(inside.family, value)), `${value}`);
        // Turning the last bit of the prefix leaves the block.
        const turned = length === 0 ? [] : [base ^ (1n << hostBits)];
        for (const value of turned) assert.ok(!contains(set, fromBigInt(inside.family, value)));
      });
    }
  }
});

describe("CidrSet", () => {
  it("never holds an address of the other family", () => {
    const everything = (text: string): CidrSet => CidrSet.of([cidr(text)]);
    assert.ok(!contains(everything("0.0.0.0/0"), parsed("::")));
    assert.ok(!contains(everything("::/0"), parsed("0.0.0.0")));
    assert.ok(!contains(everything("10.0.0.7/32"), { family: 6, w0: 0x0a000007, w1: 0, w2: 0, w3: 0 }));
    for (const family of [0, 5, -4, 46, Number.NaN]) {
      assert.equal(everything("0.0.0.0/0").has(family, 0, 0, 0, 0), false);
      assert.equal(everything("::/0").has(family, 0, 0, 0, 0), false);
    }
  });

  it("takes words as signed or unsigned", () => {
    const set = CidrSet.of([cidr("200.0.0.1/32"), cidr("fd00::8000:1/128")]);
    assert.ok(set.has(4, 0xc8000001, 0, 0, 0));
    assert.ok(set.has(4, 0xc8000001 | 0, 0, 0, 0));
    assert.ok(set.has(6, 0xfd000000 | 0, 0, 0, 0x80000001 | 0));
    assert.ok(set.has(6, 0xfd000000, 0, 0, 0x80000001));
  });

  it("holds the address of zeros only when told to", () => {
    const others = CidrSet.of([cidr("0.0.0.1/32"), cidr("::1/128")]);
    assert.ok(!contains(others, parsed("0.0.0.0")));
    assert.ok(!contains(others, parsed("::")));
    const zeros = others.withDelta([cidr("0.0.0.0/32"), cidr("::/128")], []);
    assert.equal(zeros.size, 4);
    assert.ok(contains(zeros, parsed("0.0.0.0")) && contains(zeros, parsed("::")));
    const gone = zeros.withDelta([], [cidr("0.0.0.0/32"), cidr("::/128")]);
    assert.ok(!contains(gone, parsed("0.0.0.0")) && !contains(gone, parsed("::")));
    assert.deepEqual(texts(gone), texts(others));
  });

  it("keeps what overlaps when its cover goes", () => {
    const both = CidrSet.of([cidr("10.0.0.0/8"), cidr("10.1.0.0/16")]);
    const left = both.withDelta([], [cidr("10.0.0.0/8")]);
    assert.ok(contains(left, parsed("10.1.0.1")) && !contains(left, parsed("10.2.0.1")));
  });

  it("tells a member from what it covers", () => {
    const set = CidrSet.of([cidr("10.0.0.0/8"), cidr("fd00::/8")]);
    assert.ok(set.hasCidr(cidr("10.0.0.0/8")) && set.hasCidr(cidr("fd00::/8")));
    assert.ok(
      !set.hasCidr(cidr("10.0.0.0/9")) && !set.hasCidr(cidr("10.0.0.0/7")) && !set.hasCidr(cidr("fd00::/9")),
    );
  });

  it("is the same value after a change that changes nothing", () => {
    const set = CidrSet.of([cidr("10.0.0.0/8"), cidr("fd00::/8")]);
    assert.equal(set.withDelta([], []), set);
    assert.equal(set.withDelta([cidr("10.0.0.0/8")], []), set);
    assert.equal(set.withDelta([], [cidr("10.0.0.0/9"), cidr("::/0")]), set);
    assert.equal(CidrSet.empty.withDelta([], [cidr("10.0.0.0/8")]), CidrSet.empty);
    assert.equal(set.withDelta([], [cidr("10.0.0.0/8"), cidr("fd00::/8")]), CidrSet.empty);
  });

  it("ends up with a member that is both removed and added", () => {
    const member = cidr("10.0.0.0/8");
    assert.equal(CidrSet.of([member]).withDelta([member], [member]).hasCidr(member), true);
    assert.equal(CidrSet.empty.withDelta([member], [member]).hasCidr(member), true);
  });

  it("agrees with a linear scan after any sequence of deltas, and old versions stay as they were", () => {
    const members = fc.array(crowdedCidr, { maxLength: 12 });
    const deltas = fc.array(fc.tuple(members, members), { maxLength: 8 });
    fc.assert(
      fc.property(deltas, fc.array(crowdedAddress, { minLength: 4, maxLength: 8 }), (steps, probes) => {
        const model = new Map<string, Cidr>();
        let set = CidrSet.empty;
        const history: { version: CidrSet; texts: readonly string[] }[] = [];
        for (const [added, removed] of steps) {
          set = set.withDelta(added, removed);
          for (const each of removed) model.delete(formatCidr(each));
          for (const each of added) model.set(formatCidr(each), each);
          history.push({ version: set, texts: [...model.keys()].sort() });
          assert.equal(set.size, model.size);
          for (const probe of probes) {
            const scan = [...model.values()].some((each) => covers(each, probe));
            assert.equal(contains(set, probe), scan);
          }
        }
        for (const { version, texts: want } of history) assert.deepEqual(texts(version), want);
      }),
      { numRuns: 300 },
    );
  });

  it("agrees with a plain set while it grows over many pages and shrinks again", () => {
    let state = 42;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
      return (state >>> 8) % below;
    };
    const make = (): Cidr => {
      const w0 = random(3000) + 0x7fff_f000; // on both sides of the sign bit
      if (random(2) === 0) return { address: { family: 4, w0, w1: 0, w2: 0, w3: 0 }, length: 32 };
      return { address: { family: 6, w0: 0, w1: w0, w2: 0, w3: random(2) }, length: 128 };
    };
    const model = new Map<string, Cidr>();
    let set = CidrSet.empty;
    const sizes: number[] = [];
    for (let step = 0; step < 400; step++) {
      const growing = step % 200 < 100;
      const added = Array.from({ length: growing ? 100 : 5 }, make);
      const removed = growing ? [make()] : [...model.values()].slice(0, 150);
      set = set.withDelta(added, removed);
      for (const each of removed) model.delete(formatCidr(each));
      for (const each of added) model.set(formatCidr(each), each);
      sizes.push(set.size);
      assert.equal(set.size, model.size);
      const probe = make();
      assert.equal(set.hasCidr(probe), model.has(formatCidr(probe)));
    }
    assert.deepEqual(texts(set), [...model.keys()].sort());
    assert.ok(Math.max(...sizes) > 4000, "it grew");
    assert.ok(
      sizes.slice(100).some((size) => size < 50),
      "it shrank",
    );
  });

  it("takes 256,000 members at once, and a small change without touching them all", () => {
    const members = Array.from(
      { length: 256_000 },
      (_, index): Cidr => ({
        address: { family: 4, w0: Math.imul(index, 2_654_435_761) >>> 0, w1: 0, w2: 0, w3: 0 },
        length: 32,
      }),
    );
    const set = CidrSet.of(members);
    assert.equal(set.size, members.length);
    assert.ok(members.every((each) => contains(set, each.address)));
    const next = set.withDelta([cidr("fd00::/8")], members.slice(0, 3));
    assert.equal(next.size, members.length - 2);
    assert.equal(set.size, members.length);
    // A rebuild takes 20 ms and more; 200 changes that cost by their own size take a few.
    const startMs = performance.now();
    let version = set;
    for (const each of members.slice(0, 200)) version = version.withDelta([], [each]);
    const elapsedMs = performance.now() - startMs;
    assert.equal(version.size, members.length - 200);
    assert.ok(elapsedMs < 1000, `200 changes took ${elapsedMs} ms`);
  });
});

function parsed(text: string): IpAddress {
  const found = parseAddress(text);
  assert.ok(found, text);
  return found;
}

function cidr(text: string): Cidr {
  const found = parseCidr(text);
  assert.ok(found.ok, text);
  return found.value;
}

function contains(set: CidrSet, { family, w0, w1, w2, w3 }: IpAddress): boolean {
  return set.has(family, w0, w1, w2, w3);
}

function texts(set: CidrSet): string[] {
  return [...set.members()].map(formatCidr).sort();
}

function toBigInt({ family, w0, w1, w2, w3 }: IpAddress): bigint {
  if (family === 4) return BigInt(w0);
  return [w0, w1, w2, w3].reduce((value, word) => (value << 32n) | BigInt(word), 0n);
}

function fromBigInt(family: 4 | 6, value: bigint): IpAddress {
  const word = (shift: bigint): number => Number((value >> shift) & 0xffffffffn);
  if (family === 4) return { family, w0: word(0n), w1: 0, w2: 0, w3: 0 };
  return { family, w0: word(96n), w1: word(64n), w2: word(32n), w3: word(0n) };
}

function covers(member: Cidr, probe: IpAddress): boolean {
  if (member.address.family !== probe.family) return false;
  const hostBits = BigInt((probe.family === 4 ? 32 : 128) - member.length);
  return toBigInt(member.address) >> hostBits === toBigInt(probe) >> hostBits;
}
