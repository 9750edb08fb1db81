import { env } from "node:process";

/**
 * How many random cases a property is put to: a short run by default, `EPHOR_RUNS` for a long one.
 *
 * @param share what part of the whole this property takes.
 */
export function runs(share: number): number {
  const all = Number(env["EPHOR_RUNS"] ?? "4000");
  return Math.max(20, Math.ceil(all * share));
}

/** Fixed by default, so that a failure of one run is a failure of the next; `EPHOR_SEED=random` looks elsewhere. */
export function seed(): { readonly seed?: number } {
  const text = env["EPHOR_SEED"] ?? "20261121";
  return text === "random" ? {} : { seed: Number(text) };
}
