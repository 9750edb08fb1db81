import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  CONNECTION_BODIES_MAX_BYTES,
  CONNECTION_WINDOW_BYTES,
  HEADER_LIST_MAX_BYTES,
  RESPONSES_PENDING_MAX_BYTES,
  SERVER_BODIES_MAX_BYTES,
  STREAM_WINDOW_BYTES,
} from "../../src/base/limits.ts";
import { encodeHeaders } from "../../src/http2/hpack-encoder.ts";
import {
  bodyOn,
  ConnectionFixture,
  endedStreams,
  goAwayCode,
  requestBlock,
  resets,
} from "./connection-fixture.ts";
import { hex } from "./hpack-blocks.ts";
import { ERROR, FLAG, type Frame, frame, frames, SETTING, TYPE } from "./raw-frames.ts";

const OPEN = FLAG.endHeaders;
const END = FLAG.endStream;
const block = requestBlock("/a");
const begin = (id: number, ...more: readonly (readonly [string, string])[]): Buffer =>
  frames.headers(id, requestBlock("/a", ...more), OPEN);
const data = (id: number, text: string, flags = 0): Buffer => frames.data(id, Buffer.from(text), flags);
const windows = (said: readonly Frame[]): (readonly number[])[] =>
  said
    .filter(({ type }) => type === TYPE.windowUpdate)
    .map(({ streamId, payload }) => [streamId, payload.readUInt32BE(0)]);

describe("Connection's stream errors, which leave the connection as it is", () => {
  const cases: readonly (readonly [what: string, code: number, bytes: readonly Buffer[]])[] = [
    [
      "DATA after the request's end",
      ERROR.streamClosed,
      [frames.settings([SETTING.initialWindowSize, 0]), frames.headers(1, block), data(1, "x")],
    ],
    [
      "trailers after the request's end",
      ERROR.streamClosed,
      [
        frames.settings([SETTING.initialWindowSize, 0]),
        frames.headers(1, block),
        frames.headers(1, encodeHeaders([])),
      ],
    ],
    [
      "trailers that do not end the request",
      ERROR.protocol,
      [begin(1), frames.headers(1, encodeHeaders([["a", "b"]]), OPEN)],
    ],
    [
      "a pseudo-header field in trailers",
      ERROR.protocol,
      [begin(1), frames.headers(1, encodeHeaders([[":path", "/"]]))],
    ],
    [
      "a head without a path",
      ERROR.protocol,
      [
        frames.headers(
          1,
          encodeHeaders([
            [":method", "GET"],
            [":scheme", "http"],
          ]),
        ),
      ],
    ],
    [
      "a stream that depends on itself",
      ERROR.protocol,
      [frame(TYPE.headers, 0x25, 1, Buffer.concat([hex("00000001 00"), block]))],
    ],
    ["PRIORITY of a stream on itself", ERROR.protocol, [frames.priority(1, 1)]],
    ["PRIORITY of four bytes", ERROR.frameSize, [frame(TYPE.priority, 0, 1, Buffer.alloc(4))]],
    ["a stream's window that opens by 0", ERROR.protocol, [begin(1), frames.windowUpdate(1, 0)]],
    [
      "a stream's window over 2^31-1",
      ERROR.flowControl,
      [begin(1), frames.windowUpdate(1, 2 ** 31 - 65_535)],
    ],
    ["a body longer than announced", ERROR.protocol, [begin(1, ["content-length", "3"]), data(1, "1234")]],
    [
      "a body shorter than announced",
      ERROR.protocol,
      [begin(1, ["content-length", "3"]), data(1, "12", END)],
    ],
    [
      "no body where one was announced",
      ERROR.protocol,
      [frames.headers(1, requestBlock("/a", ["content-length", "3"]))],
    ],
    [
      "a body whose trailers come too early",
      ERROR.protocol,
      [begin(1, ["content-length", "3"]), frames.headers(1, encodeHeaders([]))],
    ],
  ];
  for (const [what, code, bytes] of cases) {
    it(what, () => {
      const fixture = ConnectionFixture.open();
      const said = fixture.send(...bytes);
      assert.deepEqual(resets(said), [`1: ${code}`]);
      assert.equal(goAwayCode(said), undefined);
      // What was on its way is passed over, and other streams go on.
      const later = fixture.send(
        data(1, "late", END),
        frames.windowUpdate(0, 1_000),
        frames.settings([SETTING.initialWindowSize, 65_535]),
        frames.headers(3, block),
      );
      assert.deepEqual([goAwayCode(later), endedStreams(later)], [undefined, [3]]);
    });
  }
});

