import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:http2";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { BodyRoom } from "../../src/http2/body-keeper.ts";
import { Connection } from "../../src/http2/connection.ts";
import { encodeHeaders } from "../../src/http2/hpack-encoder.ts";
import { Output } from "../../src/http2/output.ts";
import type { RequestHandler, Responder } from "../../src/http2/request-handler.ts";
import type { RequestHead } from "../../src/http2/request-head.ts";
import type { Stream } from "../../src/http2/stream.ts";
import { StreamPool } from "../../src/http2/stream-pool.ts";
import { connectionSteps, type Step } from "./generate-connection.ts";
import { ERROR, FLAG, type Frame, FrameSplitter, frames, PREFACE, TYPE } from "./raw-frames.ts";
import { RawPeer } from "./raw-peer.ts";

const OPENING = Buffer.concat([PREFACE, frames.settings(), frames.settingsAck()]);
const HEAD = encodeHeaders([[":status", "200"]]);
const BODY = Buffer.from("ok");
const NOTHING = Buffer.alloc(0);
/** Turns that an answer may take; it takes one or two. */
const SETTLE_ROUNDS_MAX = 50;

/** Answers each complete request with two bytes, as the server of node:http2 below does. */
const ANSWERING: RequestHandler<RequestHead> = {
  readHead: (head) => head,
  readLargeHead: () => assert.fail("no head here is large"),
  onHead: () => {},
  onRequest: (responder, stream) => answer(responder, stream),
  onUnread: () => assert.fail("no body here is large"),
};

function answer(responder: Responder<RequestHead>, stream: Stream<RequestHead>): void {
  responder.respond(stream, HEAD, NOTHING, BODY, undefined);
}

/** What has become of a connection's streams: `answered`, or `reset` with its code. Those of which nothing was said are not there. */
type Streams = Record<number, string>;

function outcomes(said: readonly Frame[]): Streams {
  const streams: Streams = {};
  for (const { type, flags, streamId, payload } of said) {
    if (streamId === 0) continue;
    if ((type === TYPE.data || type === TYPE.headers) && (flags & FLAG.endStream) !== 0) {
      streams[streamId] = "answered";
    } else if (type === TYPE.rstStream) {
      // What is answered is answered, whatever is said afterwards.
      streams[streamId] ??= `reset ${payload.readUInt32BE(0)}`;
    }
  }
  return streams;
}

/** The code of the last word, undefined while there is none. */
function lastWord(said: readonly Frame[]): number | undefined {
  const goAways = said.filter(({ type }) => type === TYPE.goaway);
  return goAways.at(-1)?.payload.readUInt32BE(4);
}

/** One of the two that are compared: what it has said to all steps so far, and its last word. */
type Said = { readonly streams: Streams; readonly lastWord: number | undefined };

/** Our end of a connection, without a socket. */
class Ours {
  readonly #output = new Output();
  readonly #splitter: FrameSplitter = new FrameSplitter();
  readonly #said: Frame[] = [];
  readonly #connection: Connection<RequestHead>;

