import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HpackDecoder } from "../../src/http2/hpack-decoder.ts";
import { decodeBlock, decodeFirst, type Field, hex, USUAL_LIMITS, wire } from "./hpack-blocks.ts";

const A: Field = ["a", "b"]; // 34 bytes in the table
const { concat } = Buffer;

/** A literal of the name `a` with a value in Huffman's code. */
function huffman(digits: string): Buffer {
  return concat([hex("00 01 61"), wire.string(hex(digits), true)]);
}

describe("HpackDecoder.decode()", () => {
  const accepted: readonly { name: string; block: Buffer; fields: readonly Field[] }[] = [
    { name: "an empty block", block: hex(""), fields: [] },
    { name: "the static table's last entry", block: wire.indexed(61), fields: [["www-authenticate", ""]] },
    {
      name: "the dynamic table's only entry",
      block: concat([wire.inserted(...A), wire.indexed(62)]),
      fields: [A, A],
    },
    { name: "an empty name and value", block: wire.unindexed("", ""), fields: [["", ""]] },
    {
      name: "bytes beyond ASCII",
      block: wire.unindexed("a", "\xe9\xff\x00"),
      fields: [["a", "\xe9\xff\x00"]],
    },
    {
      name: "a name from the static table",
      block: wire.unindexed(61, "x"),
      fields: [["www-authenticate", "x"]],
    },
    {
      name: "a name from the dynamic table",
      block: concat([wire.inserted(...A), wire.neverIndexed(62, "c")]),
      fields: [A, ["a", "c"]],
    },
    {
      name: "two changes of the table's size",
      block: concat([wire.size(0), wire.size(4_096), wire.indexed(2)]),
      fields: [[":method", "GET"]],
    },
    { name: "a table of the announced size", block: wire.size(4_096), fields: [] },
    {
      name: "an integer of five further bytes, four of them without need",
      block: concat([hex("00 01 61"), wire.integer(127, 7, 0, 4), Buffer.alloc(127, "v")]),
      fields: [["a", "v".repeat(127)]],
    },
    { name: "a Huffman string without padding", block: huffman("00000000 00"), fields: [["a", "00000000"]] },
    {
      name: "a Huffman string with seven bits of padding",
      block: huffman("0000007f"),
      fields: [["a", "00000"]],
    },
    {
      name: "a Huffman string with a code of thirty bits",
      block: huffman("fffffff3"),
      fields: [["a", "\n"]],
    },
    { name: "an empty Huffman string", block: huffman(""), fields: [["a", ""]] },
  ];
  for (const { name, block, fields } of accepted) {
    it(`reads ${name}`, () => assert.deepEqual(decodeFirst(block), { status: "ok", fields }));
  }

  const refused: readonly { name: string; block: Buffer; fields?: readonly Field[] }[] = [
    { name: "index 0", block: hex("80") },
    { name: "an index past both tables", block: wire.indexed(62) },
    {
      name: "an index past the dynamic table's only entry",
      block: concat([wire.inserted(...A), wire.indexed(63)]),
      fields: [A],
    },
    { name: "a name past both tables", block: wire.inserted(62, "x") },
    { name: "an index far past both tables", block: wire.indexed(2 ** 35) },
    { name: "a string that is cut off", block: wire.unindexed("a", "bc").subarray(0, -1) },
    { name: "a string longer than any block", block: concat([hex("00 01 61"), wire.integer(2 ** 35, 7)]) },
    { name: "a name without a value", block: hex("00 01 61") },
    { name: "a literal's first byte alone", block: hex("40") },
    { name: "an integer that is cut off", block: hex("ff 80") },
    { name: "a prefix of all ones alone", block: hex("ff") },
    {
      name: "an integer of six further bytes",
      block: concat([hex("00 01 61"), wire.integer(127, 7, 0, 5), Buffer.alloc(127, "v")]),
    },
    {
      name: "a change of the table's size after a field",
      block: concat([wire.indexed(2), wire.size(0)]),
      fields: [[":method", "GET"]],
    },
    { name: "three changes of the table's size", block: concat([wire.size(0), wire.size(1), wire.size(2)]) },
    { name: "a table larger than announced", block: wire.size(4_097) },
    { name: "a table larger than any", block: wire.size(2 ** 35) },
    { name: "a table's size that is cut off", block: hex("3f") },
    { name: "a Huffman string with eight bits of padding", block: huffman("00000000 00ff") },
    { name: "a Huffman string of padding only", block: huffman("ff") },
    { name: "a Huffman string whose padding has a zero", block: huffman("0000007e") },
    { name: "a Huffman string with EOS", block: huffman("ffffffff") },
    { name: "a Huffman string with EOS in the middle", block: huffman("07ffffff ff00") },
    { name: "a Huffman string that ends within a code", block: huffman("ffff") },
  ];
  for (const { name, block, fields = [] } of refused) {
    it(`refuses ${name}`, () =>
      assert.deepEqual(decodeFirst(block), { status: "compression_error", fields }));
  }

  it("reads a part of the bytes and nothing around it", () => {
    const fields: Field[] = [];
    const bytes = new Uint8Array([0xff, 0x82, 0x84, 0xff]);
    const sink = { header: (name: string, value: string) => fields.push([name, value]) };
    assert.equal(new HpackDecoder(USUAL_LIMITS).decode(bytes, 1, 3, sink), "ok");
    assert.deepEqual(fields, [
      [":method", "GET"],
      [":path", "/"],
    ]);
  });
});

