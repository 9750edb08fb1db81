/** Time as a parameter, so that tests control it. The only file that reads the system's clocks. */
export type Clock = {
  /** Monotonic milliseconds with fractions; only differences mean anything. */
  readonly nowMs: () => number;
  /** Milliseconds since the Unix epoch, for dates that a person reads and for certificate validity. */
  readonly wallMs: () => number;
};

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
};
