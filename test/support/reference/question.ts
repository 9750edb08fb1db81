import type { Flow } from "../../../src/policy/flow.ts";
import type { PolicyOptions } from "../../../src/policy/options.ts";
import type { Reading } from "./paths.ts";
import type { ReferenceState } from "./state.ts";

/** One request under one reading of its path. `reading` undefined: the path has none, or nobody asks. */
export type Question = {
  readonly state: ReferenceState;
  readonly options: PolicyOptions;
  readonly flow: Flow;
  readonly reading: Reading | undefined;
};