describe("Connection's requests", () => {
  it("gives a body in one frame, in several, padded, with empty ones, and with trailers", () => {
    const fixture = ConnectionFixture.open();
    fixture.send(begin(1), data(1, "one", END));
    fixture.send(begin(3), data(3, "sev"), data(3, ""), data(3, "eral", END));
    fixture.send(begin(5), frame(TYPE.data, FLAG.padded | END, 5, hex("02 6869 0000")));
    fixture.send(begin(7), data(7, "no frame"), data(7, "", END));
    fixture.send(begin(9), data(9, "trailers"), frames.headers(9, encodeHeaders([["a", "b"]])));
    fixture.send(begin(11, ["content-length", "5"]), data(11, "12"), data(11, "345", END));
    fixture.send(frames.headers(13, block));
    assert.deepEqual(
      fixture.seen.map(({ body }) => body),
      ["one", "several", "hi", "no frame", "trailers", "12345", ""],
    );
  });

  it("keeps apart bodies that come at once", () => {
    const fixture = ConnectionFixture.open();
    const said = fixture.send(
      begin(1),
      begin(3),
      data(3, "b"),
      data(1, "a"),
      data(3, "b", END),
      data(1, "a", END),
    );
    assert.deepEqual(
      fixture.seen.map(({ body }) => body),
      ["bb", "aa"],
    );
    assert.deepEqual(endedStreams(said), [3, 1]);
  });

  it("is answered by its head where that is enough, and told to stop", () => {
    const fixture = ConnectionFixture.open();
    const said = fixture.send(frames.headers(1, requestBlock("/early"), OPEN));
    assert.deepEqual([endedStreams(said), resets(said)], [[1], [`1: ${ERROR.none}`]]);
    assert.deepEqual(fixture.send(data(1, "on its way"), data(1, "", END)), []);
    const whole = fixture.send(frames.headers(3, requestBlock("/early")));
    assert.deepEqual([endedStreams(whole), resets(whole)], [[3], []]);
    assert.deepEqual(fixture.seen, []);
  });

  it("is forgotten when its client resets it", () => {
    const fixture = ConnectionFixture.open();
    assert.deepEqual(fixture.send(begin(1), data(1, "x"), frames.rstStream(1)), []);
    assert.equal(fixture.bodies.keptBytes, 0);
    assert.equal(goAwayCode(fixture.send(data(1, "y", END))), ERROR.streamClosed);
    assert.deepEqual(fixture.seen, []);
  });

  it("is refused where there are too many, and taken again when there is room", () => {
    const fixture = ConnectionFixture.open({ streamsMax: 2 });
    const said = fixture.send(begin(1), begin(3), begin(5));
    assert.deepEqual(resets(said), [`5: ${ERROR.refusedStream}`]);
    assert.deepEqual(endedStreams(fixture.send(data(1, "", END), frames.headers(7, block))), [1, 7]);
  });

  it("knows a head that came before by its bytes, and reads one again after the table has changed", () => {
    const fixture = ConnectionFixture.open();
    // The literal puts `x: 1` into the table; the second block takes it from there.
    const literal = Buffer.concat([block, hex("40 01 78 01 31")]);
    const indexed = Buffer.concat([block, hex("be")]);
    fixture.send(frames.headers(1, literal), frames.headers(3, indexed), frames.headers(5, indexed));
    assert.equal(fixture.headsRead, 2);
    const other = Buffer.concat([block, hex("40 01 78 01 32")]);
    fixture.send(frames.headers(7, other), frames.headers(9, indexed), frames.headers(11, indexed));
    assert.equal(fixture.headsRead, 4);
    assert.equal(fixture.seen.length, 6);
  });

  it("with a head larger than announced gets what the handler has for that, and the next is read right", () => {
    const fixture = ConnectionFixture.open();
    const field = (size: number) => ["x", "v".repeat(size)] as const;
    const fits = requestBlock("/a", field(HEADER_LIST_MAX_BYTES - 33 - 42 - 43 - 38 - 16));
    assert.deepEqual(endedStreams(fixture.send(...inFrames(1, fits))), [1]);
    assert.equal(fixture.seen.length, 1);
    const large = requestBlock("/a", field(HEADER_LIST_MAX_BYTES));
    assert.deepEqual(endedStreams(fixture.send(...inFrames(3, large), frames.headers(5, block))), [3, 5]);
    assert.equal(fixture.seen.length, 2);
  });
});

