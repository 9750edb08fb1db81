import { createWriteStream, type WriteStream } from "node:fs";
import type { Clock } from "../base/clock.ts";
import { ISSUE_CODES, type Issue } from "../base/issue.ts";
import { STATUS_ISSUES_MAX } from "../base/limits.ts";
import { formatListenAddress, type ListenAddress } from "../base/listen-address.ts";
import { CalcGraph } from "../calc/graph.ts";
import type { Datastore, StatusOutcome, StatusReporter } from "../datastore/datastore.ts";
import type { ResourceUpdate } from "../datastore/resources.ts";
import { PodSockets } from "../node/pod-sockets.ts";
import { AdminServer } from "../observe/admin-server.ts";
import { IssueReport, type Logger, Metrics, nodeMetricTable } from "../observe/index.ts";
import type { EndpointId } from "../policy/messages.ts";
import { FanOut } from "../sync/fan-out.ts";
import { endpointText, recordLine } from "../sync/recording.ts";
import type { StartStatus } from "./choose-datastore.ts";
import { VERSION } from "./version.ts";

const STALENESS_CHECK_INTERVAL_MS = 1_000;

export type NodeOptions = {
  /** For messages and `/status`: where resources come from. */
  readonly source: string;
  readonly nodeName: string;
  readonly prefix: string;
  readonly socketMode: number;
  readonly admin: ListenAddress | undefined;
  /** Streams end while what the datastore told is older; undefined: never. */
  readonly maxStalenessMs: number | undefined;
  /** Every message of every stream is written there, as JSON lines. */
  readonly record: string | undefined;
  /** Problems are written where the authors of policy look. */
  readonly startStatus: StartStatus | undefined;
};

/**
 * A running node agent: one datastore, one calculation for all pods of the node, and a PolicySync socket for each pod.
 *
 * States: *reading* the datastore for the first time (sockets are there, streams wait for InSync); *serving*; *stopped*.
 */
export class NodeAgent {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #datastore: Datastore;
  readonly #options: NodeOptions;
  readonly #graph: CalcGraph;
  readonly #fanOut: FanOut;
  readonly #sockets: PodSockets;
  readonly #metrics: Metrics;
  readonly #admin: AdminServer;
  readonly #recording: WriteStream | undefined;
  readonly #statusReporter: StatusReporter | undefined;
  /** Why the last Event could not be written; empty once one was. */
  #statusFailure = "";
  #state: "reading" | "serving" | "stopped" = "reading";
  readonly #issues: IssueReport;
  #inSync = false;
  #isStale = false;
  #stalenessTimer: NodeJS.Timeout | undefined;
  #lastChangeAtMs: number | undefined;
  #datastoreIssues: readonly Issue[] = [];

