import type { Clock } from "../base/clock.ts";
import type { PolicyOptions } from "../policy/options.ts";
import { SnapshotStore } from "../policy/snapshot.ts";
import { PolicySyncClient, type SyncState } from "../sync/sync-client.ts";
import type { PolicySource, PolicySourceListener } from "./policy-source.ts";

export type SyncSourceOptions = {
  readonly path: string;
  readonly policy: PolicyOptions;
  readonly maxStalenessMs: number | undefined;
  readonly ownUid: number;
};

/** Policy from a node agent, over PolicySync. */
export class SyncSource implements PolicySource {
  readonly store: SnapshotStore = new SnapshotStore();
  readonly text: string;
  readonly #client: PolicySyncClient;
  readonly #listener: PolicySourceListener;
  readonly #options: SyncSourceOptions;

  constructor(clock: Clock, listener: PolicySourceListener, options: SyncSourceOptions) {
    this.text = `policy-sync unix:${options.path}`;
    this.#listener = listener;
    this.#options = options;
    this.#client = new PolicySyncClient(
      clock,
      this.store,
      {
        stateChanged: (state) => this.#stateChanged(state),
        published: (snapshot, tookMs) => listener.onPublish(snapshot, tookMs),
        issues: (issues) => listener.onIssues(issues),
        problem: (message) => listener.onEvent("warn", message),
      },
      options,
      Math.random,
    );
  }

  get inSync(): boolean {
    return this.store.current !== undefined;
  }

  /** Checks are answered from the start, by `not_in_sync` until the agent has told everything. */
  async start(): Promise<void> {
    this.#listener.onJudging({ ...this.#options.policy, inventory: "complete", inventoryFound: false });
    this.#client.start();
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  status(): object {
    return { policySync: { ...this.#client.status, stale: this.store.stale } };
  }

  #stateChanged(state: SyncState): void {
    const lost = state === "connecting" && this.inSync;
    this.#listener.onEvent(
      lost ? "warn" : "info",
      lost ? "the node agent is away: judging by the last state that it told" : `policy sync: ${state}`,
    );
  }
}
