/** The examples of RFC 7541, appendix C: bytes and fields are the specification's. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HpackDecoder } from "../../src/http2/hpack-decoder.ts";
import { HpackReader, writeInteger } from "../../src/http2/hpack-integer.ts";
import { decodeBlock, decodeFirst, type Field, hex, USUAL_LIMITS, wire } from "./hpack-blocks.ts";

const REQUESTS: readonly (readonly Field[])[] = [
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
  ],
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
    ["cache-control", "no-cache"],
  ],
  [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ],
];
const COOKIE = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const RESPONSES: readonly (readonly Field[])[] = [
  [
    [":status", "302"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["location", "https://www.example.com"],
  ],
  [
    [":status", "307"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["location", "https://www.example.com"],
  ],
  [
    [":status", "200"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:22 GMT"],
    ["location", "https://www.example.com"],
    ["content-encoding", "gzip"],
    ["set-cookie", COOKIE],
  ],
];

describe("RFC 7541, C.1: integers", () => {
  const cases = [
    { value: 10, prefixMask: 0x1f, bytes: "0a" },
    { value: 1_337, prefixMask: 0x1f, bytes: "1f9a0a" },
    { value: 42, prefixMask: 0xff, bytes: "2a" },
  ];
  for (const { value, prefixMask, bytes } of cases) {
    it(`${value} after a prefix of mask ${prefixMask}`, () => {
      const reader = new HpackReader();
      reader.reset(hex(bytes), 0, bytes.length / 2);
      assert.equal(reader.integer(prefixMask), value);
      const into = new Uint8Array(bytes.length / 2);
      assert.equal(writeInteger(value, prefixMask, 0, into, 0), into.length);
      assert.deepEqual(Buffer.from(into), hex(bytes));
    });
  }
});

describe("RFC 7541, C.2: representations", () => {
  const cases: readonly { name: string; block: string; field: Field }[] = [
    {
      name: "a literal that is inserted",
      block: "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      field: ["custom-key", "custom-header"],
    },
    {
      name: "a literal without indexing",
      block: "040c 2f73 616d 706c 652f 7061 7468",
      field: [":path", "/sample/path"],
    },
    {
      name: "a literal that is never indexed",
      block: "1008 7061 7373 776f 7264 0673 6563 7265 74",
      field: ["password", "secret"],
    },
    { name: "an indexed field", block: "82", field: [":method", "GET"] },
  ];
  for (const { name, block, field } of cases) {
    it(name, () => assert.deepEqual(decodeFirst(hex(block)), { status: "ok", fields: [field] }));
  }
});

describe("RFC 7541, C.3 to C.6: sequences on one connection", () => {
  const cases = [
    {
      name: "requests without Huffman coding",
      tableBytes: 4_096,
      blocks: [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
      ],
      lists: REQUESTS,
    },
    {
      name: "requests with Huffman coding",
      tableBytes: 4_096,
      blocks: [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
      ],
      lists: REQUESTS,
    },
    {
      name: "responses without Huffman coding, with evictions",
      tableBytes: 256,
      blocks: [
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
      ],
      lists: RESPONSES,
    },
    {
      name: "responses with Huffman coding, with evictions",
      tableBytes: 256,
      blocks: [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
      ],
      lists: RESPONSES,
    },
  ];
  for (const { name, tableBytes, blocks, lists } of cases) {
    it(name, () => {
      const decoder = new HpackDecoder(USUAL_LIMITS);
      assert.deepEqual(decodeBlock(decoder, wire.size(tableBytes)), { status: "ok", fields: [] });
      for (const [at, block] of blocks.entries()) {
        assert.deepEqual(decodeBlock(decoder, hex(block)), { status: "ok", fields: lists[at] });
      }
    });
  }
});
