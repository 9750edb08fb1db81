import { CONNECTION_WINDOW_BYTES, HEADER_LIST_MAX_BYTES, STREAM_WINDOW_BYTES } from "../base/limits.ts";
import { writeWindowUpdate } from "./frames.ts";
import type { Output } from "./output.ts";
import {
  FLOW_CONTROL_ERROR,
  FRAME_PAYLOAD_MAX_BYTES,
  FRAME_SETTINGS,
  MAX_31_BITS,
  NO_ERROR,
  PROTOCOL_ERROR,
  SETTINGS_ENABLE_PUSH,
  SETTINGS_HEADER_TABLE_SIZE,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_CONCURRENT_STREAMS,
  SETTINGS_MAX_FRAME_SIZE,
  SETTINGS_MAX_HEADER_LIST_SIZE,
  SETTINGS_NO_RFC7540_PRIORITIES,
  WINDOW_DEFAULT_BYTES,
} from "./protocol.ts";

/** An identifier and a value. */
export const SETTING_BYTES = 6;
const FRAME_SIZE_LARGEST = 0xff_ffff;

/** What of a peer's settings changes how we write. The others tell of what we never do, or were our own choice to heed. */
export type SettingsSink = {
  headerTableSize(bytes: number): void;
  /** @returns false where a window becomes larger than allowed. */
  initialWindowSize(bytes: number): boolean;
};

/**
 * Passes a SETTINGS payload on, in order.
 *
 * @param bytes from `start` to `end` a whole number of settings.
 * @returns NO_ERROR, or the code of the connection error that the first bad one is.
 */
export function readSettings(bytes: Buffer, start: number, end: number, sink: SettingsSink): number {
  for (let at = start; at < end; at += SETTING_BYTES) {
    const value = bytes.readUInt32BE(at + 2);
    switch (bytes.readUInt16BE(at)) {
      case SETTINGS_HEADER_TABLE_SIZE:
        sink.headerTableSize(value);
        break;
      case SETTINGS_ENABLE_PUSH:
      case SETTINGS_NO_RFC7540_PRIORITIES:
        if (value > 1) return PROTOCOL_ERROR;
        break;
      case SETTINGS_INITIAL_WINDOW_SIZE:
        if (value > MAX_31_BITS || !sink.initialWindowSize(value)) return FLOW_CONTROL_ERROR;
        break;
      case SETTINGS_MAX_FRAME_SIZE:
        if (value < FRAME_PAYLOAD_MAX_BYTES || value > FRAME_SIZE_LARGEST) return PROTOCOL_ERROR;
        break;
      default: // to be ignored, RFC 9113 §6.5.2
    }
  }
  return NO_ERROR;
}

/** Whether a SETTINGS payload has a whole number of settings. */
export function isSettingsLength(length: number): boolean {
  return length % SETTING_BYTES === 0;
}

/** What a server says first: its settings, and a larger window for the connection. */
export function writeServerPreface(output: Output, streamsMax: number): void {
  const settings = [
    [SETTINGS_MAX_CONCURRENT_STREAMS, streamsMax],
    [SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES],
    [SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_LIST_MAX_BYTES],
  ] as const;
  output.frame(settings.length * SETTING_BYTES, FRAME_SETTINGS, 0, 0);
  for (const [id, value] of settings) {
    output.uint16(id);
    output.uint32(value);
  }
  writeWindowUpdate(output, 0, CONNECTION_WINDOW_BYTES - WINDOW_DEFAULT_BYTES);
}
