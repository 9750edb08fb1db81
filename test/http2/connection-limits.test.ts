import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  CONTINUATION_FRAMES_MAX,
  CONTROL_FRAMES_BURST,
  CONTROL_FRAMES_PER_SECOND,
  HEADER_BLOCK_MAX_BYTES,
  HTTP2_CALL_MAX_MS,
  HTTP2_FRAME_TIMEOUT_MS,
  HTTP2_KEEPALIVE_MS,
  HTTP2_KEEPALIVE_TIMEOUT_MS,
  HTTP2_PREFACE_TIMEOUT_MS,
  HTTP2_SETTINGS_TIMEOUT_MS,
  STREAM_RESETS_BURST,
  STREAM_RESETS_PER_SECOND,
} from "../../src/base/limits.ts";
import { ConnectionFixture, endedStreams, goAwayCode, requestBlock, resets } from "./connection-fixture.ts";
import { ERROR, FLAG, type Frame, frame, frames, PREFACE, SETTING, TYPE } from "./raw-frames.ts";

const OPEN = FLAG.endHeaders;
const block = requestBlock("/a");
const begin = (id: number): Buffer => frames.headers(id, block, OPEN);
const times = (count: number, bytes: Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => bytes));

describe("Connection under frames that ask for nothing", () => {
  // Two were spent on opening: SETTINGS and its acknowledgement.
  const left = CONTROL_FRAMES_BURST - 2;
  const floods: readonly (readonly [what: string, before: Buffer, bytes: Buffer])[] = [
    ["PING", Buffer.alloc(0), frames.ping()],
    ["SETTINGS", Buffer.alloc(0), frames.settings()],
    ["PRIORITY", Buffer.alloc(0), frames.priority(1, 3)],
    ["WINDOW_UPDATE", Buffer.alloc(0), frames.windowUpdate(0, 1)],
    ["unknown frames", Buffer.alloc(0), frame(0x20, 0, 0)],
    ["GOAWAY", Buffer.alloc(0), frames.goaway(0)],
    ["empty DATA", begin(1), frames.data(1, Buffer.alloc(0))],
    ["padding alone", begin(1), frame(TYPE.data, FLAG.padded, 1, Buffer.from([3, 0, 0, 0]))],
  ];
  for (const [what, before, bytes] of floods) {
    it(`takes as many ${what} as it may, and goes away at one more`, () => {
      const fixture = ConnectionFixture.open();
      assert.equal(goAwayCode(fixture.send(before, times(left, bytes))), undefined);
      assert.equal(goAwayCode(fixture.send(bytes)), ERROR.enhanceYourCalm);
    });
  }

  it("allows more after a while", () => {
    const fixture = ConnectionFixture.open();
    fixture.send(times(left, frames.ping()));
    fixture.time.nowMs += 1_000;
    assert.equal(goAwayCode(fixture.send(times(CONTROL_FRAMES_PER_SECOND, frames.ping()))), undefined);
    assert.equal(goAwayCode(fixture.send(frames.ping())), ERROR.enhanceYourCalm);
  });

  it("allows a client that asks much ten to each answer, without end", () => {
    const fixture = ConnectionFixture.open();
    for (let id = 1; id < 2_000; id += 2) {
      const said = fixture.send(frames.headers(id, block), times(10, frames.windowUpdate(0, 1)));
      assert.deepEqual([goAwayCode(said), endedStreams(said)], [undefined, [id]]);
    }
  });
});

