import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { HpackDecoder } from "../../src/http2/hpack-decoder.ts";
import { encodeHeaders } from "../../src/http2/hpack-encoder.ts";
import { HpackReader, integerBytes, writeInteger } from "../../src/http2/hpack-integer.ts";
import { runSettings } from "../support/runs.ts";
import { field } from "./generate-fields.ts";
import { decodeBlock, type Field, hex, USUAL_LIMITS } from "./hpack-blocks.ts";

describe("encodeHeaders()", () => {
  const cases: readonly { name: string; fields: readonly Field[]; block: string }[] = [
    { name: "no fields", fields: [], block: "" },
    { name: "a whole field of the static table", fields: [[":status", "200"]], block: "88" },
    { name: "the static table's last entry", fields: [["www-authenticate", ""]], block: "bd" },
    {
      name: "the first of several static entries of a name",
      fields: [[":status", "302"]],
      block: "08 82 6402",
    },
    { name: "a static name past the prefix", fields: [["via", "~"]], block: "0f2d 01 7e" },
    { name: "text that Huffman's code doesn't shorten", fields: [["~", "~"]], block: "00 01 7e 01 7e" },
    { name: "text that it does", fields: [["000", "00"]], block: "00 82 0001 02 3030" },
    { name: "empty strings", fields: [["", ""]], block: "00 00 00" },
    { name: "a gRPC status", fields: [["grpc-status", "0"]], block: "00 88 9aca c8b2 1234 da8f 01 30" },
  ];
  for (const { name, fields, block } of cases) {
    it(`encodes ${name}`, () => assert.deepEqual(encodeHeaders(fields), hex(block)));
  }

  it("refuses a character that is no byte", () => {
    assert.throws(() => encodeHeaders([["a", "\u0100"]]), /latin1/);
    assert.throws(() => encodeHeaders([["\u0100", "a"]]), /latin1/);
    assert.equal(encodeHeaders([["a", "\xff"]]).length, 5);
  });

  it("is undone by the decoder and leaves its table as it is", () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 12 }), (fields) => {
        const decoder = new HpackDecoder({ ...USUAL_LIMITS, listBytesMax: 1_000_000 });
        assert.deepEqual(decodeBlock(decoder, encodeHeaders(fields)), { status: "ok", fields });
        assert.equal(decoder.revision, 0);
      }),
      runSettings(1 / 4),
    );
  });
});

describe("integers", () => {
  it("are read as they were written, over all prefixes", () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 2 ** 35 - 1 }));
    fc.assert(
      fc.property(value, fc.integer({ min: 1, max: 8 }), (number, prefixBits) => {
        const prefixMask = 2 ** prefixBits - 1;
        const into = new Uint8Array(integerBytes(number, prefixMask));
        assert.equal(writeInteger(number, prefixMask, 0, into, 0), into.length);
        const reader = new HpackReader();
        reader.reset(into, 0, into.length);
        assert.equal(reader.integer(prefixMask), number);
        assert.equal(reader.at, into.length);
      }),
      runSettings(1 / 4),
    );
  });
});
