/** Random connections: steps of a frame or a few, most of them sound, each of which may use what the ones before have begun. */
import fc from "fast-check";
import { encodeHeaders } from "../../src/http2/hpack-encoder.ts";
import type { Field } from "./hpack-blocks.ts";
import { FLAG, frame, frames, SETTING, TYPE } from "./raw-frames.ts";

/** What is sent at once. */
export type Step = {
  readonly kind: string;
  readonly name: string;
  readonly bytes: Buffer;
  /** The stream that it is about, 0 for the connection. */
  readonly streamId: number;
  /** The client has sent HEADERS on the stream before. */
  readonly wasBegun: boolean;
};

/** Makes a step's bytes; `ids` knows the streams that were begun. */
type StepMaker = (ids: StreamIds) => Step;

class StreamIds {
  readonly #begun = new Set<number>();
  #last = -1;

  /** The next stream of the client's, or one that leaves some out. */
  next(left: number): number {
    this.begin(this.#last + 2 + 2 * left);
    return this.#last;
  }

  begin(id: number): void {
    this.#begun.add(id);
    if ((id & 1) === 1) this.#last = Math.max(this.#last, id);
  }

  isBegun(id: number): boolean {
    return this.#begun.has(id);
  }

  /** Some stream: `0` the connection, `idle` one that has not begun, `even` one that only a server begins; else one that begun or was left out. */
  pick(which: StreamChoice): number {
    if (which === "connection") return 0;
    if (which === "idle") return this.#last + 10;
    if (which === "even") return 2;
    return Math.max(1, this.#last - 2 * which);
  }
}
type StreamChoice = "connection" | "idle" | "even" | number;

const begun = fc.integer({ min: 0, max: 3 });
const anyStream: fc.Arbitrary<StreamChoice> = fc.oneof(
  { weight: 6, arbitrary: begun },
  { weight: 1, arbitrary: fc.constantFrom<StreamChoice>("connection", "idle", "even") },
);

const REQUEST: readonly Field[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "a"],
];

/** Heads that make a request, by name; then those that don't. */
const GOOD_HEADS: Readonly<Record<string, readonly Field[]>> = {
  plain: REQUEST,
  fields: [...REQUEST, ["x", "y"], ["x", "z"], ["te", "trailers"]],
  cookies: [...REQUEST, ["cookie", "a=b"], ["cookie", "c=d"]],
  bytes: [...REQUEST, ["x", "\xe4\xff"]],
  empty: [...REQUEST, ["x", ""]],
};
const BAD_HEADS: Readonly<Record<string, readonly Field[]>> = {
  "no path": REQUEST.filter(([name]) => name !== ":path"),
  "an empty path": [...REQUEST.filter(([name]) => name !== ":path"), [":path", ""]],
  "no method": REQUEST.slice(1),
  "no scheme": REQUEST.filter(([name]) => name !== ":scheme"),
  "two paths": [...REQUEST, [":path", "/"]],
  "an unknown pseudo field": [...REQUEST, [":x", "y"]],
  "a response's pseudo field": [...REQUEST, [":status", "200"]],
  "a pseudo field after others": [...REQUEST.slice(1), ["x", "y"], [":method", "POST"]],
  "a capital letter": [...REQUEST, ["X", "y"]],
  "a space in a name": [...REQUEST, ["x y", "z"]],
  "no name": [...REQUEST, ["", "y"]],
  "a line break": [...REQUEST, ["x", "y\nz"]],
  "a zero byte": [...REQUEST, ["x", "y\0z"]],
  "a connection field": [...REQUEST, ["connection", "close"]],
  "a transfer encoding": [...REQUEST, ["transfer-encoding", "chunked"]],
  "another te": [...REQUEST, ["te", "gzip"]],
  "two lengths": [...REQUEST, ["content-length", "3"], ["content-length", "4"]],
  "a length that is none": [...REQUEST, ["content-length", "x"]],
};

/** A body's frames: its pieces and which of them are padded. */
const pieces = fc.array(
  fc.record({ bytes: fc.integer({ min: 0, max: 40 }), padding: fc.constantFrom(-1, -1, 0, 7) }),
  {
    minLength: 1,
    maxLength: 3,
  },
);

const goodRequest: fc.Arbitrary<StepMaker> = fc
  .record({
    head: fc.constantFrom(...Object.keys(GOOD_HEADS)),
    left: fc.constantFrom(0, 0, 0, 0, 1, 5),
    body: fc.option(pieces),
    length: fc.constantFrom("none", "none", "right", "wrong"),
    trailers: fc.constantFrom<"none" | "good" | "bad" | "open">(
      "none",
      "none",
      "none",
      "good",
      "bad",
      "open",
    ),
    isSplit: fc.constantFrom(false, false, true),
    priority: fc.oneof(
      { weight: 20, arbitrary: fc.constant("none") },
      { weight: 5, arbitrary: fc.constant("other") },
      { weight: 1, arbitrary: fc.constant("self") },
    ),
    isOpen: fc.constantFrom(false, false, false, false, true),
  })
  .map((shape) => (ids) => {
    const id = ids.next(shape.left);
    const parts = shape.body ?? [];
    const bodyBytes = parts.reduce((sum, { bytes }) => sum + bytes, 0) + (shape.length === "wrong" ? 1 : 0);
    const length: Field[] = shape.length === "none" ? [] : [["content-length", String(bodyBytes)]];
    const block = encodeHeaders([...(GOOD_HEADS[shape.head] ?? []), ...length]);
    const hasTrailers = shape.trailers !== "none";
    const endsWithHead = shape.body === null && !hasTrailers && !shape.isOpen;
    const bytes = [
      ...head(id, block, { isEnd: endsWithHead, isSplit: shape.isSplit, priority: shape.priority }),
      ...parts.map(({ bytes, padding }, at) =>
        data(id, bytes, padding, at === parts.length - 1 && !hasTrailers && !shape.isOpen),
      ),
    ];
    if (hasTrailers) {
      const fields: Field[] = shape.trailers === "bad" ? [[":path", "/"]] : [["x", "y"]];
      const flags = shape.trailers === "open" ? FLAG.endHeaders : FLAG.endHeaders | FLAG.endStream;
      bytes.push(frames.headers(id, encodeHeaders(fields), flags));
    }
    const kind = shape.priority === "self" ? "request that depends on itself" : "request";
    const name = `request ${id} ${JSON.stringify(shape)}`;
    return { kind, name, bytes: Buffer.concat(bytes), streamId: id, wasBegun: false };
  });

const badRequest: fc.Arbitrary<StepMaker> = fc.constantFrom(...Object.keys(BAD_HEADS)).map((why) => (ids) => {
  const id = ids.next(0);
  const bytes = frames.headers(id, encodeHeaders(BAD_HEADS[why] ?? []));
  return { kind: why, name: `request ${id} with ${why}`, bytes, streamId: id, wasBegun: false };
});

const BLOCK = encodeHeaders(REQUEST);

/** A frame by itself, on any stream. */
const single: fc.Arbitrary<StepMaker> = fc.oneof(
  on("DATA", anyStream, (id) => frames.data(id, Buffer.from("x"))),
  on("DATA with END_STREAM", begun, (id) => frames.data(id, Buffer.from("x"), FLAG.endStream)),
  on("empty DATA", begun, (id) => frames.data(id, Buffer.alloc(0))),
  on("DATA of more padding than bytes", begun, (id) => frames.data(id, Buffer.of(9, 0), FLAG.padded)),
  on("DATA without the padding's length", begun, (id) => frames.data(id, Buffer.alloc(0), FLAG.padded)),
  on("HEADERS", anyStream, (id) => frames.headers(id, BLOCK)),
  on("HEADERS of more padding than bytes", fc.constant<StreamChoice>("idle"), (id) =>
    frames.headers(id, Buffer.of(9, 0), FLAG.endHeaders | FLAG.padded),
  ),
  on("HEADERS that can't be read", anyStream, (id) => frames.headers(id, Buffer.of(0x80))),
  on("PRIORITY", anyStream, (id) => frames.priority(id, 0)),
  on("PRIORITY of a wrong size", anyStream, (id) => frame(TYPE.priority, 0, id, Buffer.alloc(4))),
  on("RST_STREAM", anyStream, (id) => frames.rstStream(id)),
  on("RST_STREAM of a wrong size", begun, (id) => frame(TYPE.rstStream, 0, id, Buffer.alloc(3))),
  on("WINDOW_UPDATE", anyStream, (id) => frames.windowUpdate(id, 1)),
  on("WINDOW_UPDATE by nothing", anyStream, (id) => frames.windowUpdate(id, 0)),
  on("WINDOW_UPDATE by 2^31-1", anyStream, (id) => frames.windowUpdate(id, 0x7fff_ffff)),
  on("WINDOW_UPDATE of a wrong size", anyStream, (id) => frame(TYPE.windowUpdate, 0, id, Buffer.alloc(3))),
  on("CONTINUATION", anyStream, (id) => frames.continuation(id, BLOCK)),
  on("PUSH_PROMISE", anyStream, (id) => frame(TYPE.pushPromise, FLAG.endHeaders, id, Buffer.alloc(4))),
  on("an unknown frame", anyStream, (id) => frame(0xfa, 0xff, id, Buffer.alloc(5))),
  on("PING on a stream", begun, (id) => frame(TYPE.ping, 0, id, Buffer.alloc(8))),
  on("SETTINGS on a stream", begun, (id) => frame(TYPE.settings, 0, id)),
  on("GOAWAY on a stream", begun, (id) => frame(TYPE.goaway, 0, id, Buffer.alloc(8))),
  on("a header block that is interrupted", begun, (id) =>
    Buffer.concat([frames.headers(id + 40, BLOCK, 0), frames.data(id, Buffer.alloc(1))]),
  ),
);
const onConnection: fc.Arbitrary<StepMaker> = fc
  .constantFrom<[string, Buffer]>(
    ["PING", frames.ping()],
    ["PING of a wrong size", frames.ping("1234567")],
    ["an acknowledgement of PING", frames.ping("12345678", FLAG.ack)],
    ["SETTINGS", frames.settings()],
    ["SETTINGS of a table", frames.settings([SETTING.headerTableSize, 0])],
    ["SETTINGS of a window", frames.settings([SETTING.initialWindowSize, 100_000])],
    ["SETTINGS of a window too large", frames.settings([SETTING.initialWindowSize, 2 ** 31])],
    ["SETTINGS of a frame size", frames.settings([SETTING.maxFrameSize, 16_384])],
    ["SETTINGS of a frame size too small", frames.settings([SETTING.maxFrameSize, 16_383])],
    ["SETTINGS of a push that is neither", frames.settings([SETTING.enablePush, 2])],
    ["SETTINGS unknown", frames.settings([0x99, 7])],
    ["SETTINGS of a wrong size", frame(TYPE.settings, 0, 0, Buffer.alloc(5))],
    ["an acknowledgement with settings", frame(TYPE.settings, FLAG.ack, 0, Buffer.alloc(6))],
    ["a frame too large", frame(TYPE.data, 0, 1, Buffer.alloc(16_385))],
    ["GOAWAY of a wrong size", frame(TYPE.goaway, 0, 0, Buffer.alloc(7))],
  )
  .map(([name, bytes]) => () => ({ kind: name, name, bytes, streamId: 0, wasBegun: false }));

const step: fc.Arbitrary<StepMaker> = fc.oneof(
  { weight: 8, arbitrary: goodRequest },
  { weight: 2, arbitrary: badRequest },
  { weight: 4, arbitrary: single },
  { weight: 1, arbitrary: onConnection },
);

/** The steps of one connection, after its preface. */
export const connectionSteps: fc.Arbitrary<readonly Step[]> = fc
  .array(step, { minLength: 1, maxLength: 10 })
  .map((makers) => {
    const ids = new StreamIds();
    return makers.map((make) => make(ids));
  });

function on(
  kind: string,
  stream: fc.Arbitrary<StreamChoice>,
  make: (id: number) => Buffer,
): fc.Arbitrary<StepMaker> {
  return stream.map((which) => (ids) => {
    const id = ids.pick(which);
    const wasBegun = ids.isBegun(id);
    if (kind.startsWith("HEADERS")) ids.begin(id);
    return { kind, name: `${kind} on ${id} (${which})`, bytes: make(id), streamId: id, wasBegun };
  });
}

function head(
  id: number,
  block: Buffer,
  { isEnd, isSplit, priority }: { isEnd: boolean; isSplit: boolean; priority: string },
): Buffer[] {
  const depends = priority === "none" ? [] : [Buffer.of(0, 0, 0, priority === "self" ? id : 0, 15)];
  const flags = (isEnd ? FLAG.endStream : 0) | (priority === "none" ? 0 : FLAG.priority);
  if (!isSplit) return [frames.headers(id, Buffer.concat([...depends, block]), flags | FLAG.endHeaders)];
  return [
    frames.headers(id, Buffer.concat([...depends, block.subarray(0, 2)]), flags),
    frames.continuation(id, block.subarray(2, 5), 0),
    frames.continuation(id, block.subarray(5)),
  ];
}

function data(id: number, bytes: number, padding: number, isEnd: boolean): Buffer {
  const end = isEnd ? FLAG.endStream : 0;
  const payload = Buffer.alloc(bytes, "b");
  if (padding < 0) return frames.data(id, payload, end);
  return frames.data(
    id,
    Buffer.concat([Buffer.of(padding), payload, Buffer.alloc(padding)]),
    end | FLAG.padded,
  );
}
