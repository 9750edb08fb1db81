import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { PortSet, protocolName, protocolNumber } from "../../src/net/index.ts";

type Ranges = readonly { first: number; last: number }[];

describe("PortSet", () => {
  const cases: readonly { name: string; ranges: Ranges; merged: Ranges }[] = [
    { name: "nothing", ranges: [], merged: [] },
    { name: "one port", ranges: [{ first: 80, last: 80 }], merged: [{ first: 80, last: 80 }] },
    {
      name: "sorts",
      ranges: [
        { first: 90, last: 91 },
        { first: 80, last: 81 },
      ],
      merged: [
        { first: 80, last: 81 },
        { first: 90, last: 91 },
      ],
    },
    {
      name: "merges what overlaps",
      ranges: [
        { first: 80, last: 90 },
        { first: 85, last: 86 },
        { first: 88, last: 95 },
      ],
      merged: [{ first: 80, last: 95 }],
    },
    {
      name: "merges what touches",
      ranges: [
        { first: 80, last: 81 },
        { first: 82, last: 83 },
      ],
      merged: [{ first: 80, last: 83 }],
    },
    {
      name: "keeps what doesn't touch",
      ranges: [
        { first: 80, last: 81 },
        { first: 83, last: 83 },
      ],
      merged: [
        { first: 80, last: 81 },
        { first: 83, last: 83 },
      ],
    },
    { name: "drops backward ranges", ranges: [{ first: 81, last: 80 }], merged: [] },
    { name: "cuts off below 0", ranges: [{ first: -5, last: 3 }], merged: [{ first: 0, last: 3 }] },
    {
      name: "cuts off above 65535",
      ranges: [{ first: 65_535, last: 70_000 }],
      merged: [{ first: 65_535, last: 65_535 }],
    },
    { name: "drops what lies outside", ranges: [{ first: 65_536, last: 70_000 }], merged: [] },
  ];
  for (const { name, ranges, merged } of cases) {
    it(name, () => assert.deepEqual(PortSet.of(ranges).ranges, merged));
  }

  it("knows both sides of both edges", () => {
    const set = PortSet.of([
      { first: 80, last: 90 },
      { first: 0, last: 0 },
      { first: 65_535, last: 65_535 },
    ]);
    const ports = [-1, 0, 1, 79, 80, 90, 91, 65_534, 65_535, 65_536];
    assert.deepEqual(
      ports.map((port) => set.has(port)),
      [false, true, false, false, true, true, false, false, true, false],
    );
    assert.equal(PortSet.of([]).has(0), false);
  });

  it("agrees with a linear scan, and leaves its argument alone", () => {
    const port = fc.integer({ min: -2, max: 40 });
    const range = fc.record({ first: port, last: port }, { noNullPrototype: true });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 8 }), port, (ranges, probe) => {
        const before = structuredClone(ranges);
        const scan = probe >= 0 && ranges.some(({ first, last }) => first <= probe && probe <= last);
        assert.equal(PortSet.of(ranges).has(probe), scan);
        assert.deepEqual(ranges, before);
      }),
    );
  });
});

describe("protocolNumber() and protocolName()", () => {
  const known: readonly (readonly [string, number])[] = [
    ["icmp", 1],
    ["tcp", 6],
    ["udp", 17],
    ["icmpv6", 58],
    ["sctp", 132],
    ["udplite", 136],
  ];
  for (const [name, number] of known) {
    it(name, () => {
      assert.equal(protocolNumber(name), number);
      assert.equal(protocolNumber(name.toUpperCase()), number);
      assert.equal(protocolName(number), name);
    });
  }

  it("know no others", () => {
    for (const name of ["", "6", "quic", "tcp ", "icmp6", "toString"])
      assert.equal(protocolNumber(name), undefined);
    for (const number of [0, 2, 255, -1]) assert.equal(protocolName(number), undefined);
  });
});
