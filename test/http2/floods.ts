/** Attacks on an HTTP/2 server, by the class of their advisories: what a peer sends on one connection, again and again. */
import { encodeHeaders } from "../../src/http2/hpack-encoder.ts";
import { wire } from "./hpack-blocks.ts";
import { FLAG, frame, frames, PREFACE, SETTING } from "./raw-frames.ts";

/** Preface, settings and the acknowledgement of the server's. */
export const OPENING: Buffer = Buffer.concat([PREFACE, frames.settings(), frames.settingsAck()]);

/** A call that our test service answers once its message is complete. */
export const CALL: Buffer = encodeHeaders([
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/grpc.testing.TestService/EmptyCall"],
  [":authority", "ephor"],
  ["content-type", "application/grpc"],
  ["te", "trailers"],
]);
export const EMPTY_MESSAGE: Buffer = Buffer.alloc(5);
/** A call with fields that make it too large, from an entry of the table: one byte for some four thousand. */
const BOMB = Buffer.concat([CALL, wire.inserted("x", "b".repeat(4_000)), Buffer.alloc(12_000, 0xbe)]);
const NAMELESS = Buffer.concat([CALL, Buffer.alloc(12_000, 0)]);

/** A call whose fields fill the table a few times over and have it emptied before. */
const TABLE_FILLER = Buffer.concat([
  wire.size(0),
  wire.size(4_096),
  CALL,
  ...Array.from({ length: 100 }, () => wire.inserted("x", "")),
]);

export type Flood = {
  readonly name: string;
  /** Said once; default: preface and settings. */
  readonly opening?: Buffer;
  /** Said again and again; `turn` counts from 0. */
  readonly turn: (turn: number) => Buffer;
  /** Frames of one turn. */
  readonly framesPerTurn: number;
  /**
   * `cut`: the server goes away by itself, soon. `served`: each turn is as good as a request and is worked off as it comes, so that only
   * its cost is bounded. `stalled`: the server stops reading.
   */
  readonly end: "cut" | "served" | "stalled";
};

function streamOf(turn: number): number {
  return 2 * turn + 1;
}

