import type { Clock } from "./clock.ts";

/**
 * Lets `ratePerSecond` events through on average and `burst` at once; the rest are for the caller to count.
 *
 * Used where an outsider decides how often something happens, as with the log of denials.
 */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #ratePerMs: number;
  readonly #burst: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(clock: Clock, options: { readonly ratePerSecond: number; readonly burst: number }) {
    this.#clock = clock;
    this.#ratePerMs = options.ratePerSecond / 1000;
    this.#burst = options.burst;
    this.#tokens = options.burst;
    this.#filledAtMs = clock.nowMs();
  }

  /** True at most `burst` times in a row, then as often as the rate refills. */
  take(): boolean {
    const nowMs = this.#clock.nowMs();
    const refill = (nowMs - this.#filledAtMs) * this.#ratePerMs;
    this.#tokens = Math.min(this.#burst, this.#tokens + refill);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
