import { assert } from "./assert.ts";
import type { Clock } from "./clock.ts";
import { WORK_SLICE_MS } from "./limits.ts";

/**
 * Work that yields where something else may run before it goes on. Steps are short, a fraction of a millisecond each, so that who runs
 * them can stop after any time.
 */
export type Steps<T> = Generator<void, T, void>;

/** Runs work to its end at once. */
export function finishSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** How work is divided; tests divide it otherwise. */
export type Slicing = {
  readonly clock: Clock;
  readonly sliceMs: number;
  /** Calls back once what waits at the event loop has had its turn. */
  readonly schedule: (next: () => void) => void;
};

export function defaultSlicing(clock: Clock): Slicing {
  return { clock, sliceMs: WORK_SLICE_MS, schedule: (next) => void setImmediate(next) };
}

/**
 * Runs one piece of work at a time in slices between which the event loop turns, so that requests are answered meanwhile. What takes less
 * than a slice is done when run() returns.
 */
export class SlicedWork {
  readonly #slicing: Slicing;
  #steps: Steps<void> | undefined;

  constructor(slicing: Slicing) {
    this.#slicing = slicing;
  }

  get isBusy(): boolean {
    return this.#steps !== undefined;
  }

  run(steps: Steps<void>): void {
    assert(!this.isBusy, "one piece of work is done before the next");
    this.#steps = steps;
    this.#slice(steps);
  }

  /** Does what is left of the work at once. */
  finish(): void {
    const steps = this.#steps;
    if (steps !== undefined) this.#advance(steps, Number.POSITIVE_INFINITY);
  }

  /** What is left of the work will not be done. */
  cancel(): void {
    this.#steps = undefined;
  }

  #slice(steps: Steps<void>): void {
    const { clock, sliceMs, schedule } = this.#slicing;
    this.#advance(steps, clock.nowMs() + sliceMs);
    if (this.#steps !== steps) return;
    schedule(() => {
      if (this.#steps === steps) this.#slice(steps);
    });
  }

  /** Stops when the time is over, at the end of the work, or where it was cancelled from within. */
  #advance(steps: Steps<void>, untilMs: number): void {
    const { clock } = this.#slicing;
    try {
      while (this.#steps === steps) {
        if (steps.next().done === true) {
          if (this.#steps === steps) this.#steps = undefined;
          return;
        }
        if (clock.nowMs() >= untilMs) return;
      }
    } catch (error) {
      if (this.#steps === steps) this.#steps = undefined;
      throw error;
    }
  }
}