/** Of each class at least one. */
export const FLOODS: readonly Flood[] = [
  {
    name: "rapid reset (CVE-2023-44487)",
    turn: (turn) =>
      Buffer.concat([
        frames.headers(streamOf(turn), CALL, FLAG.endHeaders),
        frames.rstStream(streamOf(turn)),
      ]),
    framesPerTurn: 2,
    end: "cut",
  },
  {
    name: "resets that we are made to send, by a window that opens by nothing (CVE-2025-8671)",
    turn: (turn) =>
      Buffer.concat([
        frames.headers(streamOf(turn), CALL, FLAG.endHeaders),
        frames.windowUpdate(streamOf(turn), 0),
      ]),
    framesPerTurn: 2,
    end: "cut",
  },
  {
    name: "resets that we are made to send, by a stream that depends on itself (CVE-2025-8671)",
    turn: (turn) => frames.priority(streamOf(turn), streamOf(turn)),
    framesPerTurn: 1,
    end: "cut",
  },
  {
    name: "resets that we are made to send, by heads without a method (CVE-2019-9514)",
    turn: (turn) => frames.headers(streamOf(turn), encodeHeaders([["x", "y"]])),
    framesPerTurn: 1,
    end: "cut",
  },
  { name: "SETTINGS (CVE-2019-9515)", turn: () => frames.settings(), framesPerTurn: 1, end: "cut" },
  {
    name: "SETTINGS that change the window of many streams",
    opening: Buffer.concat([
      OPENING,
      ...Array.from({ length: 1_000 }, (_, at) => frames.headers(streamOf(at), CALL, FLAG.endHeaders)),
    ]),
    turn: (turn) => {
      const sizes = Array.from(
        { length: 2_000 },
        (_, at) => [SETTING.initialWindowSize, 65_535 - ((turn + at) & 1)] as const,
      );
      return frames.settings(...sizes);
    },
    framesPerTurn: 1,
    end: "cut",
  },
  { name: "PING (CVE-2019-9512)", turn: () => frames.ping(), framesPerTurn: 1, end: "cut" },
  {
    name: "acknowledgements of PING",
    turn: () => frames.ping("12345678", FLAG.ack),
    framesPerTurn: 1,
    end: "cut",
  },
  { name: "acknowledgements of SETTINGS", turn: () => frames.settingsAck(), framesPerTurn: 1, end: "cut" },
  {
    name: "PRIORITY (CVE-2019-9513)",
    turn: (turn) => frames.priority(streamOf(turn), 0),
    framesPerTurn: 1,
    end: "cut",
  },
  { name: "WINDOW_UPDATE", turn: () => frames.windowUpdate(0, 1), framesPerTurn: 1, end: "cut" },
  {
    name: "frames of an unknown type",
    turn: () => frame(0xfa, 0, 0, Buffer.alloc(8)),
    framesPerTurn: 1,
    end: "cut",
  },
  {
    name: "empty DATA (CVE-2019-9518)",
    opening: Buffer.concat([OPENING, frames.headers(1, CALL, FLAG.endHeaders)]),
    turn: () => frames.data(1, Buffer.alloc(0)),
    framesPerTurn: 1,
    end: "cut",
  },
  {
    name: "DATA of padding only",
    opening: Buffer.concat([OPENING, frames.headers(1, CALL, FLAG.endHeaders)]),
    turn: () => frames.data(1, Buffer.concat([Buffer.of(255), Buffer.alloc(255)]), FLAG.padded),
    framesPerTurn: 1,
    end: "cut",
  },
  {
    name: "empty CONTINUATION (CVE-2019-9518)",
    opening: Buffer.concat([OPENING, frames.headers(1, CALL, 0)]),
    turn: () => frames.continuation(1, Buffer.alloc(0), 0),
    framesPerTurn: 1,
    end: "cut",
  },
  {
    name: "CONTINUATION without end (CVE-2024-27316)",
    opening: Buffer.concat([OPENING, frames.headers(1, CALL, 0)]),
    turn: () => frames.continuation(1, wire.unindexed("x", "y".repeat(16_000)), 0),
    framesPerTurn: 1,
    end: "cut",
  },
  {
    name: "header lists that unpack to thousands of times their bytes",
    turn: (turn) => frames.headers(streamOf(turn), BOMB),
    framesPerTurn: 1,
    end: "served",
  },
  {
    name: "fields without a name (CVE-2019-9516)",
    turn: (turn) => frames.headers(streamOf(turn), NAMELESS),
    framesPerTurn: 1,
    end: "served",
  },
  {
    name: "a table that is filled and emptied, block by block",
    turn: (turn) => frames.headers(streamOf(turn), TABLE_FILLER),
    framesPerTurn: 1,
    end: "served",
  },
  {
    name: "answers into a window that stays shut (CVE-2019-9511, CVE-2019-9517)",
    opening: Buffer.concat([PREFACE, frames.settings([SETTING.initialWindowSize, 0]), frames.settingsAck()]),
    turn: (turn) =>
      Buffer.concat([
        frames.headers(streamOf(turn), CALL, FLAG.endHeaders),
        frames.data(streamOf(turn), EMPTY_MESSAGE, FLAG.endStream),
      ]),
    framesPerTurn: 2,
    end: "cut",
  },
  {
    name: "answers into windows that open byte by byte (CVE-2019-9511)",
    opening: Buffer.concat([PREFACE, frames.settings([SETTING.initialWindowSize, 0]), frames.settingsAck()]),
    turn: (turn) =>
      Buffer.concat([
        frames.headers(streamOf(turn), CALL, FLAG.endHeaders),
        frames.data(streamOf(turn), EMPTY_MESSAGE, FLAG.endStream),
        ...Array.from({ length: 20 }, () => frames.windowUpdate(streamOf(turn), 1)),
      ]),
    framesPerTurn: 22,
    end: "cut",
  },
  {
    name: "bodies byte by byte (CVE-2019-9511)",
    turn: (turn) =>
      Buffer.concat([
        frames.headers(streamOf(turn), CALL, FLAG.endHeaders),
        ...Array.from({ length: 5 }, (_, at) =>
          frames.data(streamOf(turn), Buffer.alloc(1), at === 4 ? FLAG.endStream : 0),
        ),
      ]),
    framesPerTurn: 6,
    end: "served",
  },
  {
    name: "too many streams, none of which ends",
    turn: (turn) => frames.headers(streamOf(turn), CALL, FLAG.endHeaders),
    framesPerTurn: 1,
    end: "cut",
  },
  {
    name: "messages that announce a size and never end",
    turn: (turn) =>
      Buffer.concat([
        frames.headers(streamOf(turn), CALL, FLAG.endHeaders),
        frames.data(streamOf(turn), Buffer.from([0, 0, 0x3f, 0xff, 0xff])),
        frames.data(streamOf(turn), Buffer.alloc(2_000)),
      ]),
    framesPerTurn: 3,
    end: "cut",
  },
  {
    name: "frames on streams that we have reset",
    opening: Buffer.concat([OPENING, frames.priority(1, 1)]),
    turn: () => frames.data(1, Buffer.alloc(1)),
    framesPerTurn: 1,
    end: "cut",
  },
  {
    name: "calls whose answers nobody reads",
    turn: (turn) =>
      Buffer.concat([
        frames.headers(streamOf(turn), CALL, FLAG.endHeaders),
        frames.data(streamOf(turn), EMPTY_MESSAGE, FLAG.endStream),
      ]),
    framesPerTurn: 2,
    end: "stalled",
  },
];
