import type { Clock } from "../../base/clock.ts";
import type { Issue } from "../../base/issue.ts";
import { HEARTBEAT_MS, HEARTBEAT_RETRY_MS, HEARTBEAT_TIMEOUT_MS } from "../../base/limits.ts";
import { ChangeFeed } from "../change-feed.ts";
import { notReadyIssue } from "../cluster-information.ts";
import type { Datastore, DatastoreHealth, DatastoreListener } from "../datastore.ts";
import type { KindTable, ObjectReference } from "../kind-table.ts";
import { transformUid } from "../schema/metadata.ts";
import type { ApiAccess } from "./api-access.ts";
import { ApiCatalog, CALICO_V3 } from "./api-catalog.ts";
import { ApiClient } from "./api-client.ts";
import { isExpired } from "./api-error.ts";
import type { ApiObject } from "./api-object.ts";
import { ClusterGate } from "./cluster-gate.ts";
import { clusterTable } from "./cluster-table.ts";
import { KindWatch } from "./kind-watch.ts";
import { CLUSTER_INFORMATION, type KindPlace, WATCHED_KINDS } from "./watched-kinds.ts";

export type KubernetesDatastoreOptions = {
  readonly access: ApiAccess;
  /** From 0 up to but not including 1; spreads load over time. */
  readonly random: () => number;
};

/**
 * A cluster's policy, followed over the Kubernetes API.
 *
 * The gate first: while `ClusterInformation default` doesn't say that the data are ready, no kind is read, and should it
 * take that back later, what was told stays until it says so again. Behind it one `KindWatch` a kind, each with its own
 * place in the history; what they find goes through a `KindTable` each, and is told a few milliseconds later together.
 *
 * In sync once every kind was listed in full. An API server that is away, refuses or answers nonsense changes nothing
 * of what was told; `health` says how old that is.
 */
export class KubernetesDatastore implements Datastore {
  readonly #clock: Clock;
  readonly #client: ApiClient;
  readonly #catalog: ApiCatalog;
  readonly #gate: ClusterGate;
  readonly #gateWatch: KindWatch;
  readonly #tables: readonly KindTable<ApiObject>[];
  readonly #watches: readonly KindWatch[];
  readonly #feed: ChangeFeed;
  readonly #closing = new AbortController();
  #heartbeat: NodeJS.Timeout | undefined;
  /** As far as the last request for a sign of life tells. */
  #isAnswering = true;

  constructor(clock: Clock, { access, random }: KubernetesDatastoreOptions) {
    this.#clock = clock;
    this.#client = new ApiClient(access);
    const catalog = new ApiCatalog(clock, this.#client);
    this.#catalog = catalog;
    const options = { clock, client: this.#client, catalog, random, onChange: () => this.#feed.schedule() };
    this.#gate = new ClusterGate((isOpen) => this.#onGate(isOpen));
    this.#gateWatch = new KindWatch(CLUSTER_INFORMATION, this.#gate, options);
    this.#feed = new ChangeFeed({
      isComplete: () => this.#gate.isOpen && this.#watches.every(({ hasSynced }) => hasSynced),
      failures: () => this.#failures(),
      objectIssues: () => this.#tables.flatMap(({ issues }) => issues),
    });
    const tables = WATCHED_KINDS.map((kind) => [kind, clusterTable(kind, this.#feed)] as const);
    this.#tables = tables.map(([, table]) => table);
    this.#watches = tables.map(([kind, table]) => new KindWatch(kind, table, options));
  }

  /**
   * Resolves when everything was told once, however long the API server takes to be there and ready: what is amiss
   * meanwhile is among the issues. Rejects if it is closed before that.
   */
  async start(listener: DatastoreListener): Promise<void> {
    const synced = this.#feed.start(listener);
    for (const watch of this.#watches) {
      watch.pause();
      watch.start();
    }
    this.#gateWatch.start();
    this.#beatLater();
    await synced;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#heartbeat);
    await Promise.all([this.#gateWatch, ...this.#watches].map((watch) => watch.close()));
    this.#client.close();
    this.#feed.close();
  }

  health(): DatastoreHealth {
    const all = [this.#gateWatch, ...this.#watches];
    const isConnected = this.#feed.isInSync && this.#gate.isOpen && all.every(({ isWell }) => isWell);
    const currentAtMs = this.#feed.isInSync
      ? Math.min(...all.map((watch) => watch.currentAtMs))
      : Number.NEGATIVE_INFINITY;
    return { isConnected, ageMs: this.#clock.nowMs() - currentAtMs };
  }

  /**
   * The policy, or the object written for policy, that an issue's `where` begins with, as its author sees it; undefined
   * for everything else: what machines write, and what isn't there any more.
   */
  subjectOf(where: string): ObjectReference | undefined {
    const [resourceKind = "", id = ""] = where.split(" ", 2);
    const index = WATCHED_KINDS.findIndex((kind) => kind.resourceKind === resourceKind);
    const group = WATCHED_KINDS[index]?.group ?? "core";
    if (group === "core" || group === "discovery.k8s.io") return undefined;
    const slash = id.indexOf("/");
    const subject = this.#tables[index]?.reference(id.slice(0, Math.max(slash, 0)), id.slice(slash + 1));
    if (subject === undefined || group !== "calico" || !this.#catalog.isCalicoViewed) return subject;
    return { ...subject, apiVersion: CALICO_V3, uid: transformUid(subject.uid) };
  }

  #onGate(isOpen: boolean): void {
    for (const watch of this.#watches) {
      if (isOpen) watch.resume();
      else watch.pause();
    }
    this.#feed.schedule();
  }

  /** What keeps changes from reaching us: once for all kinds where they fail alike. */
  #failures(): readonly Issue[] {
    const { name } = this.#client.access;
    const issues = new Map<string, Issue>();
    for (const { kind, failure, hasSynced } of [this.#gateWatch, ...this.#watches]) {
      if (failure === undefined || (hasSynced && isExpired(failure))) continue; // the end of a history is everyday life
      const where = failure.status === 0 ? name : `${name} ${groupText(kind)}`;
      const message = `can't be read: ${failure.message}`;
      issues.set(`${where}\0${message}`, { severity: "error", code: "unreadable", where, message });
    }
    if (this.#gateWatch.hasSynced && !this.#gate.isOpen) {
      const issue = notReadyIssue(name);
      issues.set(issue.where, issue);
    }
    return [...issues.values()];
  }

  #beatLater(): void {
    this.#heartbeat = setTimeout(
      () => void this.#beat(),
      this.#isAnswering ? HEARTBEAT_MS : HEARTBEAT_RETRY_MS,
    );
  }

  /** Any answer is a sign of life; without one the connections of the watches are as dead as this one. */
  async #beat(): Promise<void> {
    const signal = this.#closing.signal;
    const watches = [this.#gateWatch, ...this.#watches];
    try {
      await this.#client.getStatus({ path: "/livez", signal, answerTimeoutMs: HEARTBEAT_TIMEOUT_MS });
      if (!this.#isAnswering) for (const watch of watches) watch.hurry();
      this.#isAnswering = true;
    } catch {
      // whatever it was: there is no answer
      this.#isAnswering = false;
      for (const watch of watches) watch.reconnect("the API server doesn't answer");
    }
    if (!signal.aborted) this.#beatLater();
  }
}

function groupText({ kind, group }: KindPlace): string {
  return group === "core" || group === "calico" ? kind : `${kind} (${group})`;
}
