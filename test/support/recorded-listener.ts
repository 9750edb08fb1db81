/** A listener of a datastore that notes every call, and what is in force by the updates alone. */
import assert from "node:assert/strict";
import type { Issue } from "../../src/base/issue.ts";
import type { DatastoreListener } from "../../src/datastore/datastore.ts";
import { type Resource, type ResourceUpdate, resourceKeyText } from "../../src/datastore/resources.ts";

/** Far more than anything takes; a condition that does not come true by then never does. */
const DEADLINE_MS = 10_000;

export class RecordedListener implements DatastoreListener {
  readonly batches: (readonly ResourceUpdate[])[] = [];
  readonly issueLists: (readonly Issue[])[] = [];
  inSyncCount = 0;
  /** By key; undefined: told to be unusable. */
  readonly inForce: Map<string, Resource | undefined> = new Map();
  #changed: () => void = () => {};

  onUpdates(batch: readonly ResourceUpdate[]): void {
    this.batches.push(batch);
    for (const update of batch) {
      if (update.kind === "delete") this.inForce.delete(resourceKeyText(update.key));
      else this.inForce.set(resourceKeyText(update.key), update.kind === "put" ? update.resource : undefined);
    }
    this.#changed();
  }

  onInSync(): void {
    this.inSyncCount++;
    this.#changed();
  }

  onIssues(issues: readonly Issue[]): void {
    this.issueLists.push(issues);
    this.#changed();
  }

  get issues(): readonly Issue[] {
    return this.issueLists.at(-1) ?? [];
  }

  /** Waits, call by call of the listener, until the condition holds. */
  async until(what: string, condition: () => boolean, deadlineMs: number = DEADLINE_MS): Promise<void> {
    const deadline = AbortSignal.timeout(deadlineMs);
    while (!condition()) {
      await new Promise<void>((resolve, reject) => {
        const give = (): void => reject(new assert.AssertionError({ message: `never came true: ${what}` }));
        if (deadline.aborted) give();
        deadline.addEventListener("abort", give, { once: true });
        this.#changed = () => {
          deadline.removeEventListener("abort", give);
          resolve();
        };
      });
    }
  }
}