describe("the dynamic table", () => {
  it("keeps an entry that fits to the byte and none that is larger, which empties it", () => {
    const decoder = new HpackDecoder(USUAL_LIMITS);
    const whole = "v".repeat(256 - 32 - 1);
    decodeBlock(decoder, concat([wire.size(256), wire.inserted("n", whole)]));
    assert.deepEqual(decodeBlock(decoder, wire.indexed(62)).fields, [["n", whole]]);
    assert.equal(decodeBlock(decoder, wire.inserted("n", `${whole}v`)).status, "ok");
    assert.equal(decodeBlock(decoder, wire.indexed(62)).status, "compression_error");
  });

  it("evicts the oldest entries, as many as the new one needs room of", () => {
    const decoder = new HpackDecoder(USUAL_LIMITS);
    decodeBlock(decoder, wire.size(102)); // three entries of 34 bytes
    for (const value of ["1", "2", "3", "4"]) decodeBlock(decoder, wire.inserted("n", value));
    const held = concat([wire.indexed(62), wire.indexed(63), wire.indexed(64)]);
    assert.deepEqual(
      decodeBlock(decoder, held).fields.map(([, value]) => value),
      ["4", "3", "2"],
    );
    decodeBlock(decoder, wire.inserted("n", "55")); // 35 bytes: two go
    assert.deepEqual(decodeBlock(decoder, concat([wire.indexed(62), wire.indexed(63)])).fields, [
      ["n", "55"],
      ["n", "4"],
    ]);
    assert.equal(decodeBlock(decoder, wire.indexed(64)).status, "compression_error");
  });

  it("takes the name of an entry that the insertion itself evicts (RFC 7541, 4.4)", () => {
    const decoder = new HpackDecoder(USUAL_LIMITS);
    decodeBlock(decoder, concat([wire.size(40), wire.inserted("n", "1")]));
    assert.deepEqual(decodeBlock(decoder, concat([wire.inserted(62, "2"), wire.indexed(62)])).fields, [
      ["n", "2"],
      ["n", "2"],
    ]);
  });

  it("forgets what a smaller size has no room for, though the size grows again", () => {
    const decoder = new HpackDecoder(USUAL_LIMITS);
    decodeBlock(decoder, concat([wire.inserted("n", "1"), wire.inserted("n", "2")]));
    assert.equal(decodeBlock(decoder, concat([wire.size(34), wire.size(4_096)])).status, "ok");
    assert.deepEqual(decodeBlock(decoder, wire.indexed(62)).fields, [["n", "2"]]);
    assert.equal(decodeBlock(decoder, wire.indexed(63)).status, "compression_error");
  });

  it("starts with 4,096 bytes where more is announced, until the peer takes them", () => {
    const entry = (value: string): Buffer => wire.inserted("n".repeat(99), value.repeat(1_917)); // 2,048 bytes
    const three = concat([entry("1"), entry("2"), entry("3"), wire.indexed(64)]);
    const limits = { tableBytesMax: 8_192, listBytesMax: 65_536 };
    assert.equal(decodeFirst(three, limits).status, "compression_error");
    assert.equal(decodeFirst(concat([wire.size(6_144), three]), limits).status, "ok");
    assert.equal(decodeFirst(wire.size(8_192), limits).status, "ok");
    assert.equal(decodeFirst(wire.size(8_193), limits).status, "compression_error");
  });

  it("has a revision that changes with it and only with it", () => {
    const decoder = new HpackDecoder(USUAL_LIMITS);
    const changes = (block: Buffer): number => {
      const before = decoder.revision;
      assert.equal(decodeBlock(decoder, block).status, "ok");
      return decoder.revision - before;
    };
    assert.equal(changes(wire.indexed(2)), 0);
    assert.equal(changes(wire.unindexed("n", "1")), 0);
    assert.equal(changes(wire.inserted("n", "1")), 1);
    assert.equal(changes(wire.indexed(62)), 0);
    assert.equal(changes(wire.size(4_096)), 0);
    assert.equal(changes(wire.size(34)), 1);
    assert.equal(changes(wire.inserted("n", "2")), 2); // one goes, one comes
    assert.equal(changes(wire.inserted("n", "22")), 1); // one goes
    assert.equal(changes(wire.inserted("n", "22")), 0); // nothing to go, and no room to come
  });
});