  constructor(clock: Clock, log: Logger, datastore: Datastore, options: NodeOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#datastore = datastore;
    this.#options = options;
    const recording = options.record === undefined ? undefined : openRecording(log, options.record);
    this.#recording = recording;
    this.#graph = new CalcGraph({
      local: [{ kind: "node", name: options.nodeName }],
      inventory: "complete",
    });
    this.#fanOut = new FanOut();
    this.#sockets = new PodSockets(
      clock,
      this.#fanOut,
      {
        opened: (endpoint) => log.info({ pod: endpointText(endpoint) }, "stream opened"),
        closed: (endpoint, why) => this.#onClosed(endpoint, why),
        refused: (endpoint, why) => this.#onRefused(endpoint, why),
        problem: (message) => log.error(message),
        ...(recording === undefined
          ? {}
          : { sent: (endpoint, message) => void recording.write(recordLine(endpoint, message)) }),
      },
      { prefix: options.prefix, socketMode: options.socketMode },
    );
    this.#metrics = new Metrics(nodeMetricTable({ issueCodes: ISSUE_CODES, version: VERSION }));
    this.#metrics.collectProcess();
    this.#metrics.set(this.#metrics.slot("ephor_build_info", VERSION), 1);
    this.#issues = new IssueReport(log, this.#metrics);
    this.#statusReporter = options.startStatus?.(options.nodeName, (outcome, detail) =>
      this.#onStatus(outcome, detail),
    );
    this.#admin = new AdminServer(this.#metrics, {
      notReady: () => this.#notReady(),
      status: () => this.#status(),
      collect: () => this.#collect(),
    });
  }

  /** Resolves when every pod that has credentials has its socket and the datastore is in sync. */
  async start(): Promise<void> {
    try {
      if (this.#options.admin !== undefined) {
        const bound = await this.#admin.listen(this.#options.admin);
        this.#log.info({ address: formatListenAddress(bound) }, "listening for probes and metrics");
      }
      await this.#sockets.start();
      await this.#datastore.start({
        onUpdates: (batch) => this.#onUpdates(batch),
        onInSync: () => this.#onInSync(),
        onIssues: (issues) => {
          this.#datastoreIssues = issues;
          this.#reportIssues();
        },
      });
    } catch (error) {
      await this.stop();
      throw error;
    }
    const { source, nodeName, prefix } = this.#options;
    this.#log.info(
      { version: VERSION, source, node: nodeName, prefix, pods: this.#sockets.pods.length },
      "serving",
    );
    this.#state = "serving";
    if (this.#options.maxStalenessMs === undefined) return;
    this.#stalenessTimer = setInterval(() => this.#checkStaleness(), STALENESS_CHECK_INTERVAL_MS);
  }

  async stop(): Promise<void> {
    this.#state = "stopped";
    clearInterval(this.#stalenessTimer);
    await this.#sockets.close();
    await this.#statusReporter?.close();
    await this.#datastore.close();
    await this.#admin.close();
    await new Promise<void>((resolve) => {
      if (this.#recording === undefined) resolve();
      else this.#recording.end(resolve);
    });
  }

  #onUpdates(batch: readonly ResourceUpdate[]): void {
    this.#graph.apply(batch);
    this.#flush();
  }

  #onInSync(): void {
    this.#inSync = true;
    this.#metrics.set(this.#metrics.slot("ephor_in_sync"), 1);
    this.#graph.setInSync();
    this.#flush();
  }

  /** Every batch is worked off in one go: a stream sees the state before it or the state after it. */
  #flush(): void {
    const messages = this.#graph.flush();
    if (messages.length > 0) {
      this.#metrics.add(this.#metrics.slot("ephor_node_flushes_total"), 1);
      this.#lastChangeAtMs = this.#clock.wallMs();
      this.#fanOut.apply(messages);
    }
    this.#reportIssues();
  }

  #onClosed(endpoint: EndpointId, why: string): void {
    this.#metrics.add(this.#metrics.slot("ephor_node_streams_closed_total"), 1);
    this.#log.info({ pod: endpointText(endpoint), why }, "stream closed");
  }

  /** A sidecar whose stream has ended counts the age of what it has; one that were fed on would think it current. */
  #checkStaleness(): void {
    const { ageMs } = this.#datastore.health();
    const isStale = ageMs > (this.#options.maxStalenessMs ?? Number.POSITIVE_INFINITY);
    if (isStale === this.#isStale) return;
    this.#isStale = isStale;
    const why = `the datastore has told nothing for ${Math.round(ageMs / 1_000)} s`;
    this.#sockets.setRefusal(isStale ? why : undefined);
    if (isStale) this.#log.error({ ageMs: Math.round(ageMs) }, "the datastore is stale: all streams end");
    else this.#log.info("the datastore is current again: streams are served");
  }

  #onRefused(endpoint: EndpointId, why: string): void {
    this.#metrics.add(this.#metrics.slot("ephor_node_clients_refused_total"), 1);
    this.#log.warn({ pod: endpointText(endpoint), why }, "client refused");
  }

  #reportIssues(): void {
    const issues = [...this.#datastoreIssues, ...this.#graph.issues()];
    this.#issues.report(issues);
    if (this.#inSync) this.#statusReporter?.report(issues); // before, what seems to be missing may only not be read yet
  }

  #onStatus(outcome: StatusOutcome, detail: string): void {
    this.#metrics.add(this.#metrics.slot("ephor_status_events_total", outcome), 1);
    if (outcome === "written") this.#statusFailure = "";
    if (outcome !== "failed" || detail === this.#statusFailure) return;
    this.#statusFailure = detail;
    this.#log.warn({ why: detail }, "a problem can't be told to the author of the policy");
  }

  #notReady(): readonly string[] {
    return [
      ...(this.#inSync ? [] : ["not in sync"]),
      ...(this.#isStale ? ["the datastore is stale"] : []),
      ...(this.#state === "serving" ? [] : [this.#state]),
    ];
  }

  #collect(): void {
    const { isConnected, ageMs } = this.#datastore.health();
    this.#metrics.set(this.#metrics.slot("ephor_datastore_connected"), isConnected ? 1 : 0);
    this.#metrics.set(this.#metrics.slot("ephor_datastore_age_seconds"), ageMs / 1000);
    const pods = this.#sockets.pods;
    const listening = pods.filter((pod) => pod.problem === "").length;
    const backlogs = pods.flatMap((pod) => (pod.backlog === undefined ? [] : [pod.backlog]));
    this.#metrics.set(this.#metrics.slot("ephor_node_pods", "listening"), listening);
    this.#metrics.set(this.#metrics.slot("ephor_node_pods", "failed"), pods.length - listening);
    this.#metrics.set(this.#metrics.slot("ephor_node_streams"), backlogs.length);
    this.#metrics.set(
      this.#metrics.slot("ephor_node_backlog_messages"),
      backlogs.reduce((sum, backlog) => sum + backlog, 0),
    );
  }

  #status(): object {
    const { source, nodeName, prefix } = this.#options;
    const { isConnected, ageMs: datastoreAgeMs } = this.#datastore.health();
    const ageMs =
      this.#lastChangeAtMs === undefined ? undefined : this.#clock.wallMs() - this.#lastChangeAtMs;
    return {
      version: VERSION,
      state: this.#state,
      notReady: this.#notReady(),
      node: nodeName,
      source,
      prefix,
      inSync: this.#inSync,
      datastoreConnected: isConnected,
      datastoreAgeSeconds: Number.isFinite(datastoreAgeMs) ? datastoreAgeMs / 1000 : null,
      lastChangeAgeSeconds: ageMs === undefined ? null : ageMs / 1000,
      pods: this.#sockets.pods.map((pod) => ({
        pod: `${pod.namespace}/${pod.podName}`,
        uid: pod.podUid,
        volume: pod.id,
        streaming: pod.backlog !== undefined,
        backlog: pod.backlog ?? 0,
        problem: pod.problem,
      })),
      issueCount: this.#issues.issues.length,
      issues: this.#issues.issues.slice(0, STATUS_ISSUES_MAX),
    };
  }
}

/** Only its owner may read it: it holds policy and labels. */
function openRecording(log: Logger, path: string): WriteStream {
  const stream = createWriteStream(path, { flags: "a", mode: 0o600 });
  stream.on("error", (error) => log.error({ path, error: error.message }, "the recording can't be written"));
  return stream;
}
