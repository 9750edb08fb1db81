import type { LocalEndpoint } from "../../../src/calc/graph.ts";
import type { Datastore } from "../../../src/datastore/datastore.ts";
import { Calculating, readObjects } from "../../support/calculating.ts";
import { GUARDED, ScriptedHistory, SPACES } from "../../support/scripted-history.ts";
import type { HistoryStore } from "./history-stores.ts";

/** Everything that is waited for happens in seconds. */
const QUIET_TIMEOUT_MS = 60_000;

export const LOCAL: readonly LocalEndpoint[] = SPACES.map((namespace) => ({
  kind: "pod",
  namespace,
  name: GUARDED,
}));

/** One history in one store, with a datastore that follows it and a calculation of what that means. */
export class FollowedHistory<Store extends HistoryStore> {
  readonly store: Store;
  readonly history: ScriptedHistory;
  readonly listener: Calculating = new Calculating(LOCAL);
  readonly datastore: Datastore;

  private constructor(store: Store, history: ScriptedHistory) {
    this.store = store;
    this.history = history;
    this.datastore = store.datastore();
  }

  static async start<Store extends HistoryStore>(
    store: Store,
    seed: number,
    hasClusterKinds: boolean,
  ): Promise<FollowedHistory<Store>> {
    const history = new ScriptedHistory(seed, { hasClusterKinds });
    for (const change of history.begin()) await store.write(change);
    const followed = new FollowedHistory(store, history);
    await followed.datastore.start(followed.listener);
    return followed;
  }

  async steps(count: number): Promise<void> {
    for (let step = 0; step < count; step++) await this.store.write(this.history.step());
  }

  /** The quiet point: all that was said is all that would be said now, from scratch. */
  async holds(): Promise<void> {
    const stored = this.history.objects.map((object) => this.store.asStored(object));
    await this.listener.holds(readObjects(stored), QUIET_TIMEOUT_MS);
  }

  async close(): Promise<void> {
    await this.datastore.close();
    await this.store.close();
  }
}
