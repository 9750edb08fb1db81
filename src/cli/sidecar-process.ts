import { type AuthzOptions, AuthzServer } from "../authz/index.ts";
import type { Clock } from "../base/clock.ts";
import { ISSUE_CODES } from "../base/issue.ts";
import { STATUS_ISSUES_MAX } from "../base/limits.ts";
import { formatListenAddress, type ListenAddress } from "../base/listen-address.ts";
import { type PeerIdentityOptions, PeerIdentityReader } from "../identity/peer-identity-reader.ts";
import type { AdminServer } from "../observe/admin-server.ts";
import { DecisionLog, IssueReport, type Logger, Metrics, metricTable } from "../observe/index.ts";
import type { Snapshot } from "../policy/snapshot.ts";
import { DENY_REASONS } from "../policy/verdict.ts";
import type { JudgingOptions } from "./embedded-policy.ts";
import type { WatchedSource } from "./identity-sources.ts";
import { type PolicyFlags, trustDomains } from "./policy-flags.ts";
import type { PolicySource, PolicySourceListener } from "./policy-source.ts";
import { VERSION } from "./version.ts";

export type SidecarOptions = {
  readonly flags: PolicyFlags;
  /** For messages and `/status`: whom policy guards, as `shop/api`; empty where only the node agent knows. */
  readonly guards: string;
  readonly identity: PeerIdentityOptions;
  /** Of trust bundles and certificates: started before anything listens, closed last. */
  readonly sources: readonly WatchedSource[];
  readonly listen: readonly ListenAddress[];
  readonly admin: ListenAddress | undefined;
  readonly authz: AuthzOptions;
  readonly drainTimeoutMs: number;
};

/**
 * A running sidecar: a source of policy, the server that Envoy asks and the admin listener.
 *
 * States, each a step of `start` or `stop`: *reading* the source for the first time (nothing listens yet); *serving*,
 * which is ready once the source is in sync; *draining*, which is not ready but answers until the last connection closes or the time is over; *stopped*.
 */
export class Sidecar {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #options: SidecarOptions;
  readonly #metrics: Metrics;
  readonly #source: PolicySource;
  readonly #issues: IssueReport;
  readonly #authz: AuthzServer;
  #admin: AdminServer | undefined;
  #state: "reading" | "serving" | "draining" | "stopped" = "reading";
  #judging: JudgingOptions | undefined;
  #publishedAtMs: number | undefined;

