import type { Clock } from "../base/clock.ts";
import {
  CONNECTION_WINDOW_BYTES,
  HTTP2_CALL_MAX_MS,
  RESPONSES_PENDING_MAX_BYTES,
  STREAM_WINDOW_BYTES,
} from "../base/limits.ts";
import { BodyKeeper } from "./body-keeper.ts";
import { ConnectionTimes } from "./connection-times.ts";
import * as faults from "./faults.ts";
import { type Fault, fault } from "./faults.ts";
import { FloodGuard } from "./flood-guard.ts";
import { type FrameSink, FrameSplitter } from "./frame-splitter.ts";
import {
  PING_BYTES,
  PRIORITY_BYTES,
  writeGoAway,
  writePing,
  writePingAck,
  writeReset,
  writeSettingsAck,
  writeWindowUpdate,
} from "./frames.ts";
import { HeadDecoder } from "./head-decoder.ts";
import { type BlockKind, blockKind, HeaderBlock } from "./header-block.ts";
import type { Output } from "./output.ts";
import * as h2 from "./protocol.ts";
import type { ConnectionOptions, ConnectionShared, RequestHandler, Responder } from "./request-handler.ts";
import { ResponseWriter } from "./response-writer.ts";
import {
  isSettingsLength,
  readSettings,
  SETTING_BYTES,
  type SettingsSink,
  writeServerPreface,
} from "./settings.ts";
import type { Stream } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";

const EMPTY = Buffer.alloc(0);
/** What our PING frames carry: one asks whether the peer is there, the other whether it has seen the first GOAWAY. */
const KEEPALIVE_PING = Buffer.from("keepaliv", "latin1");
const SHUTDOWN_PING = Buffer.from("shutdown", "latin1");

/**
 * The server's end of one HTTP/2 connection, RFC 9113: bytes in, bytes out, requests to a handler. Has no socket and no timers.
 *
 * States: *preface*, until the client's first words; *settings*, until its first frame, which must be SETTINGS; *open*; *closed*, after a
 * last GOAWAY, when nothing is read any more. Shutting down is beside these: *told*, a GOAWAY that names no last stream; *last*, from when
 * the peer has seen that, one that does.
 */
export class Connection<Call> implements FrameSink, SettingsSink, Responder<Call> {
  readonly #clock: Clock;
  readonly #handler: RequestHandler<Call>;
  readonly #shared: ConnectionShared<Call>;
  readonly #options: ConnectionOptions;
  readonly #output: Output;
  readonly #writer: ResponseWriter<Call>;
  readonly #bodies: BodyKeeper<Call>;
  readonly #guard: FloodGuard;
  readonly #times: ConnectionTimes;
  readonly #heads: HeadDecoder<Call>;
  readonly #splitter = new FrameSplitter(this);
  readonly #block = new HeaderBlock();
  readonly #streams = new StreamTable<Call>();
  readonly #onWritten = (stream: Stream<Call>): void => this.#end(stream);
  #state: "preface" | "settings" | "open" | "closed" = "preface";
  #shutdown: "no" | "told" | "last" = "no";
  #prefaceBytes = 0;
  #nowMs: number;
  #frameCount = 0;
  /** What the peer may still send on the connection. */
  #receiveWindow = CONNECTION_WINDOW_BYTES;
  /** What went wrong while a response was written. */
  #writeFault: Fault | undefined;

  constructor(
    clock: Clock,
    handler: RequestHandler<Call>,
    shared: ConnectionShared<Call>,
    options: ConnectionOptions,
  ) {
    this.#clock = clock;
    this.#handler = handler;
    this.#shared = shared;
    this.#options = options;
    this.#output = shared.output;
    this.#writer = new ResponseWriter(shared.output);
    this.#bodies = new BodyKeeper(shared.bodies, options);
    this.#heads = new HeadDecoder(handler);
    this.#nowMs = clock.nowMs();
    this.#guard = new FloodGuard(this.#nowMs);
    this.#times = new ConnectionTimes(this.#nowMs);
  }

