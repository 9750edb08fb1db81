import { RETRY_MAX_MS, RETRY_MIN_MS } from "../../base/limits.ts";

/**
 * How long to wait before the attempt after `failures` in a row, 1 or more: twice as long each time, less a random half,
 * so that many who failed together don't come back together.
 *
 * @param random from 0 up to but not including 1.
 */
export function backoffMs(failures: number, random: number): number {
  const fullMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures - 1, 30));
  return fullMs * (1 - random / 2);
}
