/** HTTP/2 frames by hand (RFC 9113, 4.1 and 6), sound or not. */

export const PREFACE: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** Error codes (7). */
export const ERROR = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  connect: 10,
  enhanceYourCalm: 11,
} as const;

export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

export type Frame = {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
};

const NOTHING = Buffer.alloc(0);

/** The bytes of a frame. */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = NOTHING): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId >>> 0, 5);
  return Buffer.concat([head, payload]);
}

function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * at);
  return bytes;
}

/** The bytes of sound frames, by kind. */
export const frames = {
  settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
    const entries = pairs.map(([id, value]) =>
      Buffer.concat([Buffer.of(id >>> 8, id & 0xff), uint32(value)]),
    );
    return frame(TYPE.settings, 0, 0, Buffer.concat(entries));
  },
  settingsAck: (): Buffer => frame(TYPE.settings, FLAG.ack, 0),
  ping: (payload: string = "12345678", flags = 0): Buffer => frame(TYPE.ping, flags, 0, Buffer.from(payload)),
  headers: (streamId: number, block: Uint8Array, flags: number = FLAG.endHeaders | FLAG.endStream): Buffer =>
    frame(TYPE.headers, flags, streamId, block),
  continuation: (streamId: number, block: Uint8Array, flags: number = FLAG.endHeaders): Buffer =>
    frame(TYPE.continuation, flags, streamId, block),
  data: (streamId: number, payload: Uint8Array, flags = 0): Buffer =>
    frame(TYPE.data, flags, streamId, payload),
  rstStream: (streamId: number, code: number = ERROR.cancel): Buffer =>
    frame(TYPE.rstStream, 0, streamId, uint32(code)),
  windowUpdate: (streamId: number, increment: number): Buffer =>
    frame(TYPE.windowUpdate, 0, streamId, uint32(increment)),
  goaway: (lastStreamId: number, code: number = ERROR.none): Buffer =>
    frame(TYPE.goaway, 0, 0, uint32(lastStreamId, code)),
  priority: (streamId: number, dependsOn: number, weight = 15): Buffer =>
    frame(TYPE.priority, 0, streamId, Buffer.concat([uint32(dependsOn), Buffer.of(weight)])),
};

/** Splits what has arrived so far into whole frames; the rest is for the next time. */
export class FrameSplitter {
  #rest: Buffer = NOTHING;

  push(chunk: Uint8Array): Frame[] {
    let bytes = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    const whole: Frame[] = [];
    while (bytes.length >= 9) {
      const end = 9 + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      const streamId = bytes.readUInt32BE(5) & 0x7fffffff;
      whole.push({ type: bytes[3]!, flags: bytes[4]!, streamId, payload: bytes.subarray(9, end) });
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
    return whole;
  }
}