describe("Connection under streams that come to nothing", () => {
  const ids = Array.from({ length: STREAM_RESETS_BURST }, (_, i) => 2 * i + 1);
  const next = 2 * STREAM_RESETS_BURST + 1;
  // The frames themselves count among those that ask for nothing, too: time lets those come, a hundred a second less than these.
  const rounds: readonly (readonly [what: string, stream: (id: number) => Buffer])[] = [
    ["rapid reset", (id) => Buffer.concat([begin(id), frames.rstStream(id)])],
    [
      "streams that the client makes us reset",
      (id) => Buffer.concat([begin(id), frames.windowUpdate(id, 0)]),
    ],
    ["heads that make no request", (id) => frames.headers(id, Buffer.from([0x82]))],
    ["windows that overflow", (id) => Buffer.concat([begin(id), frames.windowUpdate(id, 2 ** 31 - 1)])],
  ];
  for (const [what, stream] of rounds) {
    it(`goes away from ${what}`, () => {
      const fixture = ConnectionFixture.open();
      let code: number | undefined;
      let taken = 0;
      for (const id of [...ids, next]) {
        code = goAwayCode(fixture.send(stream(id)));
        if (code !== undefined) break;
        taken++;
      }
      assert.equal(code, ERROR.enhanceYourCalm);
      assert.ok(taken >= STREAM_RESETS_BURST - 10 && taken <= STREAM_RESETS_BURST, `${taken} taken`);
      assert.deepEqual(fixture.seen, []);
    });
  }

  it("allows as many as a second gives back", () => {
    const fixture = ConnectionFixture.open();
    const malformed = (id: number) => frames.headers(id, Buffer.from([0x82]));
    assert.equal(goAwayCode(fixture.send(...ids.map(malformed))), undefined);
    fixture.time.nowMs += 1_000;
    const more = Array.from({ length: STREAM_RESETS_PER_SECOND }, (_, i) => next + 2 * i);
    assert.equal(goAwayCode(fixture.send(...more.map(malformed))), undefined);
    assert.equal(goAwayCode(fixture.send(malformed(next + 1_000))), ERROR.enhanceYourCalm);
  });
});

describe("Connection and header blocks in many pieces", () => {
  const pieces = (count: number, size: number): Buffer[] => [
    frames.headers(1, block, 0),
    ...Array.from({ length: count }, () => frames.continuation(1, Buffer.alloc(size, 0x82), 0)),
  ];

  it("takes as many as it may, and goes away at one more, full or empty", () => {
    for (const size of [0, 100]) {
      assert.equal(
        goAwayCode(ConnectionFixture.open().send(...pieces(CONTINUATION_FRAMES_MAX, size))),
        undefined,
      );
      const said = ConnectionFixture.open().send(...pieces(CONTINUATION_FRAMES_MAX + 1, size));
      assert.equal(goAwayCode(said), ERROR.enhanceYourCalm);
    }
  });

  it("goes away from one that is too large", () => {
    const room = HEADER_BLOCK_MAX_BYTES - block.length;
    const fill = (bytes: number): Buffer[] => [
      frames.headers(1, block, 0),
      ...[16_384, 16_384, 16_384, bytes - 3 * 16_384].map((size) =>
        frames.continuation(1, Buffer.alloc(size), 0),
      ),
    ];
    assert.equal(goAwayCode(ConnectionFixture.open().send(...fill(room))), undefined);
    assert.equal(goAwayCode(ConnectionFixture.open().send(...fill(room + 1))), ERROR.enhanceYourCalm);
  });
});

