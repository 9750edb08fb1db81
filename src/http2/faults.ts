import type { Overdue } from "./connection-times.ts";
import {
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  SETTINGS_TIMEOUT,
} from "./protocol.ts";

/** A connection error, RFC 9113 §5.4.1: its code, and a text for whoever looks into the peer's logs. */
export type Fault = { readonly code: number; readonly text: string };

export function fault(code: number, text: string): Fault {
  return { code, text };
}

export const WRONG_SIZE: Fault = fault(FRAME_SIZE_ERROR, "a frame has a size that it can't have");
export const WINDOW_EXCEEDED: Fault = fault(FLOW_CONTROL_ERROR, "a flow-control window was exceeded");
export const UNREADABLE_BLOCK: Fault = fault(COMPRESSION_ERROR, "a header block can't be read");
export const TOO_MUCH_PADDING: Fault = fault(PROTOCOL_ERROR, "more padding than payload");
export const TOO_MANY_FRAMES: Fault = fault(ENHANCE_YOUR_CALM, "too many frames that ask for nothing");
export const TOO_MANY_RESETS: Fault = fault(ENHANCE_YOUR_CALM, "too many streams were reset");
export const TOO_MUCH_PENDING: Fault = fault(ENHANCE_YOUR_CALM, "too much waits for flow-control windows");

/** What becomes of a connection that time has run out for. */
export const OVERDUE: Readonly<Record<Exclude<Overdue, "ping">, Fault>> = {
  preface: fault(PROTOCOL_ERROR, "no preface and settings in time"),
  settings: fault(SETTINGS_TIMEOUT, "settings were not acknowledged in time"),
  frame: fault(ENHANCE_YOUR_CALM, "a frame or header block took too long"),
  silence: fault(NO_ERROR, "no answer to a ping"),
};
