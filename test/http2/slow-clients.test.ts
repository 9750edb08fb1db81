/** Clients that take their time, over a socket: the server's own sweeps end them, in a time of which most is made up. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { describe, it } from "node:test";
import {
  HTTP2_FRAME_TIMEOUT_MS,
  HTTP2_PREFACE_TIMEOUT_MS,
  HTTP2_WRITE_STALL_MAX_MS,
} from "../../src/base/limits.ts";
import { until } from "../support/until.ts";
import { CALL, EMPTY_MESSAGE, OPENING } from "./floods.ts";
import { TEST_SERVICE } from "./grpc-test-service.ts";
import { FLAG, frames, PREFACE } from "./raw-frames.ts";
import { Serving } from "./serving.ts";

/** Less than any limit, and more than a sweep of the server takes to come. */
const EARLY_MS = 3_000;

describe("a server", () => {
  async function connect(serving: Serving): Promise<Socket> {
    const socket = createConnection(serving.path);
    socket.on("error", () => {}); // that it is cut off is seen at the server
    await once(socket, "connect");
    await until(() => serving.server.connectionCount === 1);
    return socket;
  }

  /** Lets the limit pass, but for a while, and then the rest: the connection is there before and gone afterwards. */
  async function isEndedAfter(serving: Serving, limitMs: number): Promise<void> {
    serving.passedMs += limitMs - EARLY_MS;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(serving.server.connectionCount, 1);
    serving.passedMs += EARLY_MS;
    await until(() => serving.server.connectionCount === 0);
  }

  const silent: readonly { name: string; words: Buffer; limitMs: number }[] = [
    { name: "says nothing", words: Buffer.alloc(0), limitMs: HTTP2_PREFACE_TIMEOUT_MS },
    { name: "stops within the preface", words: PREFACE.subarray(0, 10), limitMs: HTTP2_PREFACE_TIMEOUT_MS },
    {
      name: "stops within a frame",
      words: Buffer.concat([OPENING, frames.headers(1, CALL).subarray(0, 20)]),
      limitMs: HTTP2_FRAME_TIMEOUT_MS,
    },
    {
      name: "stops within a header block",
      words: Buffer.concat([OPENING, frames.headers(1, CALL, 0)]),
      limitMs: HTTP2_FRAME_TIMEOUT_MS,
    },
  ];
  for (const { name, words, limitMs } of silent) {
    it(`ends a client that ${name}`, async () => {
      await using serving = await Serving.start("unix", TEST_SERVICE);
      const socket = await connect(serving);
      socket.write(words);
      if (words.length > OPENING.length) await once(socket, "data"); // they have arrived
      socket.resume();
      await isEndedAfter(serving, limitMs);
    });
  }

  it("ends a client that asks and reads no answers, once the socket has taken none for a while", async () => {
    await using serving = await Serving.start("unix", TEST_SERVICE);
    const socket = await connect(serving);
    socket.pause();
    socket.write(OPENING);
    for (let id = 1; socket.writableLength < 1_048_576; id += 2) {
      socket.write(frames.headers(id, CALL, FLAG.endHeaders));
      socket.write(frames.data(id, EMPTY_MESSAGE, FLAG.endStream));
      if (id % 1_001 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    // The sweeps have to see first that nothing is taken: time passes some ten times faster, instead of at once.
    await until(() => {
      serving.passedMs += HTTP2_WRITE_STALL_MAX_MS / 500;
      return serving.server.connectionCount === 0;
    });
  });
});
