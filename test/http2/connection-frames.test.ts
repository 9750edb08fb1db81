import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  bodyOn,
  ConnectionFixture,
  endedStreams,
  goAwayCode,
  requestBlock,
  resets,
} from "./connection-fixture.ts";
import { hex } from "./hpack-blocks.ts";
import { ERROR, FLAG, frame, frames, PREFACE, SETTING, TYPE } from "./raw-frames.ts";

const OPEN = FLAG.endHeaders;
const WHOLE = FLAG.endHeaders | FLAG.endStream;
const block = requestBlock("/a");
const ask = (id: number): Buffer => frames.headers(id, block);
const begin = (id: number): Buffer => frames.headers(id, block, OPEN);

describe("Connection's beginning", () => {
  it("says its settings and opens its window once the preface is there, and acknowledges the client's", () => {
    const fixture = new ConnectionFixture();
    assert.deepEqual(fixture.send(PREFACE.subarray(0, 23)), []);
    const first = fixture.send(PREFACE.subarray(23));
    assert.deepEqual(
      first.map(({ type, flags, streamId }) => [type, flags, streamId]),
      [
        [TYPE.settings, 0, 0],
        [TYPE.windowUpdate, 0, 0],
      ],
    );
    const [ack, ...more] = fixture.send(frames.settings());
    assert.deepEqual(
      [ack?.type, ack?.flags, ack?.payload.length, more.length],
      [TYPE.settings, FLAG.ack, 0, 0],
    );
    assert.deepEqual(endedStreams(fixture.send(ask(1))), [1]);
  });

  const notHttp2 = [
    ["HTTP/1.1", Buffer.from("GET / HTTP/1.1\r\nhost: x\r\n\r\n")],
    ["a preface with one wrong byte", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r ")],
    ["a TLS handshake", hex("160301")],
  ] as const;
  for (const [what, bytes] of notHttp2) {
    it(`goes away from ${what}`, () => {
      const fixture = new ConnectionFixture();
      assert.equal(goAwayCode(fixture.send(bytes)), ERROR.protocol);
      assert.equal(fixture.connection.isClosed, true);
    });
  }

  for (const [what, bytes] of [
    ["PING", frames.ping()],
    ["an acknowledgement of settings", frames.settingsAck()],
    ["HEADERS", ask(1)],
  ] as const) {
    it(`goes away where ${what} comes before SETTINGS`, () => {
      const fixture = new ConnectionFixture();
      assert.equal(goAwayCode(fixture.send(PREFACE, bytes)), ERROR.protocol);
      assert.deepEqual(fixture.seen, []);
    });
  }
});

describe("Connection's frames that end the connection", () => {
  const cases: readonly (readonly [what: string, code: number, bytes: readonly Buffer[]])[] = [
    ["a frame larger than announced", ERROR.frameSize, [frame(TYPE.data, 0, 1, Buffer.alloc(16_385))]],
    ["DATA on the connection", ERROR.protocol, [frames.data(0, Buffer.alloc(1))]],
    ["DATA on an idle stream", ERROR.protocol, [frames.data(1, Buffer.alloc(1))]],
    ["DATA with more padding than payload", ERROR.protocol, [begin(1), frame(TYPE.data, 8, 1, hex("01"))]],
    ["padded DATA without a length", ERROR.frameSize, [begin(1), frame(TYPE.data, 8, 1)]],
    ["HEADERS on the connection", ERROR.protocol, [ask(0)]],
    ["HEADERS on a stream of ours", ERROR.protocol, [ask(2)]],
    ["HEADERS on a lower stream that never was", ERROR.protocol, [ask(5), ask(3)]],
    ["HEADERS on a stream that has ended", ERROR.streamClosed, [ask(1), ask(1)]],
    ["DATA on a stream that has ended", ERROR.streamClosed, [ask(1), frames.data(1, Buffer.alloc(1))]],
    ["HEADERS padded beyond their end", ERROR.protocol, [frame(TYPE.headers, 0x0c, 1, hex("05 82"))]],
    [
      "HEADERS too short for their priority",
      ERROR.frameSize,
      [frame(TYPE.headers, 0x24, 1, hex("00000000"))],
    ],
    ["a block that is not HPACK", ERROR.compression, [frames.headers(1, hex("bf"))]],
    ["trailers that are not HPACK", ERROR.compression, [begin(1), frames.headers(1, hex("bf"))]],
    ["CONTINUATION of nothing", ERROR.protocol, [frames.continuation(1, block)]],
    ["CONTINUATION of a whole block", ERROR.protocol, [begin(1), frames.continuation(1, block)]],
    [
      "CONTINUATION on another stream",
      ERROR.protocol,
      [frames.headers(1, block, 0), frames.continuation(3, hex(""))],
    ],
    ["PING within a header block", ERROR.protocol, [frames.headers(1, block, 0), frames.ping()]],
    ["PING on a stream", ERROR.protocol, [frame(TYPE.ping, 0, 1, Buffer.alloc(8))]],
    ["PING of seven bytes", ERROR.frameSize, [frame(TYPE.ping, 0, 0, Buffer.alloc(7))]],
    ["SETTINGS on a stream", ERROR.protocol, [frame(TYPE.settings, 0, 1)]],
    ["SETTINGS of five bytes", ERROR.frameSize, [frame(TYPE.settings, 0, 0, Buffer.alloc(5))]],
    ["an acknowledgement with settings", ERROR.frameSize, [frame(TYPE.settings, 1, 0, Buffer.alloc(6))]],
    ["a push setting of 2", ERROR.protocol, [frames.settings([SETTING.enablePush, 2])]],
    ["an initial window of 2^31", ERROR.flowControl, [frames.settings([SETTING.initialWindowSize, 2 ** 31])]],
    ["a frame size of 16383", ERROR.protocol, [frames.settings([SETTING.maxFrameSize, 16_383])]],
    ["a frame size of 2^24", ERROR.protocol, [frames.settings([SETTING.maxFrameSize, 2 ** 24])]],
    ["a window of the connection that opens by 0", ERROR.protocol, [frames.windowUpdate(0, 0)]],
    ["a window of the connection over 2^31-1", ERROR.flowControl, [frames.windowUpdate(0, 2 ** 31 - 65_535)]],
    ["WINDOW_UPDATE of three bytes", ERROR.frameSize, [frame(TYPE.windowUpdate, 0, 0, Buffer.alloc(3))]],
    ["WINDOW_UPDATE of an idle stream", ERROR.protocol, [frames.windowUpdate(1, 1)]],
    ["RST_STREAM of an idle stream", ERROR.protocol, [frames.rstStream(1)]],
    ["RST_STREAM of the connection", ERROR.protocol, [frames.rstStream(0)]],
    ["RST_STREAM of five bytes", ERROR.frameSize, [begin(1), frame(TYPE.rstStream, 0, 1, Buffer.alloc(5))]],
    ["PRIORITY of the connection", ERROR.protocol, [frames.priority(0, 1)]],
    ["PUSH_PROMISE", ERROR.protocol, [frame(TYPE.pushPromise, 4, 1, Buffer.alloc(4))]],
    ["GOAWAY on a stream", ERROR.protocol, [frame(TYPE.goaway, 0, 1, Buffer.alloc(8))]],
    ["GOAWAY of seven bytes", ERROR.frameSize, [frame(TYPE.goaway, 0, 0, Buffer.alloc(7))]],
  ];
  for (const [what, code, bytes] of cases) {
    it(what, () => {
      const fixture = ConnectionFixture.open();
      assert.equal(goAwayCode(fixture.send(...bytes)), code);
      assert.equal(fixture.connection.isClosed, true);
      assert.deepEqual(fixture.send(ask(101)), [], "nothing is read any more");
    });
  }
});

describe("Connection's frames that are passed over", () => {
  const cases: readonly (readonly [what: string, bytes: readonly Buffer[]])[] = [
    ["unknown types, on whatever stream", [frame(0x10, 0xff, 0, hex("00")), frame(0xff, 0, 4)]],
    ["unknown settings", [frames.settings([0xf000, 0xffff_ffff], [SETTING.maxConcurrentStreams, 0])]],
    [
      "settings at their edges",
      [frames.settings([SETTING.enablePush, 1], [SETTING.maxFrameSize, 2 ** 24 - 1])],
    ],
    ["the largest window of the connection", [frames.windowUpdate(0, 2 ** 31 - 1 - 65_535)]],
    [
      "WINDOW_UPDATE, RST_STREAM and PRIORITY of an ended stream",
      [ask(1), frames.windowUpdate(1, 0), frames.rstStream(1), frames.priority(1, 3)],
    ],
    ["a priority of a stream that never will be", [frames.priority(7, 3)]],
    ["GOAWAY of the client", [frames.goaway(0)]],
    ["an acknowledgement of a PING that never was", [frames.ping("12345678", FLAG.ack)]],
    ["flags that mean nothing", [frame(TYPE.windowUpdate, 0xff, 0, hex("00000001"))]],
    ["the reserved bit of a stream's number", [frame(TYPE.headers, WHOLE, 0x8000_0001, block)]],
  ];
  for (const [what, bytes] of cases) {
    it(what, () => {
      const fixture = ConnectionFixture.open();
      const said = fixture.send(...bytes);
      assert.deepEqual([goAwayCode(said), resets(said)], [undefined, []]);
      assert.deepEqual(endedStreams(fixture.send(ask(11))), [11]);
    });
  }

  it("answers a PING with its bytes", () => {
    const [answer] = ConnectionFixture.open().send(frames.ping("whatever"));
    assert.deepEqual(
      [answer?.type, answer?.flags, answer?.payload.toString()],
      [TYPE.ping, FLAG.ack, "whatever"],
    );
  });
});

describe("Connection and where reads end", () => {
  const script = Buffer.concat([
    PREFACE,
    frames.settings(),
    frames.settingsAck(),
    frames.headers(1, block, OPEN),
    frames.data(1, Buffer.from("whole"), FLAG.endStream),
    frames.headers(3, block.subarray(0, 2), 0),
    frames.continuation(3, block.subarray(2)),
    frames.data(3, Buffer.from("in ")),
    frame(TYPE.data, 0x9, 3, Buffer.from("\x02parts..", "latin1")),
    frames.ping(),
    ask(5),
  ]);

  it("sees and says the same wherever they do", () => {
    const at = fc.array(fc.integer({ min: 1, max: script.length - 1 }), { maxLength: 12 });
    const whole = new ConnectionFixture();
    const wholeSaid = whole.send(script);
    assert.deepEqual(
      whole.seen.map(({ body }) => body),
      ["whole", "in parts", ""],
    );
    assert.equal(bodyOn(3, wholeSaid), "answer");
    fc.assert(
      fc.property(at, (ends) => {
        const fixture = new ConnectionFixture();
        const cuts = [0, ...ends.sort((a, b) => a - b), script.length];
        const said = cuts.slice(1).flatMap((end, i) => fixture.send(script.subarray(cuts[i], end)));
        assert.deepEqual(fixture.seen, whole.seen);
        assert.deepEqual(said, wholeSaid);
      }),
    );
  });

  it("also where every byte is a read of its own", () => {
    const fixture = new ConnectionFixture();
    for (const byte of script) fixture.send(Buffer.of(byte));
    assert.equal(fixture.seen.length, 3);
  });

  it("a frame too large to be taken is refused before its payload comes", () => {
    const fixture = ConnectionFixture.open();
    assert.equal(goAwayCode(fixture.send(hex("004001 00 00 0000000"))), undefined);
    assert.equal(goAwayCode(fixture.send(hex("01"))), ERROR.frameSize);
  });
});