  constructor() {
    const shared = { output: this.#output, streams: new StreamPool<RequestHead>(), bodies: new BodyRoom() };
    const options = { streamsMax: 100, bodyMaxBytes: 1_000_000, bodyReadMaxBytes: 1_000_000 };
    this.#connection = new Connection({ nowMs: () => 0, wallMs: () => 0 }, ANSWERING, shared, options);
  }

  receive(bytes: Buffer): Said {
    this.#connection.receive(bytes);
    for (const written of this.#output.take()) this.#said.push(...this.#splitter.push(written));
    return { streams: outcomes(this.#said), lastWord: lastWord(this.#said) };
  }
}

/** A server of node:http2, whose connections are nghttp2's. */
type Theirs = { connect(): Promise<RawPeer>; close(): void };

async function startAnsweringNghttp2(): Promise<Theirs> {
  const server = createServer({ settings: { maxConcurrentStreams: 100 }, maxSessionInvalidFrames: 1_000 });
  server.on("stream", (stream) => {
    stream.on("error", () => {}); // what it is told by is the RST_STREAM
    stream.once("end", () => {
      if (stream.destroyed || stream.closed) return;
      stream.respond({ ":status": 200 }, { sendDate: false } as never);
      stream.end(BODY);
    });
    stream.resume();
  });
  server.on("sessionError", () => {});
  const folder = await mkdtemp(join(tmpdir(), "ephor-nghttp2-"));
  const path = join(folder, "socket");
  server.listen(path);
  await once(server, "listening");
  return {
    async connect() {
      const socket = createConnection(path);
      await once(socket, "connect");
      return new RawPeer(socket);
    },
    close() {
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function roundText(round: number): string {
  return `round${String(round).padStart(3, "0")}`;
}

function roundPing(round: number): Buffer {
  return frames.ping(roundText(round));
}

/** Sends bytes and a PING, and waits for the answer to that, or for the last word. */
async function ask(peer: RawPeer, bytes: Buffer, round: number): Promise<Said> {
  const from = peer.frames.length;
  const payload = roundText(round);
  peer.write(bytes, roundPing(round));
  await peer.find(
    ({ type, flags, payload: said }) =>
      type === TYPE.goaway || (type === TYPE.ping && (flags & FLAG.ack) !== 0 && said.toString() === payload),
    from,
  );
  return { streams: outcomes(peer.frames), lastWord: lastWord(peer.frames) };
}

const IGNORED_FIELDS = ["a line break", "a zero byte", "a space in a name", "no name"];
/** Frames that a stream which is over must not have any more. */
const NOT_ON_CLOSED = ["DATA", "HEADERS", "empty DATA"];

/** Where the two may differ, and why. What is not listed here must be the same. */
export type Difference = {
  readonly why: string;
  readonly applies: (step: Step, our: Said, their: Said) => boolean;
};
export const DIFFERENCES: readonly Difference[] = [
  {
    why: "a field that no field may be makes the request malformed (RFC 9113, 8.2.1); nghttp2 leaves the field out",
    applies: ({ kind, streamId }, our, their) =>
      IGNORED_FIELDS.includes(kind) &&
      our.streams[streamId] === `reset ${ERROR.protocol}` &&
      their.streams[streamId] !== our.streams[streamId],
  },
  {
    why: "a stream that depends on itself is a stream error (RFC 7540, 5.3.1); for nghttp2 one of the connection",
    applies: ({ kind }, our, their) =>
      kind === "request that depends on itself" &&
      our.lastWord === undefined &&
      their.lastWord === ERROR.protocol,
  },
  {
    why: "PRIORITY of a wrong size is a stream error (RFC 9113, 6.3), on no stream a protocol error first; for nghttp2 its size is one of the connection",
    applies: ({ kind, streamId }, our, their) =>
      kind === "PRIORITY of a wrong size" &&
      our.lastWord === (streamId === 0 ? ERROR.protocol : undefined) &&
      their.lastWord === ERROR.frameSize,
  },
  {
    why: "PRIORITY on no stream is a connection error (RFC 9113, 6.3); nghttp2 passes it over",
    applies: ({ kind, streamId }, our, their) =>
      kind === "PRIORITY" &&
      streamId === 0 &&
      our.lastWord === ERROR.protocol &&
      their.lastWord === undefined,
  },
  {
    why: "an answer to a PING that we did not send means nothing; node:http2 goes away",
    applies: ({ kind }, our, their) =>
      kind === "an acknowledgement of PING" &&
      our.lastWord === undefined &&
      their.lastWord === ERROR.internal,
  },
  {
    why: "DATA and HEADERS on a stream that is over, or was left out, are a connection error (RFC 9113, 5.1); nghttp2 passes them over",
    applies: ({ kind, streamId, wasBegun }, our, their) =>
      NOT_ON_CLOSED.some((known) => kind.startsWith(known)) &&
      (wasBegun || streamId !== 0) &&
      (our.lastWord === ERROR.streamClosed || (!wasBegun && our.lastWord === ERROR.protocol)) &&
      their.lastWord === undefined,
  },
  {
    why: "frames on a stream that the client has left out are frames on an idle one; nghttp2 passes them over",
    applies: ({ kind, streamId, wasBegun }, our, their) =>
      /^(WINDOW_UPDATE|RST_STREAM)/.test(kind) &&
      !wasBegun &&
      streamId !== 0 &&
      our.lastWord === ERROR.protocol &&
      their.lastWord === undefined,
  },
  {
    why: "a frame that is too small for its padding's length has a wrong size (RFC 9113, 4.2); for nghttp2 it is a protocol error",
    applies: ({ kind }, our, their) =>
      kind === "DATA without the padding's length" &&
      our.lastWord === ERROR.frameSize &&
      their.lastWord === ERROR.protocol,
  },
  {
    why: "a body that is longer than announced is a stream error (RFC 9113, 8.1.1); node:http2 goes away with an internal error",
    applies: ({ kind, streamId }, our, their) =>
      kind.startsWith("DATA") &&
      our.streams[streamId] === `reset ${ERROR.protocol}` &&
      our.lastWord === undefined &&
      their.lastWord === ERROR.internal,
  },
  {
    why: "a stream's window that is too large is a stream error (RFC 9113, 6.9.1); for nghttp2 one of the connection",
    applies: ({ kind, streamId }, our, their) =>
      kind === "WINDOW_UPDATE by 2^31-1" &&
      streamId !== 0 &&
      our.lastWord === undefined &&
      our.streams[streamId] === `reset ${ERROR.flowControl}` &&
      their.lastWord === ERROR.flowControl,
  },
  {
    why: "a stream's window that opens by nothing is a stream error (RFC 9113, 6.9); for nghttp2 one of the connection",
    applies: ({ kind, streamId }, our, their) =>
      kind === "WINDOW_UPDATE by nothing" &&
      streamId !== 0 &&
      our.lastWord === undefined &&
      their.lastWord === ERROR.protocol,
  },
];

/** What a comparison has seen, so that it can't pass for having seen too little. */
export type ConnectionTally = {
  steps: number;
  answered: number;
  reset: number;
  wentAway: number;
  /** How often each difference that is meant was seen. */
  readonly meant: Record<string, number>;
};

/** Sends random connections to a server of node:http2 and to ours, step by step, and compares what they say to each. */
export async function compareConnections(runs: {
  readonly numRuns: number;
  readonly seed?: number;
}): Promise<ConnectionTally> {
  const theirs = await startAnsweringNghttp2();
  const tally: ConnectionTally = { steps: 0, answered: 0, reset: 0, wentAway: 0, meant: {} };
  try {
    for (const steps of fc.sample(connectionSteps, runs)) {
      const peer = await theirs.connect();
      await compareSteps(steps, peer, tally);
      peer.destroy();
    }
  } finally {
    theirs.close();
  }
  return tally;
}

async function compareSteps(steps: readonly Step[], peer: RawPeer, tally: ConnectionTally): Promise<void> {
  const ours = new Ours();
  let our = ours.receive(OPENING);
  await ask(peer, OPENING, 0);
  for (const [at, step] of steps.entries()) {
    tally.steps++;
    our = ours.receive(Buffer.concat([step.bytes, roundPing(at + 1)]));
    const their = await settle(peer, step, at + 1, our);
    const why = differsAsMeant(step, our, their);
    if (why !== undefined) {
      tally.meant[why] = (tally.meant[why] ?? 0) + 1;
      return; // from here on they are in different states
    }
    const names = steps.slice(0, at + 1).map(({ name }) => name);
    assert.deepEqual(
      our,
      their,
      `ours ${JSON.stringify(our)}, theirs ${JSON.stringify(their)}:\n${names.join("\n")}`,
    );
    if (our.lastWord !== undefined) {
      tally.wentAway++;
      break;
    }
  }
  const ends = Object.values(our.streams);
  tally.answered += ends.filter((end) => end === "answered").length;
  tally.reset += ends.filter((end) => end !== "answered").length;
}

/** node:http2 answers requests some turns of its loop later, after the PING: asks on while that may be. */
async function settle(peer: RawPeer, step: Step, round: number, our: Said): Promise<Said> {
  let their = await ask(peer, step.bytes, round);
  for (let more = 0; more < SETTLE_ROUNDS_MAX && their.lastWord === undefined; more++) {
    if (isDeepStrictEqual(our.streams, their.streams) || differsAsMeant(step, our, their)) break;
    their = await ask(peer, NOTHING, 100 + more);
  }
  // Who goes away says nothing more of streams; node:http2 drops answers then that ours has given already.
  return their.lastWord === undefined ? their : { ...their, streams: our.streams };
}

function differsAsMeant(step: Step, our: Said, their: Said): string | undefined {
  return DIFFERENCES.find(({ applies }) => applies(step, our, their))?.why;
}
