import { env } from "node:process";

/** How a property is run: what fast-check takes. */
export type RunSettings = {
  readonly numRuns: number;
  readonly seed?: number;
  readonly endOnFailure: boolean;
};

/**
 * A short run by default, a long one where `EPHOR_RUNS` says how many random cases there are to be.
 *
 * The seed is fixed, so that a failure of one run is a failure of the next; `EPHOR_SEED` takes another one, or `random`.
 * `EPHOR_SHRINK=0` stops at the first counterexample as it is, for runs that only ask whether there is one.
 *
 * @param share what part of the cases this property takes.
 */
export function runSettings(share: number): RunSettings {
  const all = Number(env["EPHOR_RUNS"] ?? "4000");
  const seed = env["EPHOR_SEED"] ?? "20261121";
  return {
    numRuns: Math.max(20, Math.ceil(all * share)),
    endOnFailure: env["EPHOR_SHRINK"] === "0",
    ...(seed === "random" ? {} : { seed: Number(seed) }),
  };
}
