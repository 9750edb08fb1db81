/** Any bytes at all: a connection neither throws nor keeps more than its limits, whatever it is fed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { runSettings } from "../support/runs.ts";
import { FLOODS, OPENING } from "./floods.ts";
import { mutate, mutation } from "./generate-blocks.ts";
import { connectionSteps } from "./generate-connection.ts";
import { TEST_SERVICE } from "./grpc-test-service.ts";
import { PureConnection } from "./pure-connection.ts";
import { TYPE } from "./raw-frames.ts";

const BODIES_MAX_BYTES = 8_388_608;

/** Frames as they should be, with some bytes changed, their lengths too; and bytes that were never frames. */
const bytes: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: connectionSteps.map((steps) => Buffer.concat(steps.map((step) => step.bytes))) },
  { weight: 1, arbitrary: fc.constantFrom(...FLOODS).map(({ turn }) => turn(0)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((random) => Buffer.from(random)) },
);
const mutated = fc
  .tuple(bytes, fc.array(mutation, { maxLength: 6 }))
  .map(([sound, mutations]) => mutations.reduce(mutate, sound));
/** Where the reads end, as shares of the whole. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 });

function feed(whole: Buffer, at: readonly number[]): PureConnection {
  const connection = new PureConnection(TEST_SERVICE);
  const places = [
    0,
    ...at.map((place) => Math.floor(place * whole.length)).sort((a, b) => a - b),
    whole.length,
  ];
  for (const [index, place] of places.slice(1).entries()) {
    connection.receive(whole.subarray(places[index], place));
    assert.ok(connection.bodies.keptBytes <= BODIES_MAX_BYTES);
  }
  return connection;
}

describe("a connection that is fed any bytes", () => {
  it("does not throw, says why it goes away, and lets go of everything then", () => {
    let closed = 0;
    fc.assert(
      fc.property(mutated, cuts, fc.boolean(), (whole, at, hasOpening) => {
        const connection = feed(hasOpening ? Buffer.concat([OPENING, whole]) : whole, at);
        assert.deepEqual(connection.errors, []);
        if (!connection.isClosed) return;
        closed++;
        assert.equal(connection.frames.at(-1)?.type, TYPE.goaway);
        assert.equal(connection.bodies.keptBytes, 0);
      }),
      runSettings(1 / 2),
    );
    assert.ok(closed > 100, `only ${closed} were closed`);
  });

  it("says the same wherever the reads end", () => {
    fc.assert(
      fc.property(mutated, cuts, (whole, at) => {
        const bytes = Buffer.concat([OPENING, whole]);
        assert.deepEqual(feed(bytes, at).frames, feed(bytes, []).frames);
      }),
      runSettings(1 / 4),
    );
  });

  it("ends all that is left undone, once enough time has passed", () => {
    fc.assert(
      fc.property(mutated, (whole) => {
        const connection = feed(Buffer.concat([OPENING, whole]), []);
        for (let sweeps = 0; sweeps < 200; sweeps++) connection.pass(1_000);
        assert.equal(connection.isClosed, true);
        assert.equal(connection.bodies.keptBytes, 0);
      }),
      runSettings(1 / 16),
    );
  });
});
