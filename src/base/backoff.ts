/**
 * How long to wait before trying again: full jitter, doubling from `firstMs` up to `maxMs`.
 *
 * Full jitter (anything between nothing and the whole step) spreads a herd of clients that lost one server at the
 * same moment better than a step with a little noise.
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempts = 0;

  /** @param random uniform in [0, 1); a parameter so that tests control it. */
  constructor(options: { readonly firstMs: number; readonly maxMs: number }, random: () => number) {
    this.#firstMs = options.firstMs;
    this.#maxMs = options.maxMs;
    this.#random = random;
  }

  /** Milliseconds until the next attempt. */
  nextMs(): number {
    const stepMs = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(this.#attempts, 30));
    this.#attempts++;
    return this.#random() * stepMs;
  }

  /** After a success: the next failure starts from the first step again. */
  reset(): void {
    this.#attempts = 0;
  }
}
