import { assert } from "../base/assert.ts";
import type { Issue } from "../base/issue.ts";
import { finishSteps, type Steps } from "../base/steps.ts";
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
  #isBusy = false;

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
    return finishSteps(this.applySteps(messages));
  }

  /** The same in steps. Nothing else may be asked of the builder until they are done. */
  *applySteps(messages: readonly Message[]): Steps<readonly Issue[]> {
    this.#begin();
    const issues: Issue[] = [];
    for (const message of messages) {
      issues.push(...(yield* this.#state.apply(message)));
      yield;
    }
    this.#isBusy = false;
    return issues;
  }

  /** @param revision larger than that of every snapshot before. */
  build(revision: number): Snapshot {
    return finishSteps(this.buildSteps(revision));
  }

  /** The same in steps. Nothing else may be asked of the builder until they are done. */
  *buildSteps(revision: number): Steps<Snapshot> {
    this.#begin();
    const state = this.#state;
    state.finishBatch();
    const program = yield* this.#program.build(state);
    this.#isBusy = false;
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

  /** Messages that came between the steps of a build would be in half of its snapshot. */
  #begin(): void {
    assert(!this.#isBusy, "a builder does one thing at a time");
    this.#isBusy = true;
  }
}
