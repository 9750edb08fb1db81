import type { Flow } from "./flow.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Verdict } from "./verdict.ts";

/** The nearest single change that would turn a denial into an allow, as a sentence. */
export function findNearest(_snapshot: Snapshot, _flow: Flow, _verdict: Verdict): string | undefined {
  return undefined;
}
