import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseTimeout, readGrpcCall } from "../../src/http2/grpc-call.ts";
import { HeadReader, type RequestHead } from "../../src/http2/request-head.ts";

type Fields = readonly (readonly [name: string, value: string])[];

const USUAL: Fields = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/a.B/C"],
  [":authority", "x"],
];

function read(fields: Fields): RequestHead | undefined {
  const reader = new HeadReader();
  reader.reset("request");
  for (const [name, value] of fields) reader.header(name, value);
  return reader.finish();
}

describe("a request's head", () => {
  const good: readonly (readonly [what: string, fields: Fields])[] = [
    ["the usual fields", USUAL],
    ["no authority", USUAL.slice(0, 3)],
    ["te: trailers", [...USUAL, ["te", "trailers"]]],
    ["a name of every character that is allowed", [...USUAL, ["!#$%&'*+-.^_`|~09az", "x"]]],
    ["an empty value", [...USUAL, ["a", ""]]],
    ["a value with blanks within and bytes above ASCII", [...USUAL, ["a", "b \t\xff c"]]],
    [
      "OPTIONS *",
      [
        [":method", "OPTIONS"],
        [":scheme", "http"],
        [":path", "*"],
      ],
    ],
    [
      "CONNECT without scheme and path",
      [
        [":method", "CONNECT"],
        [":authority", "x:1"],
      ],
    ],
    ["one length twice", [...USUAL, ["content-length", "5"], ["content-length", "5"]]],
  ];
  for (const [what, fields] of good) {
    it(`is good with ${what}`, () => assert.notEqual(read(fields), undefined));
  }

  const malformed: readonly (readonly [what: string, fields: Fields])[] = [
    ["no method", USUAL.slice(1)],
    ["no scheme", [USUAL[0]!, USUAL[2]!]],
    ["no path", USUAL.slice(0, 2)],
    ["nothing", []],
    ["an empty path", [USUAL[0]!, USUAL[1]!, [":path", ""]]],
    ["a path without a slash", [USUAL[0]!, USUAL[1]!, [":path", "a"]]],
    ["the method twice", [USUAL[0]!, ...USUAL]],
    ["a pseudo-header field after another", [...USUAL.slice(0, 3), ["a", "b"], USUAL[3]!]],
    ["a pseudo-header field of responses", [...USUAL, [":status", "200"]]],
    ["an unknown pseudo-header field", [...USUAL, [":protocol", "websocket"]]],
    [
      "CONNECT with a path",
      [
        [":method", "CONNECT"],
        [":path", "/"],
      ],
    ],
    ["a capital letter in a name", [...USUAL, ["A", "b"]]],
    ["an empty name", [...USUAL, ["", "b"]]],
    ["a blank in a name", [...USUAL, ["a b", "c"]]],
    ["a byte above ASCII in a name", [...USUAL, ["\xe4", "c"]]],
    ["a line end in a value", [...USUAL, ["a", "b\nc"]]],
    ["a carriage return in a pseudo-header field", [USUAL[0]!, USUAL[1]!, [":path", "/\r"]]],
    ["a zero byte in a value", [...USUAL, ["a", "b\0"]]],
    ["a blank before a value", [...USUAL, ["a", " b"]]],
    ["a tab after a value", [...USUAL, ["a", "b\t"]]],
    ["a length that is no number", [...USUAL, ["content-length", "+5"]]],
    ["an empty length", [...USUAL, ["content-length", ""]]],
    ["two lengths", [...USUAL, ["content-length", "5"], ["content-length", "6"]]],
    ["te: gzip", [...USUAL, ["te", "gzip"]]],
    ...["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"].map(
      (name) => [name, [...USUAL, [name, "x"]]] as const,
    ),
  ];
  for (const [what, fields] of malformed) {
    it(`is malformed with ${what}`, () => assert.equal(read(fields), undefined));
  }

  it("joins the values of a name, and tells the body's length", () => {
    const head = read([...USUAL, ["a", "1"], ["b", "2"], ["a", "3"], ["content-length", "42"]]);
    assert.deepEqual([head?.fields.get("a"), head?.fields.get("b"), head?.bodyBytes], ["1, 3", "2", 42]);
    assert.equal(read(USUAL)?.bodyBytes, -1);
  });

  it("leaves nothing of the one before", () => {
    const reader = new HeadReader();
    reader.reset("request");
    for (const [name, value] of [...USUAL, ["a", "b"], ["A", "c"]] as const) reader.header(name, value);
    assert.equal(reader.finish(), undefined);
    reader.reset("request");
    for (const [name, value] of USUAL) reader.header(name, value);
    assert.deepEqual(reader.finish()?.fields.size, 0);
  });
});

describe("a call's head", () => {
  const methods = new Map([["/a.B/C", { handle: () => Buffer.alloc(0) }]]);
  const call = (fields: Fields) => {
    const head = read(fields);
    assert.ok(head !== undefined);
    return readGrpcCall(head, methods);
  };

  for (const type of ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"]) {
    it(`is one with content-type ${type}`, () => {
      assert.notEqual(call([...USUAL, ["content-type", type]]).method, undefined);
    });
  }

  const refused: readonly (readonly [what: string, fields: Fields])[] = [
    ["another content-type", [...USUAL, ["content-type", "application/grpc-web"]]],
    ["a content-type in capitals", [...USUAL, ["content-type", "Application/GRPC"]]],
    ["no content-type", USUAL],
    ["GET", [[":method", "GET"], ...USUAL.slice(1), ["content-type", "application/grpc"]]],
    ["an unknown method", [...USUAL.slice(0, 2), [":path", "/a.B/D"], ["content-type", "application/grpc"]]],
    ["a malformed timeout", [...USUAL, ["content-type", "application/grpc"], ["grpc-timeout", "1"]]],
  ];
  for (const [what, fields] of refused) {
    it(`is refused with ${what}`, () => assert.equal(call(fields).method, undefined));
  }

  const timeouts = [
    [undefined, Infinity],
    ["200m", 200],
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3_000],
    ["5000u", 5],
    ["99999999n", 99.999999],
    ["0m", 0],
  ] as const;
  for (const [text, want] of timeouts) {
    it(`reads the timeout ${text}`, () =>
      assert.ok(Math.abs((parseTimeout(text) ?? NaN) - want) < 1e-9 || parseTimeout(text) === want));
  }

  for (const text of ["", "m", "100000000m", "1", "1s", "-1m", "1.5S", "1 m", " 1m", "0x1m"]) {
    it(`takes no timeout ${JSON.stringify(text)}`, () => assert.equal(parseTimeout(text), undefined));
  }
});
