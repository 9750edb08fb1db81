import type { Issue } from "../base/issue.ts";
import { EndpointState } from "./endpoint-state.ts";
import type { Message } from "./messages.ts";
import type { PolicyOptions } from "./options.ts";
import { ProgramBuilder } from "./program-builder.ts";
import { Snapshot } from "./snapshot.ts";

/**
 * Turns messages into snapshots: apply() takes what changed, build() gives the next snapshot.
 *
 * One builder serves one stream of messages; a new stream starts with a new builder, so nothing of an earlier one survives. What did not
 * change between two builds is shared between the two snapshots.
 */
export class SnapshotBuilder {
  readonly #options: PolicyOptions;
  readonly #state = new EndpointState();
  readonly #program: ProgramBuilder;

  constructor(options: PolicyOptions) {
    this.#options = options;
    this.#program = new ProgramBuilder(options);
  }

  /** Whether `in_sync` was among the messages: only then a snapshot allows anything. */
  get inSync(): boolean {
    return this.#state.inSync;
  }

  /**
   * Takes messages in the order in which they were sent.
   *
   * @returns what was wrong with them; the object concerned then refuses what it might have refused (docs/semantics.md,
   *   "Objects that can't be used"). A stream that gives errors should be synchronised anew.
   */
  apply(messages: readonly Message[]): readonly Issue[] {
    return messages.flatMap((message) => this.#state.apply(message));
  }

  /** @param revision larger than that of every snapshot before. */
  build(revision: number): Snapshot {
    const state = this.#state;
    state.finishBatch();
    const program = this.#program.build(state);
    return new Snapshot({
      revision,
      options: this.#options,
      inSync: state.inSync,
      hasEndpoint: state.endpoint !== undefined,
      tiers: program.tiers,
      paths: program.paths,
      callers: program.callers,
      counts: {
        rules: program.ruleCount,
        policies: state.policies.size,
        profiles: state.profiles.size,
        ipSets: state.sets.size,
        ipSetMembers: state.memberCount,
      },
      labels: state.labels,
      destination: program.destination,
    });
  }
}