describe("the list's limit", () => {
  const limits = { tableBytesMax: 4_096, listBytesMax: 68 };

  it("has room for fields of exactly so many bytes", () => {
    const two = concat([wire.unindexed(...A), wire.unindexed(...A)]);
    assert.deepEqual(decodeFirst(two, limits), { status: "ok", fields: [A, A] });
  });

  it("is exceeded by one byte more, and what exceeds it is not told", () => {
    const two = concat([wire.unindexed(...A), wire.unindexed("a", "bb"), wire.unindexed(...A)]);
    assert.deepEqual(decodeFirst(two, limits), { status: "list_too_large", fields: [A] });
  });

  it("does not keep a block from being processed to its end", () => {
    const decoder = new HpackDecoder(limits);
    const block = concat([wire.inserted("n", "v".repeat(60)), wire.inserted(...A)]);
    assert.deepEqual(decodeBlock(decoder, block), { status: "list_too_large", fields: [] });
    assert.deepEqual(decodeBlock(decoder, wire.indexed(62)), { status: "ok", fields: [A] });
    assert.equal(
      decodeBlock(decoder, concat([wire.inserted("n", "v".repeat(60)), hex("80")])).status,
      "compression_error",
    );
  });

  it("is exceeded by a string that is longer than it and the table, which empties the table", () => {
    for (const long of [wire.string(Buffer.alloc(4_097, "v")), wire.string(Buffer.alloc(4_100), true)]) {
      const decoder = new HpackDecoder(limits);
      decodeBlock(decoder, wire.inserted(...A));
      assert.equal(decodeBlock(decoder, concat([hex("00 01 61"), long])).status, "list_too_large");
      assert.deepEqual(decodeBlock(decoder, wire.indexed(62)).fields, [A]);
      assert.equal(decodeBlock(decoder, concat([hex("40 01 61"), long])).status, "list_too_large");
      assert.equal(decodeBlock(decoder, wire.indexed(62)).status, "compression_error");
    }
  });

  it("does not excuse a long Huffman string from being one", () => {
    const broken = Buffer.alloc(4_100);
    broken[4_099] = 0xfe;
    assert.equal(
      decodeFirst(concat([hex("00 01 61"), wire.string(broken, true)]), limits).status,
      "compression_error",
    );
  });
});
