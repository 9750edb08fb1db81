import {
  CONTROL_FRAMES_BURST,
  CONTROL_FRAMES_PER_REQUEST,
  CONTROL_FRAMES_PER_SECOND,
  STREAM_RESETS_BURST,
  STREAM_RESETS_PER_REQUEST,
  STREAM_RESETS_PER_SECOND,
} from "../base/limits.ts";

/**
 * Counts what a peer makes us do beside answering requests.
 *
 * Two allowances, each spent one by one and earned back by time and by requests that are answered: frames that ask for nothing (PING, SETTINGS, PRIORITY,
 * WINDOW_UPDATE, empty DATA, unknown ones), and streams that end without an answer, whoever resets them (CVE-2023-44487, CVE-2025-8671).
 * Who works hard may ask much, so that a busy proxy never comes near an end; who only asks does, soon.
 */
export class FloodGuard {
  #control = CONTROL_FRAMES_BURST;
  #resets = STREAM_RESETS_BURST;
  #filledAtMs: number;

  constructor(nowMs: number) {
    this.#filledAtMs = nowMs;
  }

  /** To be called before what came at `nowMs` is counted. */
  refill(nowMs: number): void {
    const seconds = (nowMs - this.#filledAtMs) / 1000;
    this.#filledAtMs = nowMs;
    this.#control = Math.min(CONTROL_FRAMES_BURST, this.#control + seconds * CONTROL_FRAMES_PER_SECOND);
    this.#resets = Math.min(STREAM_RESETS_BURST, this.#resets + seconds * STREAM_RESETS_PER_SECOND);
  }

  requestAnswered(): void {
    if (this.#control < CONTROL_FRAMES_BURST) this.#control += CONTROL_FRAMES_PER_REQUEST;
    if (this.#resets < STREAM_RESETS_BURST) this.#resets += STREAM_RESETS_PER_REQUEST;
  }

  /** @returns false when there have been too many. */
  controlFrame(): boolean {
    return --this.#control >= 0;
  }

  /** Each setting counts like a frame, since it can cost as much as there are streams. @returns false when there have been too many. */
  settings(count: number): boolean {
    this.#control -= count;
    return this.#control >= 0;
  }

  /** @returns false when there have been too many. */
  streamReset(): boolean {
    return --this.#resets >= 0;
  }
}