describe("Connection and time", () => {
  /** What is said just before a limit, and at it. */
  const around = (fixture: ConnectionFixture, ms: number): (number | undefined)[] => [
    goAwayCode(fixture.after(ms - 1)),
    goAwayCode(fixture.after(1)),
  ];

  it("waits so long for the preface and the first settings", () => {
    for (const said of [Buffer.alloc(0), PREFACE.subarray(0, 10), PREFACE]) {
      const fixture = new ConnectionFixture();
      fixture.send(said);
      assert.deepEqual(around(fixture, HTTP2_PREFACE_TIMEOUT_MS), [undefined, ERROR.protocol]);
    }
  });

  it("waits so long for its settings to be acknowledged", () => {
    const fixture = new ConnectionFixture();
    fixture.send(PREFACE, frames.settings());
    assert.deepEqual(around(fixture, HTTP2_SETTINGS_TIMEOUT_MS), [undefined, ERROR.settingsTimeout]);
  });

  it("waits so long for the end of a frame, however its bytes drip", () => {
    const fixture = ConnectionFixture.open();
    const ping = frames.ping();
    for (let i = 0; i < 10; i++) {
      fixture.send(ping.subarray(i, i + 1));
      assert.equal(goAwayCode(fixture.after(HTTP2_FRAME_TIMEOUT_MS / 10 - 1)), undefined);
    }
    assert.equal(goAwayCode(fixture.after(10)), ERROR.enhanceYourCalm);
  });

  it("waits so long for the end of a header block, however its frames drip", () => {
    const fixture = ConnectionFixture.open();
    fixture.send(frames.headers(1, block, 0));
    fixture.after(HTTP2_FRAME_TIMEOUT_MS / 2);
    fixture.send(frames.continuation(1, Buffer.alloc(0), 0));
    assert.deepEqual(around(fixture, HTTP2_FRAME_TIMEOUT_MS / 2), [undefined, ERROR.enhanceYourCalm]);
  });

  it("does not count frames that begin in one read and end in the next, one after the other", () => {
    const fixture = ConnectionFixture.open();
    const both = Buffer.concat([frames.ping(), frames.ping()]);
    fixture.send(both.subarray(0, 20));
    for (let i = 0; i < 4; i++) {
      fixture.after(HTTP2_FRAME_TIMEOUT_MS / 2);
      assert.equal(goAwayCode(fixture.send(both.subarray(3), both.subarray(0, 3))), undefined);
    }
  });

  it("resets calls that take too long, not those that began later", () => {
    const fixture = ConnectionFixture.open();
    fixture.send(frames.settings([SETTING.initialWindowSize, 0]), begin(1), frames.headers(3, block));
    assert.deepEqual(fixture.after(HTTP2_CALL_MAX_MS - 1), []);
    fixture.send(begin(5));
    const said = fixture.after(1);
    assert.deepEqual(resets(said), [`1: ${ERROR.enhanceYourCalm}`, `3: ${ERROR.enhanceYourCalm}`]);
    assert.equal(goAwayCode(said), undefined);
  });

  it("asks a silent client whether it is there, and closes where it is not", () => {
    const isPing = ({ type, flags }: Frame): boolean => type === TYPE.ping && flags === 0;
    const fixture = ConnectionFixture.open();
    assert.deepEqual(fixture.after(HTTP2_KEEPALIVE_MS - 1), []);
    const asked = fixture.after(1).find(isPing);
    assert.ok(asked !== undefined);
    fixture.send(frame(TYPE.ping, FLAG.ack, 0, asked.payload));
    assert.deepEqual(fixture.after(HTTP2_KEEPALIVE_MS - 1), []);
    assert.ok(fixture.after(1).some(isPing));
    assert.deepEqual(around(fixture, HTTP2_KEEPALIVE_TIMEOUT_MS), [undefined, ERROR.none]);
    assert.equal(fixture.connection.isClosed, true);
  });
});

describe("Connection.shutDown()", () => {
  const lastStream = (said: readonly Frame[]): number | undefined =>
    said.find(({ type }) => type === TYPE.goaway)?.payload.readUInt32BE(0);
  const pong = (said: readonly Frame[]): Buffer => {
    const ping = said.find(({ type }) => type === TYPE.ping);
    return frame(TYPE.ping, FLAG.ack, 0, ping?.payload);
  };

  it("tells first that it goes, then which stream was the last, and closes when all have their answers", () => {
    const fixture = ConnectionFixture.open();
    fixture.send(begin(1));
    fixture.connection.shutDown();
    const told = fixture.said();
    assert.equal(lastStream(told), 2 ** 31 - 1);
    // What was on its way is answered.
    assert.deepEqual(endedStreams(fixture.send(frames.headers(3, block))), [3]);
    assert.equal(lastStream(fixture.send(pong(told))), 3);
    // What comes now is too late, and its client knows.
    assert.deepEqual(fixture.send(begin(5), frames.data(5, Buffer.from("x"), 1), frames.rstStream(5)), []);
    assert.equal(fixture.connection.isClosed, false);
    assert.deepEqual(endedStreams(fixture.send(frames.data(1, Buffer.from("x"), 1))), [1]);
    assert.equal(fixture.connection.isClosed, true);
  });

  it("closes at the answer to its ping where nothing is under way, and takes no other ping for that", () => {
    const fixture = ConnectionFixture.open();
    fixture.connection.shutDown();
    fixture.connection.shutDown();
    const told = fixture.said();
    assert.equal(told.length, 2);
    fixture.send(frames.ping("12345678", FLAG.ack));
    assert.equal(fixture.connection.isClosed, false);
    assert.equal(lastStream(fixture.send(pong(told))), 0);
    assert.equal(fixture.connection.isClosed, true);
  });

  it("closes at once where the client has not said a word", () => {
    const fixture = new ConnectionFixture();
    fixture.connection.shutDown();
    assert.deepEqual([fixture.connection.isClosed, fixture.said()], [true, []]);
  });
});
