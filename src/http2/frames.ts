import type { Output } from "./output.ts";
import {
  FLAG_ACK,
  FRAME_GOAWAY,
  FRAME_PING,
  FRAME_RST_STREAM,
  FRAME_SETTINGS,
  FRAME_WINDOW_UPDATE,
} from "./protocol.ts";

/** The payload of a PING. */
export const PING_BYTES = 8;
/** The payload of PRIORITY, and what HEADERS has of it. */
export const PRIORITY_BYTES = 5;

export function writeReset(output: Output, streamId: number, code: number): void {
  output.frame(4, FRAME_RST_STREAM, 0, streamId);
  output.uint32(code);
}

/** @param streamId 0 for the window of the connection. */
export function writeWindowUpdate(output: Output, streamId: number, increment: number): void {
  output.frame(4, FRAME_WINDOW_UPDATE, 0, streamId);
  output.uint32(increment);
}

/** @param payload PING_BYTES long. */
export function writePing(output: Output, payload: Buffer): void {
  output.frame(PING_BYTES, FRAME_PING, 0, 0);
  output.bytes(payload);
}

/** The answer to a PING whose payload is at `start`. */
export function writePingAck(output: Output, bytes: Buffer, start: number): void {
  output.frame(PING_BYTES, FRAME_PING, FLAG_ACK, 0);
  output.bytes(bytes, start, start + PING_BYTES);
}

export function writeSettingsAck(output: Output): void {
  output.frame(0, FRAME_SETTINGS, FLAG_ACK, 0);
}

/** @param text for whoever looks into the peer's logs. */
export function writeGoAway(output: Output, lastId: number, code: number, text: string): void {
  output.frame(8 + text.length, FRAME_GOAWAY, 0, 0);
  output.uint32(lastId);
  output.uint32(code);
  output.bytes(Buffer.from(text, "latin1"));
}
