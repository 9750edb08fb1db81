import type { Clock } from "../../base/clock.ts";
import type { Issue } from "../../base/issue.ts";
import { ChangeFeed } from "../change-feed.ts";
import { notReadyIssue } from "../cluster-information.ts";
import type { Datastore, DatastoreHealth, DatastoreListener } from "../datastore.ts";
import { type EtcdAccess, etcdName } from "./etcd-access.ts";
import { EtcdClient } from "./etcd-client.ts";
import { EtcdObjects } from "./etcd-objects.ts";
import { EtcdFollower, isWorthTelling } from "./follow-etcd.ts";

export type EtcdDatastoreOptions = {
  readonly access: EtcdAccess;
  /** From 0 up to but not including 1; spreads load over time. */
  readonly random: () => number;
};

/**
 * A cluster's policy as Calico keeps it in an etcd.
 *
 * One list and one watch for all kinds, in one order. The gate first: while `ClusterInformation default` doesn't say that
 * the data are ready nothing is read, and should it take that back later, what was told stays until it says so again.
 *
 * In sync once there was a full list. An etcd that is away, refuses or answers nonsense changes nothing of what was told;
 * `health` says how old that is.
 */
export class EtcdDatastore implements Datastore {
  readonly #clock: Clock;
  readonly #name: string;
  readonly #objects: EtcdObjects;
  readonly #follower: EtcdFollower;
  readonly #feed: ChangeFeed;

  constructor(clock: Clock, { access, random }: EtcdDatastoreOptions) {
    this.#clock = clock;
    this.#name = etcdName(access);
    this.#feed = new ChangeFeed({
      isComplete: () => this.#follower.hasSynced,
      failures: () => this.#failures(),
      objectIssues: () => this.#objects.issues,
    });
    this.#objects = new EtcdObjects(this.#feed);
    this.#follower = new EtcdFollower({
      clock,
      client: new EtcdClient(clock, access),
      sink: this.#objects,
      random,
      onChange: () => this.#feed.schedule(),
    });
  }

  /**
   * Resolves when everything was told once, however long an etcd takes to be there and ready: what is amiss meanwhile is
   * among the issues. Rejects if it is closed before that.
   */
  async start(listener: DatastoreListener): Promise<void> {
    const synced = this.#feed.start(listener);
    this.#follower.start();
    await synced;
  }

  async close(): Promise<void> {
    this.#feed.close();
    await this.#follower.close();
  }

  health(): DatastoreHealth {
    const { isWell, currentAtMs } = this.#follower;
    const isInSync = this.#feed.isInSync;
    const atMs = isInSync ? currentAtMs : Number.NEGATIVE_INFINITY;
    return { isConnected: isInSync && isWell, ageMs: this.#clock.nowMs() - atMs };
  }

  /** What keeps changes from reaching us. */
  #failures(): readonly Issue[] {
    const { failure, isGateOpen } = this.#follower;
    const where = this.#name;
    const issues: Issue[] = [];
    if (failure !== undefined && isWorthTelling(failure)) {
      const message = `can't be read: ${failure.message}`;
      issues.push({ severity: "error", code: "unreadable", where, message });
    }
    if (isGateOpen === false) issues.push(notReadyIssue(where));
    return issues;
  }
}
