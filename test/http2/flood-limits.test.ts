/** How much work a flood can make us do, in frames: no socket and no time, so that the figures are the same everywhere. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CONTROL_FRAMES_BURST } from "../../src/base/limits.ts";
import { FLOODS, OPENING } from "./floods.ts";
import { TEST_SERVICE } from "./grpc-test-service.ts";
import { PureConnection } from "./pure-connection.ts";
import { ERROR, frames, SETTING, TYPE } from "./raw-frames.ts";

/** Frames that a flood gets through before it is cut off: as many streams as there may be, and then as many as may be refused, of three frames each. */
const FRAMES_MAX = 6_000;
const TURNS_SERVED = 500;
/** Written in answer to one turn that is served: the head of a refusal. */
const ANSWER_MAX_BYTES = 256;

describe("a flood", () => {
  for (const { name, opening = OPENING, turn, framesPerTurn, end } of FLOODS) {
    if (end === "cut") {
      it(`is cut off after some thousand frames: ${name}`, () => {
        const connection = new PureConnection(TEST_SERVICE);
        connection.receive(opening);
        let turns = 0;
        while (!connection.isClosed && turns * framesPerTurn <= FRAMES_MAX) connection.receive(turn(turns++));
        const last = connection.frames.at(-1);
        assert.equal(last?.type, TYPE.goaway, `it went on after ${turns} turns`);
        assert.equal(last.payload.readUInt32BE(4), ERROR.enhanceYourCalm);
        assert.equal(connection.bodies.keptBytes, 0, "nothing is kept of it");
        assert.deepEqual(connection.errors, []);
      });
    } else {
      it(`is worked off as it comes, and nothing kept of it: ${name}`, () => {
        const connection = new PureConnection(TEST_SERVICE);
        connection.receive(opening);
        const before = connection.bytesWritten;
        for (let turns = 0; turns < TURNS_SERVED; turns++) connection.receive(turn(turns));
        assert.equal(connection.isClosed, false, `${connection.frames.at(-1)?.payload.toString("latin1")}`);
        assert.equal(connection.bodies.keptBytes, 0, "nothing is kept of it");
        assert.ok(connection.bytesWritten - before < TURNS_SERVED * ANSWER_MAX_BYTES);
        assert.deepEqual(connection.errors, []);
      });
    }
  }
});

describe("a SETTINGS frame", () => {
  /** What OPENING has used of the allowance, and the frame itself. */
  const used = 3;
  const frameOf = (count: number): Buffer =>
    frames.settings(...Array.from({ length: count }, () => [SETTING.initialWindowSize, 65_535] as const));

  it("may have as many settings as frames may come at once, and not one more", () => {
    for (const [count, isClosed] of [
      [CONTROL_FRAMES_BURST - used, false],
      [CONTROL_FRAMES_BURST - used + 1, true],
    ] as const) {
      const connection = new PureConnection(TEST_SERVICE);
      connection.receive(OPENING);
      connection.receive(frameOf(count));
      assert.equal(connection.isClosed, isClosed, `${count} settings`);
    }
  });
});