/** A block in as many frames as it takes. */
function inFrames(id: number, large: Buffer): Buffer[] {
  const parts = Array.from({ length: Math.ceil(large.length / 16_384) }, (_, i) =>
    large.subarray(i * 16_384, (i + 1) * 16_384),
  );
  return parts.map((part, i) => {
    const isLast = i === parts.length - 1 ? FLAG.endHeaders : 0;
    return i === 0 ? frames.headers(id, part, END | isLast) : frames.continuation(id, part, isLast);
  });
}

describe("Connection and the client's windows", () => {
  const withWindow = (bytes: number): ConnectionFixture => {
    const fixture = ConnectionFixture.open();
    fixture.send(frames.settings([SETTING.initialWindowSize, bytes]));
    return fixture;
  };

  it("sends what they allow, and the rest as they open", () => {
    const fixture = withWindow(2);
    const first = fixture.send(frames.headers(1, block));
    assert.deepEqual([bodyOn(1, first), endedStreams(first)], ["an", []]);
    assert.equal(bodyOn(1, fixture.send(frames.windowUpdate(1, 1))), "s");
    const rest = fixture.send(frames.windowUpdate(1, 100));
    assert.deepEqual([bodyOn(1, rest), endedStreams(rest)], ["wer", [1]]);
  });

  it("sends an answer that fits to the byte at once", () => {
    assert.deepEqual(endedStreams(withWindow(6).send(frames.headers(1, block))), [1]);
    assert.deepEqual(endedStreams(withWindow(5).send(frames.headers(1, block))), []);
  });

  it("follows an initial window that changes, below zero too", () => {
    const fixture = withWindow(3);
    assert.equal(bodyOn(1, fixture.send(frames.headers(1, block))), "ans");
    assert.equal(bodyOn(1, fixture.send(frames.settings([SETTING.initialWindowSize, 1]))), "");
    assert.equal(bodyOn(1, fixture.send(frames.windowUpdate(1, 2))), "");
    assert.equal(bodyOn(1, fixture.send(frames.windowUpdate(1, 1))), "w");
    assert.equal(bodyOn(1, fixture.send(frames.settings([SETTING.initialWindowSize, 3]))), "er");
  });

  it("goes away where a change takes a window over 2^31-1", () => {
    const fixture = withWindow(0);
    fixture.send(frames.headers(1, block), begin(3), frames.windowUpdate(3, 2 ** 31 - 1));
    assert.equal(
      goAwayCode(fixture.send(frames.settings([SETTING.initialWindowSize, 1]))),
      ERROR.flowControl,
    );
  });

  it("shares the connection's window among its streams", () => {
    const fixture = ConnectionFixture.open();
    fixture.answer = Buffer.alloc(40_000, "x");
    const said = fixture.send(frames.headers(1, block), frames.headers(3, block));
    assert.deepEqual([bodyOn(1, said).length, bodyOn(3, said).length], [40_000, 25_535]);
    assert.ok(said.every(({ payload }) => payload.length <= 16_384));
    const rest = fixture.send(frames.windowUpdate(0, 14_465));
    assert.deepEqual([bodyOn(3, rest).length, endedStreams(rest)], [14_465, [3]]);
  });

  it("drops what waits for a stream that is reset", () => {
    const fixture = withWindow(0);
    fixture.send(frames.headers(1, block), frames.rstStream(1));
    assert.deepEqual(fixture.send(frames.windowUpdate(0, 1_000), frames.windowUpdate(1, 1_000)), []);
  });

  it("tells in its next block that its table has no room, where the client makes it smaller", () => {
    const fixture = ConnectionFixture.open();
    const said = fixture.send(
      frames.settings([SETTING.headerTableSize, 4_095]),
      frames.headers(1, block),
      frames.headers(3, block),
    );
    const heads = said.filter(({ type }) => type === TYPE.headers).map(({ payload }) => payload[0]);
    assert.deepEqual(heads[0], 0x20);
    assert.ok(heads.slice(1).every((first) => first !== 0x20));
    const same = ConnectionFixture.open().send(
      frames.settings([SETTING.headerTableSize, 4_096]),
      frames.headers(1, block),
    );
    assert.ok(same.every(({ type, payload }) => type !== TYPE.headers || payload[0] !== 0x20));
  });

  it("goes away where too much waits for them", () => {
    const fixture = withWindow(0);
    fixture.answer = Buffer.alloc(RESPONSES_PENDING_MAX_BYTES / 4);
    const ids = [1, 3, 5, 7];
    assert.equal(goAwayCode(fixture.send(...ids.map((id) => frames.headers(id, block)))), undefined);
    assert.equal(goAwayCode(fixture.send(frames.headers(9, block))), ERROR.enhanceYourCalm);
  });
});