  constructor(
    clock: Clock,
    log: Logger,
    createSource: (listener: PolicySourceListener) => PolicySource,
    options: SidecarOptions,
  ) {
    const { flags } = options;
    const semantics = flags.semantics ?? "strict";
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
    this.#metrics = new Metrics(
      metricTable({
        reasons: DENY_REASONS,
        semantics: ["strict", "calico"],
        issueCodes: ISSUE_CODES,
        version: VERSION,
      }),
    );
    this.#metrics.collectProcess();
    this.#metrics.set(this.#metrics.slot("ephor_semantics", semantics), 1);
    this.#metrics.set(this.#metrics.slot("ephor_build_info", VERSION), 1);
    this.#issues = new IssueReport(log, this.#metrics);
    this.#source = createSource({
      onJudging: (judging) => this.#onJudging(judging),
      onPublish: (snapshot, tookMs) => this.#onPublish(snapshot, tookMs),
      onIssues: (issues) => this.#issues.report(issues),
      onEvent: (severity, message) => log[severity](message),
    });
    this.#authz = new AuthzServer(
      clock,
      this.#source.store,
      new PeerIdentityReader(clock, options.identity),
      new DecisionLog(clock, log, this.#metrics, { semantics }),
      {
        ...options.authz,
        onError: (error) => log.error({ error: error.stack }, "the server of checks met an error"),
      },
    );
  }

  /** Resolves when checks are answered. Rejects, with nothing left open, if policy is broken or an address is taken. */
  async start(): Promise<void> {
    try {
      for (const watched of this.#options.sources) await watched.start();
      await this.#source.start();
      for (const address of this.#options.listen) {
        const bound = await this.#authz.listen(address);
        this.#log.info({ address: formatListenAddress(bound) }, "listening for checks");
      }
      if (this.#options.admin !== undefined) await this.#listenForProbes(this.#options.admin);
    } catch (error) {
      await this.#close();
      throw error;
    }
    this.#setState("serving");
  }

  /** Answers until the last connection closes or the drain time is over, then lets go of everything. */
  async stop(): Promise<void> {
    if (this.#state !== "serving") return;
    this.#setState("draining");
    await this.#authz.drain(this.#options.drainTimeoutMs);
    await this.#close();
  }

  /** HTTP is loaded only where it is served. */
  async #listenForProbes(address: ListenAddress): Promise<void> {
    const { AdminServer } = await import("../observe/admin-server.ts");
    this.#admin = new AdminServer(this.#metrics, {
      notReady: () => this.#notReady(),
      status: () => this.#status(),
    });
    const bound = await this.#admin.listen(address);
    this.#log.info({ address: formatListenAddress(bound) }, "listening for probes and metrics");
  }

  async #close(): Promise<void> {
    this.#setState("stopped");
    await this.#authz.close();
    await this.#source.close();
    await this.#admin?.close();
    for (const watched of this.#options.sources) watched.close();
  }

  #setState(state: "serving" | "draining" | "stopped"): void {
    this.#state = state;
    this.#tellReady();
    this.#log.info(state);
  }

  #tellReady(): void {
    const isReady = this.#notReady().length === 0;
    this.#setGauge("ephor_ready", isReady ? 1 : 0);
    this.#authz.setServing(isReady);
  }

  #notReady(): readonly string[] {
    return [
      ...(this.#source.inSync ? [] : ["not in sync"]),
      ...(this.#state === "serving" ? [] : [this.#state === "reading" ? "not listening" : this.#state]),
    ];
  }

  #onJudging(judging: JudgingOptions): void {
    this.#judging = judging;
    const { guards, flags } = this.#options;
    const source = this.#source.text;
    const { inventoryFound, ...options } = judging;
    this.#log.info(
      { version: VERSION, source, guards, ...options, trustDomains: trustDomains(flags) },
      "judging",
    );
    if (inventoryFound && judging.inventory === "none") {
      this.#log.warn(
        { source },
        "no workload but our own is listed: what selectors choose is unknown, and identities decide alone where they can (--inventory complete says that there are none)",
      );
    }
  }

  #onPublish(snapshot: Snapshot, tookMs: number): void {
    this.#publishedAtMs = this.#clock.wallMs();
    const { counts, revision, hasEndpoint } = snapshot;
    this.#setGauge("ephor_in_sync", 1);
    this.#setGauge("ephor_policy_revision", revision);
    this.#setGauge("ephor_policy_published_timestamp_seconds", this.#publishedAtMs / 1000);
    for (const [kind, count] of objectCounts(counts)) this.#setGauge("ephor_policy_objects", count, kind);
    this.#metrics.observe("ephor_policy_update_duration_seconds", tookMs / 1000);
    this.#log.info({ revision, tookMs: Math.round(tookMs * 10) / 10, ...counts }, "policy in force");
    if (this.#state === "serving") this.#tellReady();
    if (!hasEndpoint) {
      this.#log.warn(
        { guards: this.#options.guards },
        "the guarded workload is not among the objects, so everything is denied",
      );
    }
  }

  #setGauge(name: string, value: number, label = ""): void {
    this.#metrics.set(this.#metrics.slot(name, label), value);
  }

  #status(): object {
    const snapshot = this.#source.store.current;
    const { inventoryFound: _, ...judging } = this.#judging ?? { inventoryFound: false };
    return {
      version: VERSION,
      state: this.#state,
      notReady: this.#notReady(),
      source: this.#source.text,
      guards: this.#options.guards,
      inSync: this.#source.inSync,
      revision: snapshot?.revision ?? 0,
      policyAgeSeconds:
        this.#publishedAtMs === undefined ? null : (this.#clock.wallMs() - this.#publishedAtMs) / 1000,
      hasEndpoint: snapshot?.hasEndpoint ?? false,
      counts: snapshot?.counts ?? {},
      connections: this.#authz.connectionCount,
      judging,
      ...this.#source.status(),
      issueCount: this.#issues.issues.length,
      issues: this.#issues.issues.slice(0, STATUS_ISSUES_MAX),
    };
  }
}

function objectCounts(counts: Snapshot["counts"]): readonly (readonly [string, number])[] {
  return [
    ["policies", counts.policies],
    ["profiles", counts.profiles],
    ["rules", counts.rules],
    ["ip_sets", counts.ipSets],
    ["ip_set_members", counts.ipSetMembers],
  ];
}