  /** Whether the connection has said its last word: what is in the output may be sent, then the socket ends. */
  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** Takes in what came from the peer and writes what there is to answer to the output. */
  receive(chunk: Buffer): void {
    if (this.#state === "closed") return;
    this.#nowMs = this.#clock.nowMs();
    this.#guard.refill(this.#nowMs);
    const framesBefore = this.#frameCount;
    const offset = this.#state === "preface" ? this.#readPreface(chunk) : 0;
    if (offset < chunk.length) this.#splitter.split(chunk, offset);
    const isWithinBlock = this.#block.streamId !== 0;
    const isOld = isWithinBlock || this.#frameCount === framesBefore;
    const isNone = !isWithinBlock && !this.#splitter.isWithinFrame;
    this.#times.received(this.#nowMs, isNone ? "none" : isOld ? "old" : "new");
  }

  /** To be called every HTTP2_SWEEP_MS or so: ends what takes too long. */
  checkTimes(): void {
    if (this.#state === "closed") return;
    this.#nowMs = this.#clock.nowMs();
    const overdue = this.#times.overdue(this.#nowMs);
    if (overdue === "ping") writePing(this.#output, KEEPALIVE_PING);
    else if (overdue !== undefined) this.#fail(faults.OVERDUE[overdue]);
    // Streams are in the order of their beginning.
    for (const stream of this.#streams.values()) {
      if (this.#nowMs - stream.startedAtMs < HTTP2_CALL_MAX_MS) break;
      const fault = this.#resetStream(stream, h2.ENHANCE_YOUR_CALM);
      if (fault !== undefined) this.#fail(fault);
    }
  }

  /** Asks the peer to begin nothing new, and closes once all is answered. */
  shutDown(): void {
    if (this.#state === "preface") this.close();
    if (this.#state === "closed" || this.#shutdown !== "no") return;
    this.#shutdown = "told";
    writeGoAway(this.#output, h2.MAX_31_BITS, h2.NO_ERROR, "");
    writePing(this.#output, SHUTDOWN_PING);
  }

  /** Nothing more is read or said: the socket is gone, or all is answered. */
  close(): void {
    this.#state = "closed";
    for (const stream of this.#streams.values()) this.#forget(stream);
  }

  respond(
    stream: Stream<Call>,
    head: Uint8Array,
    preamble: Uint8Array,
    body: Uint8Array,
    trailers: Uint8Array | undefined,
  ): void {
    stream.isAnswered = true;
    this.#guard.requestAnswered();
    if (this.#writer.write(stream, head, preamble, body, trailers)) {
      this.#end(stream);
    } else if (this.#writer.pendingBytes > RESPONSES_PENDING_MAX_BYTES) {
      this.#writeFault = faults.TOO_MUCH_PENDING;
    }
  }

  frame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): boolean {
    this.#frameCount++;
    const fault =
      this.#requireOrder(type, flags, streamId) ?? this.#onFrame(type, flags, streamId, bytes, start, end);
    if (fault !== undefined) this.#fail(fault);
    else if (this.#writeFault !== undefined) this.#fail(this.#writeFault);
    return this.#state !== "closed";
  }

  frameTooLarge(): void {
    this.#fail(faults.WRONG_SIZE);
  }

  headerTableSize(bytes: number): void {
    if (bytes < h2.HEADER_TABLE_DEFAULT_BYTES) this.#writer.tableShrunk();
  }

  initialWindowSize(bytes: number): boolean {
    const change = bytes - this.#writer.initialWindow;
    this.#writer.initialWindow = bytes;
    for (const stream of this.#streams.values()) {
      if (!this.#writer.openStream(stream, change)) return false;
    }
    return true;
  }

  /** @returns how much of `chunk` belongs to the preface. */
  #readPreface(chunk: Buffer): number {
    const from = this.#prefaceBytes;
    const length = Math.min(h2.CLIENT_PREFACE.length - from, chunk.length);
    this.#prefaceBytes += length;
    if (chunk.compare(h2.CLIENT_PREFACE, from, from + length, 0, length) !== 0) {
      this.#fail(fault(h2.PROTOCOL_ERROR, "not HTTP/2"));
      return chunk.length;
    }
    if (this.#prefaceBytes === h2.CLIENT_PREFACE.length) {
      this.#state = "settings";
      writeServerPreface(this.#output, this.#options.streamsMax);
    }
    return length;
  }

  /** SETTINGS come first, and nothing comes between the frames of a header block. */
  #requireOrder(type: number, flags: number, streamId: number): Fault | undefined {
    if (this.#state !== "open") {
      if (type !== h2.FRAME_SETTINGS || (flags & h2.FLAG_ACK) !== 0) {
        return fault(h2.PROTOCOL_ERROR, "the first frame is not SETTINGS");
      }
      this.#state = "open";
      this.#times.settingsReceived();
    }
    const within = this.#block.streamId;
    if (within !== 0 && (type !== h2.FRAME_CONTINUATION || streamId !== within)) {
      return fault(h2.PROTOCOL_ERROR, "a header block was interrupted");
    }
    return undefined;
  }

  #onFrame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Fault | undefined {
    switch (type) {
      case h2.FRAME_DATA:
        return this.#onData(flags, streamId, bytes, start, end);
      case h2.FRAME_HEADERS:
        return this.#onHeaders(flags, streamId, bytes, start, end);
      case h2.FRAME_CONTINUATION:
        return this.#onContinuation(flags, bytes, start, end);
      case h2.FRAME_PUSH_PROMISE:
        return fault(h2.PROTOCOL_ERROR, "a client can't push");
      default:
        if (!this.#guard.controlFrame()) return faults.TOO_MANY_FRAMES;
        return this.#onControl(type, flags, streamId, bytes, start, end);
    }
  }

  #onHeaders(flags: number, streamId: number, bytes: Buffer, start: number, end: number): Fault | undefined {
    if ((streamId & 1) === 0) return fault(h2.PROTOCOL_ERROR, "HEADERS on a stream that no client begins");
    const isPadded = (flags & h2.FLAG_PADDED) !== 0;
    const hasPriority = (flags & h2.FLAG_PRIORITY) !== 0;
    let from = start + (isPadded ? 1 : 0);
    if (from + (hasPriority ? PRIORITY_BYTES : 0) > end) return faults.WRONG_SIZE;
    const to = end - (isPadded ? bytes[start]! : 0);
    let isBad = false;
    if (hasPriority) {
      isBad = dependsOn(streamId, bytes, from);
      from += PRIORITY_BYTES;
    }
    if (to < from) return faults.TOO_MUCH_PADDING;
    const kind = blockKind((flags & h2.FLAG_END_STREAM) !== 0, isBad);
    if ((flags & h2.FLAG_END_HEADERS) !== 0) return this.#onBlock(streamId, kind, bytes, from, to);
    this.#block.begin(streamId, kind);
    this.#block.add(bytes, from, to);
    return undefined;
  }

  #onContinuation(flags: number, bytes: Buffer, start: number, end: number): Fault | undefined {
    const { streamId, kind } = this.#block;
    if (streamId === 0) return fault(h2.PROTOCOL_ERROR, "CONTINUATION of nothing");
    if (!this.#block.add(bytes, start, end)) {
      return fault(h2.ENHANCE_YOUR_CALM, "a header block is too large, or in too many pieces");
    }
    if ((flags & h2.FLAG_END_HEADERS) === 0) return undefined;
    const block = this.#block.finish();
    return this.#onBlock(streamId, kind, block, 0, block.length);
  }

  /** A whole header block. Whatever becomes of it, it must be decoded, or later ones can't be. */
  #onBlock(id: number, kind: BlockKind, bytes: Buffer, start: number, end: number): Fault | undefined {
    if (id <= this.#streams.lastId) return this.#onTrailers(id, kind, bytes, start, end);
    const read = this.#heads.readRequest(bytes, start, end);
    if (read === "compression_error") return faults.UNREADABLE_BLOCK;
    if (!this.#streams.begin(id)) return undefined;
    if (read === "malformed" || kind.isBad || (kind.isEnd && read.bodyBytes > 0)) {
      return this.#refuse(id, h2.PROTOCOL_ERROR);
    }
    if (this.#streams.size >= this.#options.streamsMax) return this.#refuse(id, h2.REFUSED_STREAM);
    const stream = this.#shared.streams.take(id, read.call, this.#nowMs);
    stream.receiveWindow = STREAM_WINDOW_BYTES;
    stream.sendWindow = this.#writer.initialWindow;
    stream.bodyBytesDeclared = read.bodyBytes;
    stream.isRequestEnded = kind.isEnd;
    this.#streams.add(stream);
    this.#handler.onHead(this, stream);
    if (kind.isEnd && !stream.isAnswered) this.#handler.onRequest(this, stream, EMPTY, 0, 0);
    return undefined;
  }

  #onTrailers(id: number, kind: BlockKind, bytes: Buffer, start: number, end: number): Fault | undefined {
    const read = this.#heads.readTrailers(bytes, start, end);
    if (read === "compression_error") return faults.UNREADABLE_BLOCK;
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#onClosedStream(id);
    if (stream.isRequestEnded) return this.#resetStream(stream, h2.STREAM_CLOSED);
    if (!kind.isEnd || kind.isBad || read === "malformed") {
      return this.#resetStream(stream, h2.PROTOCOL_ERROR);
    }
    return this.#onRequestEnd(stream, EMPTY, 0, 0);
  }

  #onData(flags: number, streamId: number, bytes: Buffer, start: number, end: number): Fault | undefined {
    const length = end - start;
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0) return faults.WINDOW_EXCEEDED;
    if (this.#receiveWindow < CONNECTION_WINDOW_BYTES / 2) {
      writeWindowUpdate(this.#output, 0, CONNECTION_WINDOW_BYTES - this.#receiveWindow);
      this.#receiveWindow = CONNECTION_WINDOW_BYTES;
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return this.#onClosedStream(streamId);
    let from = start;
    let to = end;
    if ((flags & h2.FLAG_PADDED) !== 0) {
      if (length === 0) return faults.WRONG_SIZE;
      to -= bytes[from++]!;
      if (to < from) return faults.TOO_MUCH_PADDING;
    }
    if (stream.isRequestEnded) return this.#resetStream(stream, h2.STREAM_CLOSED);
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) return this.#resetStream(stream, h2.FLOW_CONTROL_ERROR);
    stream.bodyBytes += to - from;
    const declared = stream.bodyBytesDeclared;
    if (declared >= 0 && stream.bodyBytes > declared) return this.#resetStream(stream, h2.PROTOCOL_ERROR);
    if ((flags & h2.FLAG_END_STREAM) !== 0) return this.#onRequestEnd(stream, bytes, from, to);
    if (from === to && !this.#guard.controlFrame()) return faults.TOO_MANY_FRAMES;
    this.#onPartOfBody(stream, bytes, from, to);
    return undefined;
  }

  #onPartOfBody(stream: Stream<Call>, bytes: Buffer, start: number, end: number): void {
    if (stream.receiveWindow < STREAM_WINDOW_BYTES / 2) {
      writeWindowUpdate(this.#output, stream.id, STREAM_WINDOW_BYTES - stream.receiveWindow);
      stream.receiveWindow = STREAM_WINDOW_BYTES;
    }
    if (stream.isAnswered) return;
    this.#bodies.keep(stream, bytes, start, end);
    if (stream.unread === "endless") this.#handler.onUnread(this, stream, "endless");
  }

  #onRequestEnd(stream: Stream<Call>, bytes: Buffer, start: number, end: number): Fault | undefined {
    const declared = stream.bodyBytesDeclared;
    if (declared >= 0 && stream.bodyBytes !== declared) return this.#resetStream(stream, h2.PROTOCOL_ERROR);
    stream.isRequestEnded = true;
    if (stream.isAnswered) return undefined;
    const isWhole = stream.body === undefined && stream.unread === undefined;
    if (!isWhole || end - start > this.#options.bodyMaxBytes) this.#bodies.keep(stream, bytes, start, end);
    if (stream.unread !== undefined) this.#handler.onUnread(this, stream, stream.unread);
    else if (stream.body === undefined) this.#handler.onRequest(this, stream, bytes, start, end);
    else this.#handler.onRequest(this, stream, stream.body, 0, stream.bodyKept);
    return undefined;
  }

  #onControl(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Fault | undefined {
    const length = end - start;
    switch (type) {
      case h2.FRAME_SETTINGS:
        return this.#onSettings(flags, streamId, bytes, start, end);
      case h2.FRAME_PING:
        if (streamId !== 0) return fault(h2.PROTOCOL_ERROR, "PING on a stream");
        return length === PING_BYTES ? this.#onPing(flags, bytes, start, end) : faults.WRONG_SIZE;
      case h2.FRAME_WINDOW_UPDATE:
        if (length !== 4) return faults.WRONG_SIZE;
        return this.#onWindowUpdate(streamId, bytes.readUInt32BE(start) & h2.MAX_31_BITS);
      case h2.FRAME_RST_STREAM:
        return length === 4 ? this.#onReset(streamId) : faults.WRONG_SIZE;
      case h2.FRAME_PRIORITY:
        if (streamId === 0) return fault(h2.PROTOCOL_ERROR, "PRIORITY on no stream");
        if (length !== PRIORITY_BYTES) return this.#refuse(streamId, h2.FRAME_SIZE_ERROR);
        // What else it says has no meaning any more, RFC 9113 §5.3.
        return dependsOn(streamId, bytes, start) ? this.#refuse(streamId, h2.PROTOCOL_ERROR) : undefined;
      case h2.FRAME_GOAWAY:
        if (streamId !== 0) return fault(h2.PROTOCOL_ERROR, "GOAWAY on a stream");
        // The peer begins nothing any more, and closes when it has its answers.
        return length >= 8 ? undefined : faults.WRONG_SIZE;
      default:
        return undefined; // unknown types are to be ignored, RFC 9113 §5.5
    }
  }

  #onSettings(flags: number, streamId: number, bytes: Buffer, start: number, end: number): Fault | undefined {
    if (streamId !== 0) return fault(h2.PROTOCOL_ERROR, "SETTINGS on a stream");
    if ((flags & h2.FLAG_ACK) !== 0) {
      this.#times.settingsAcknowledged();
      return start === end ? undefined : faults.WRONG_SIZE;
    }
    if (!isSettingsLength(end - start)) return faults.WRONG_SIZE;
    if (!this.#guard.settings((end - start) / SETTING_BYTES)) return faults.TOO_MANY_FRAMES;
    const code = readSettings(bytes, start, end, this);
    if (code !== h2.NO_ERROR) return fault(code, "a setting has a value that it can't have");
    writeSettingsAck(this.#output);
    this.#writer.writeOn(this.#onWritten);
    return undefined;
  }

  #onPing(flags: number, bytes: Buffer, start: number, end: number): undefined {
    if ((flags & h2.FLAG_ACK) === 0) {
      writePingAck(this.#output, bytes, start);
    } else if (this.#shutdown === "told" && bytes.compare(SHUTDOWN_PING, 0, PING_BYTES, start, end) === 0) {
      this.#shutdown = "last";
      this.#streams.endBeginnings();
      writeGoAway(this.#output, this.#streams.lastId, h2.NO_ERROR, "");
      if (this.#streams.size === 0) this.close();
    }
  }

  #onWindowUpdate(streamId: number, increment: number): Fault | undefined {
    if (streamId === 0) {
      if (increment === 0) return fault(h2.PROTOCOL_ERROR, "a window opens by nothing");
      if (!this.#writer.openConnection(increment)) return faults.WINDOW_EXCEEDED;
    } else {
      const stream = this.#streams.get(streamId);
      if (stream === undefined) return this.#requireBegun(streamId);
      if (increment === 0) return this.#resetStream(stream, h2.PROTOCOL_ERROR);
      if (!this.#writer.openStream(stream, increment)) {
        return this.#resetStream(stream, h2.FLOW_CONTROL_ERROR);
      }
    }
    this.#writer.writeOn(this.#onWritten);
    return undefined;
  }

  #onReset(streamId: number): Fault | undefined {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return this.#requireBegun(streamId);
    this.#forget(stream);
    return this.#guard.streamReset() ? undefined : faults.TOO_MANY_RESETS;
  }

  /** DATA or HEADERS on a stream that has no record. */
  #onClosedStream(id: number): Fault | undefined {
    if (this.#streams.isIgnored(id)) return this.#guard.controlFrame() ? undefined : faults.TOO_MANY_FRAMES;
    const code = this.#streams.isIdle(id) ? h2.PROTOCOL_ERROR : h2.STREAM_CLOSED;
    return fault(code, "a frame on a stream that is not open");
  }

  /** WINDOW_UPDATE or RST_STREAM on a stream that has no record: it may have ended, but must have been. */
  #requireBegun(id: number): Fault | undefined {
    if (!this.#streams.isIdle(id) || this.#streams.isIgnored(id)) return undefined;
    return fault(h2.PROTOCOL_ERROR, "a frame on an idle stream");
  }

  /** A stream error. */
  #resetStream(stream: Stream<Call>, code: number): Fault | undefined {
    const { id } = stream;
    this.#forget(stream);
    return this.#refuse(id, code);
  }

  /** A stream error where there is no record of the stream, or none any more. */
  #refuse(id: number, code: number): Fault | undefined {
    writeReset(this.#output, id, code);
    this.#streams.rememberReset(id);
    return this.#guard.streamReset() ? undefined : faults.TOO_MANY_RESETS;
  }

  /** A response is written whole. A request that is not complete has no use any more: RFC 9113 §8.1. */
  #end(stream: Stream<Call>): void {
    if (!stream.isRequestEnded) {
      writeReset(this.#output, stream.id, h2.NO_ERROR);
      this.#streams.rememberReset(stream.id);
    }
    this.#forget(stream);
  }

  #forget(stream: Stream<Call>): void {
    this.#streams.remove(stream);
    this.#bodies.release(stream);
    this.#writer.drop(stream);
    this.#shared.streams.give(stream);
    if (this.#shutdown === "last" && this.#streams.size === 0) this.close();
  }

  #fail({ code, text }: Fault): void {
    if (this.#state === "closed") return;
    writeGoAway(this.#output, this.#streams.lastId, code, text);
    this.close();
  }
}

/** Whether the priority at `start` makes a stream depend on itself. */
function dependsOn(streamId: number, bytes: Buffer, start: number): boolean {
  return (bytes.readUInt32BE(start) & h2.MAX_31_BITS) === streamId;
}
