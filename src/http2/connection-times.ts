import {
  HTTP2_FRAME_TIMEOUT_MS,
  HTTP2_KEEPALIVE_MS,
  HTTP2_KEEPALIVE_TIMEOUT_MS,
  HTTP2_PREFACE_TIMEOUT_MS,
  HTTP2_SETTINGS_TIMEOUT_MS,
} from "../base/limits.ts";

/** What time has run out for; `ping` asks the peer whether it is there, the others end the connection. */
export type Overdue = "preface" | "settings" | "frame" | "ping" | "silence";

/** When what happened on a connection, as far as something has to follow in time. Knows no clock: times are told. */
export class ConnectionTimes {
  readonly #openedAtMs: number;
  #receivedAtMs: number;
  #hasSettings = false;
  #isAcknowledged = false;
  /** When the frame or header block that is under way began; -1 while there is none. */
  #partSinceMs = -1;
  #pingedAtMs = -1;

  constructor(nowMs: number) {
    this.#openedAtMs = nowMs;
    this.#receivedAtMs = nowMs;
  }

  /** @param part what the bytes end in: a new unfinished frame or block, one that was there before, or neither. */
  received(nowMs: number, part: "none" | "new" | "old"): void {
    this.#receivedAtMs = nowMs;
    this.#pingedAtMs = -1;
    if (part === "none") this.#partSinceMs = -1;
    else if (part === "new" || this.#partSinceMs < 0) this.#partSinceMs = nowMs;
  }

  settingsReceived(): void {
    this.#hasSettings = true;
  }

  settingsAcknowledged(): void {
    this.#isAcknowledged = true;
  }

  /** Does not repeat `ping` before the answer to the last was due. */
  overdue(nowMs: number): Overdue | undefined {
    const ageMs = nowMs - this.#openedAtMs;
    if (!this.#hasSettings) return ageMs >= HTTP2_PREFACE_TIMEOUT_MS ? "preface" : undefined;
    if (!this.#isAcknowledged && ageMs >= HTTP2_SETTINGS_TIMEOUT_MS) return "settings";
    if (this.#partSinceMs >= 0 && nowMs - this.#partSinceMs >= HTTP2_FRAME_TIMEOUT_MS) return "frame";
    if (this.#pingedAtMs >= 0) {
      return nowMs - this.#pingedAtMs >= HTTP2_KEEPALIVE_TIMEOUT_MS ? "silence" : undefined;
    }
    if (nowMs - this.#receivedAtMs < HTTP2_KEEPALIVE_MS) return undefined;
    this.#pingedAtMs = nowMs;
    return "ping";
  }
}
