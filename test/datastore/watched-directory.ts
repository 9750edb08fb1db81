/** A temporary directory and a datastore on it, with every call of the listener recorded. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { Issue } from "../../src/base/issue.ts";
import type { DatastoreListener } from "../../src/datastore/datastore.ts";
import { FileDatastore } from "../../src/datastore/files/file-datastore.ts";
import { type Resource, type ResourceUpdate, resourceKeyText } from "../../src/datastore/resources.ts";

/** Far more than anything takes; a condition that does not come true by then never does. */
const DEADLINE_MS = 10_000;

export async function temporaryDirectory(test: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "ephor-policies-"));
  test.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export class Watched implements DatastoreListener {
  readonly directory: string;
  readonly datastore: FileDatastore;
  readonly batches: (readonly ResourceUpdate[])[] = [];
  readonly issueLists: (readonly Issue[])[] = [];
  inSyncCount = 0;
  /** What is in force, by key, from the updates alone. */
  readonly inForce = new Map<string, Resource | undefined>();
  #changed: () => void = () => {};

  constructor(directory: string) {
    this.directory = directory;
    this.datastore = new FileDatastore(systemClock, { directory });
  }

  static async start(test: TestContext, directory: string): Promise<Watched> {
    const watched = new Watched(directory);
    test.after(() => watched.datastore.close());
    await watched.datastore.start(watched);
    return watched;
  }

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
  }

  onIssues(issues: readonly Issue[]): void {
    this.issueLists.push(issues);
    this.#changed();
  }

  get issues(): readonly Issue[] {
    return this.issueLists.at(-1) ?? [];
  }

  order(name: string): number | undefined {
    const resource = this.inForce.get(`NetworkPolicy shop/${name}`);
    return resource?.kind === "NetworkPolicy" ? resource.spec.order : undefined;
  }

  has(name: string): boolean {
    return this.inForce.has(`NetworkPolicy shop/${name}`);
  }

  /** Waits, call by call of the listener, until the condition holds. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
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

export function policy(name: string, order: number | string = 1): string {
  return `apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: ${name}, namespace: shop}\nspec: {order: ${order}}\n`;
}