describe("Connection and our windows", () => {
  const part = Buffer.alloc(16_384);
  const parts = (id: number, bytes: number): Buffer[] =>
    Array.from({ length: bytes / part.length }, () => frames.data(id, part));

  it("opens them again when half is used, in one frame", () => {
    const fixture = ConnectionFixture.open();
    assert.deepEqual(windows(fixture.send(begin(1), ...parts(1, STREAM_WINDOW_BYTES / 2))), []);
    assert.deepEqual(windows(fixture.send(frames.data(1, part))), [
      [1, STREAM_WINDOW_BYTES / 2 + part.length],
    ]);
  });

  it("opens the connection's also for what nobody keeps", () => {
    const fixture = ConnectionFixture.open({ bodyMaxBytes: 10, bodyReadMaxBytes: 1e9 });
    const said = fixture.send(begin(1), ...parts(1, CONNECTION_WINDOW_BYTES / 2 + part.length));
    assert.deepEqual(
      windows(said).filter(([id]) => id === 0),
      [[0, CONNECTION_WINDOW_BYTES / 2 + part.length]],
    );
  });
});

describe("Connection and large bodies", () => {
  const options = { bodyMaxBytes: 10, bodyReadMaxBytes: 20 };

  it("gives one of the largest size, in one frame or two", () => {
    const fixture = ConnectionFixture.open(options);
    fixture.send(begin(1), data(1, "0123456789", END), begin(3), data(3, "01234"), data(3, "56789", END));
    assert.deepEqual(
      fixture.seen.map(({ body }) => body),
      ["0123456789", "0123456789"],
    );
  });

  it("says of a larger one that it is too large, at its end", () => {
    for (const bytes of [
      [data(1, "01234567890", END)],
      [data(1, "0123456789"), data(1, "0", END)],
      [data(1, "0123456789"), data(1, "0123456789", END)],
    ]) {
      const fixture = ConnectionFixture.open(options);
      const said = fixture.send(begin(1), ...bytes);
      assert.deepEqual(fixture.seen, [{ path: "/a", body: "", unread: "too_large" }]);
      assert.deepEqual([endedStreams(said), resets(said)], [[1], []]);
    }
  });

  it("does not wait for the end of one that has none", () => {
    const fixture = ConnectionFixture.open(options);
    const said = fixture.send(begin(1), data(1, "0123456789"), data(1, "01234567890"));
    assert.deepEqual(fixture.seen, [{ path: "/a", body: "", unread: "endless" }]);
    assert.deepEqual([endedStreams(said), resets(said)], [[1], [`1: ${ERROR.none}`]]);
  });

  it("keeps no more than a connection may, and gives the room back", () => {
    const fixture = ConnectionFixture.open();
    const quarter = CONNECTION_BODIES_MAX_BYTES / 4;
    const first = (id: number) =>
      Buffer.concat([begin(id, ["content-length", String(quarter)]), data(id, "x")]);
    fixture.send(first(1), first(3), first(5), first(7));
    assert.equal(fixture.bodies.keptBytes, CONNECTION_BODIES_MAX_BYTES);
    fixture.send(begin(9), data(9, "x"), data(9, "", END));
    assert.deepEqual(fixture.seen, [{ path: "/a", body: "", unread: "no_room" }]);
    fixture.send(frames.rstStream(1), begin(11), data(11, "x"), data(11, "", END));
    assert.equal(fixture.seen.at(-1)?.body, "x");
    fixture.connection.close();
    assert.equal(fixture.bodies.keptBytes, 0);
  });

  it("keeps no more than the server may", () => {
    const fixture = ConnectionFixture.open();
    fixture.bodies.keptBytes = SERVER_BODIES_MAX_BYTES - 4_096;
    fixture.send(begin(1), data(1, "x"), begin(3), data(3, "x"), data(3, "", END), data(1, "", END));
    assert.deepEqual(
      fixture.seen.map(({ body, unread }) => [body, unread]),
      [
        ["", "no_room"],
        ["x", undefined],
      ],
    );
  });
});
