import { type AuthzOptions, AuthzServer } from "../authz/index.ts";
import type { Clock } from "../base/clock.ts";
import { ISSUE_CODES, type Issue } from "../base/issue.ts";
import { STATUS_ISSUES_MAX } from "../base/limits.ts";
import { formatListenAddress, type ListenAddress } from "../base/listen-address.ts";
import type { Datastore } from "../datastore/datastore.ts";
import { PeerIdentityReader } from "../identity/peer-identity-reader.ts";
import { AdminServer, DecisionLog, type Logger, Metrics, metricTable } from "../observe/index.ts";
import type { Snapshot } from "../policy/snapshot.ts";
import { DENY_REASONS } from "../policy/verdict.ts";
import { EmbeddedPolicy, type JudgingOptions } from "./embedded-policy.ts";
import type { GuardedWorkload } from "./guarded-workload.ts";
import { type PolicyFlags, trustDomains } from "./policy-flags.ts";
import { VERSION } from "./version.ts";

export type SidecarOptions = {
  readonly flags: PolicyFlags;
  readonly guarded: GuardedWorkload;
  /** For messages and `/status`: where policy comes from. */
  readonly source: string;
  readonly listen: readonly ListenAddress[];
  readonly admin: ListenAddress | undefined;
  readonly authz: AuthzOptions;
  readonly drainTimeoutMs: number;
};

/**
 * A running sidecar: a datastore, the policy made of it, the server that Envoy asks and the admin listener.
 *
 * States, each a step of `start` or `stop`: *reading* the datastore for the first time (nothing listens yet); *serving*,
 * which is ready; *draining*, which is not ready but answers until the last connection closes or the time is over; *stopped*.
 */
export class Sidecar {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #datastore: Datastore;
  readonly #options: SidecarOptions;
  readonly #metrics: Metrics;
  readonly #policy: EmbeddedPolicy;
  readonly #authz: AuthzServer;
  readonly #admin: AdminServer;
  #state: "reading" | "serving" | "draining" | "stopped" = "reading";
  #judging: JudgingOptions | undefined;
  #publishedAtMs: number | undefined;
  #issues: readonly Issue[] = [];

  constructor(clock: Clock, log: Logger, datastore: Datastore, options: SidecarOptions) {
    const { flags, guarded } = options;
    const semantics = flags.semantics ?? "strict";
    this.#clock = clock;
    this.#log = log;
    this.#datastore = datastore;
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
    this.#policy = new EmbeddedPolicy(clock, flags, guarded, {
      onJudging: (judging) => this.#onJudging(judging),
      onPublish: (snapshot, tookMs) => this.#onPublish(snapshot, tookMs),
      onIssues: (issues) => this.#onIssues(issues),
    });
    this.#authz = new AuthzServer(
      clock,
      this.#policy.store,
      new PeerIdentityReader(clock, { trustDomains: trustDomains(flags), semantics }),
      new DecisionLog(clock, log, this.#metrics, { semantics }),
      {
        ...options.authz,
        onError: (error) => log.error({ error: error.stack }, "the server of checks met an error"),
      },
    );
    this.#admin = new AdminServer(this.#metrics, {
      notReady: () => this.#notReady(),
      status: () => this.#status(),
    });
  }

  /** Resolves when checks are answered. Rejects, with nothing left open, if policy is broken or an address is taken. */
  async start(): Promise<void> {
    try {
      await this.#datastore.start(this.#policy);
      for (const address of this.#options.listen) {
        const bound = await this.#authz.listen(address);
        this.#log.info({ address: formatListenAddress(bound) }, "listening for checks");
      }
      if (this.#options.admin !== undefined) {
        const bound = await this.#admin.listen(this.#options.admin);
        this.#log.info({ address: formatListenAddress(bound) }, "listening for probes and metrics");
      }
    } catch (error) {
      await this.#close();
      throw error;
    }
    this.#setState("serving");
    this.#authz.setServing(true);
  }

  /** Answers until the last connection closes or the drain time is over, then lets go of everything. */
  async stop(): Promise<void> {
    if (this.#state !== "serving") return;
    this.#setState("draining");
    await this.#authz.drain(this.#options.drainTimeoutMs);
    await this.#close();
  }

  async #close(): Promise<void> {
    this.#setState("stopped");
    await this.#authz.close();
    await this.#datastore.close();
    await this.#admin.close();
  }

  #setState(state: "serving" | "draining" | "stopped"): void {
    this.#state = state;
    this.#setGauge("ephor_ready", this.#notReady().length === 0 ? 1 : 0);
    this.#log.info(state);
  }

  #notReady(): readonly string[] {
    return [
      ...(this.#policy.inSync ? [] : ["not in sync"]),
      ...(this.#state === "serving" ? [] : [this.#state === "reading" ? "not listening" : this.#state]),
    ];
  }

  #onJudging(judging: JudgingOptions): void {
    this.#judging = judging;
    const { source, guarded, flags } = this.#options;
    const { inventoryFound, ...options } = judging;
    this.#log.info(
      { version: VERSION, source, guards: guarded.text, ...options, trustDomains: trustDomains(flags) },
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
    if (!hasEndpoint) {
      this.#log.warn(
        { guards: this.#options.guarded.text },
        "the guarded workload is not among the objects, so everything is denied",
      );
    }
  }

  #onIssues(issues: readonly Issue[]): void {
    const known = new Set(this.#issues.map(issueKey));
    for (const issue of issues) {
      if (known.has(issueKey(issue))) continue;
      this.#metrics.add(this.#metrics.slot("ephor_issues_total", issue.code), 1);
      const { severity, code, where, message } = issue;
      if (severity === "error") this.#log.error({ code, where }, message);
      else this.#log.warn({ code, where }, message);
    }
    this.#issues = issues;
    const errorCount = issues.filter(({ severity }) => severity === "error").length;
    this.#setGauge("ephor_issues", errorCount, "error");
    this.#setGauge("ephor_issues", issues.length - errorCount, "warning");
  }

  #setGauge(name: string, value: number, label = ""): void {
    this.#metrics.set(this.#metrics.slot(name, label), value);
  }

  #status(): object {
    const snapshot = this.#policy.store.current;
    const { inventoryFound: _, ...judging } = this.#judging ?? { inventoryFound: false };
    return {
      version: VERSION,
      state: this.#state,
      notReady: this.#notReady(),
      source: this.#options.source,
      guards: this.#options.guarded.text,
      inSync: this.#policy.inSync,
      revision: snapshot?.revision ?? 0,
      policyAgeSeconds:
        this.#publishedAtMs === undefined ? null : (this.#clock.wallMs() - this.#publishedAtMs) / 1000,
      hasEndpoint: snapshot?.hasEndpoint ?? false,
      counts: snapshot?.counts ?? {},
      connections: this.#authz.connectionCount,
      judging,
      issueCount: this.#issues.length,
      issues: this.#issues.slice(0, STATUS_ISSUES_MAX),
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

function issueKey({ severity, code, where, message }: Issue): string {
  return [severity, code, where, message].join("\0");
}
