import type { Clock } from "../base/clock.ts";
import { CHECK_QUEUE_MIN } from "../base/limits.ts";

/**
 * Says when checks queue for so long that answering properly helps nobody.
 *
 * They queue where we cannot see them, in the sockets, while the event loop is busy. What can be seen is a turn of the loop: it reads
 * all that has come in, answers it, and only then looks again. So the time since a turn's first check is what the checks answered
 * now have waited behind others, and what those not yet read will wait at least. Only checks count: a pause before the first (a
 * policy being compiled, a collection) is over when they are read, and refusing them then would serve nobody. For the same reason a turn of
 * fewer than CHECK_QUEUE_MIN checks is no queue: if it takes long, the process was held up once.
 *
 * Refusing saves the decision, not the transport: it bounds how late answers come and says why, it does not create capacity.
 */
export class OverloadGuard {
  readonly #clock: Clock;
  readonly #waitMaxMs: number;
  readonly #schedule: (turnEnd: () => void) => void;
  readonly #turnEnd: () => void;
  #isInTurn = false;
  #turnStartMs = 0;
  #checksThisTurn = 0;

  /** @param schedule calls back once all that this turn has read is worked off: `setImmediate`, but for tests. */
  constructor(clock: Clock, waitMaxMs: number, schedule: (turnEnd: () => void) => void = setImmediate) {
    this.#clock = clock;
    this.#waitMaxMs = waitMaxMs;
    this.#schedule = schedule;
    this.#turnEnd = () => {
      this.#isInTurn = false;
    };
  }

  /**
   * Whether to answer the check that is at hand properly.
   *
   * @param remainingMs what the caller's deadline still leaves; Infinity where it has none, zero or less where it is over.
   */
  admit(remainingMs: number): boolean {
    const nowMs = this.#clock.nowMs();
    if (!this.#isInTurn) {
      this.#isInTurn = true;
      this.#turnStartMs = nowMs;
      this.#checksThisTurn = 0;
      this.#schedule(this.#turnEnd);
    }
    this.#checksThisTurn++;
    const waitedMs = nowMs - this.#turnStartMs;
    if (waitedMs >= remainingMs) return false;
    return waitedMs < this.#waitMaxMs || this.#checksThisTurn <= CHECK_QUEUE_MIN;
  }
}
