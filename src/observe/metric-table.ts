/**
 * One metric: a name and, at most, one label with a closed list of values, so that every series has its slot before
 * the first request.
 */
export type MetricDefinition = {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly label?: { readonly name: string; readonly values: readonly string[] };
  /** Upper bounds in ascending order; for histograms. */
  readonly buckets?: readonly number[];
};

/** The closed lists that only other rooms know. */
export type MetricLabels = {
  readonly reasons: readonly string[];
  readonly semantics: readonly string[];
  readonly issueCodes: readonly string[];
  readonly version: string;
};

/** Every metric of a sidecar, in one place; a test holds docs/operations.md against it. */
export function metricTable(labels: MetricLabels): readonly MetricDefinition[] {
  return [
    {
      name: "ephor_checks_total",
      type: "counter",
      help: "Checks answered, by verdict.",
      label: { name: "verdict", values: ["allow", "deny"] },
    },
    {
      name: "ephor_denials_total",
      type: "counter",
      help: "Checks denied, by reason.",
      label: { name: "reason", values: labels.reasons },
    },
    {
      name: "ephor_denials_unlogged_total",
      type: "counter",
      help: "Denials that were counted but not logged, to keep the log readable.",
    },
    {
      name: "ephor_policy_revision",
      type: "gauge",
      help: "Revision of the policy in force; 0 before the first.",
    },
    {
      name: "ephor_policy_published_timestamp_seconds",
      type: "gauge",
      help: "When the policy in force was published, in seconds since the Unix epoch; 0 before the first.",
    },
    {
      name: "ephor_policy_objects",
      type: "gauge",
      help: "Objects of the policy in force that this endpoint needs, by kind.",
      label: { name: "kind", values: ["policies", "profiles", "rules", "ip_sets", "ip_set_members"] },
    },
    {
      name: "ephor_policy_update_duration_seconds",
      type: "histogram",
      help: "From a batch of changed objects to the policy made of it being in force.",
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    },
    {
      name: "ephor_in_sync",
      type: "gauge",
      help: "1 once the source of policy has been read completely.",
    },
    {
      name: "ephor_ready",
      type: "gauge",
      help: "1 while in sync, listening and not draining.",
    },
    ...issueMetrics(labels.issueCodes),
    {
      name: "ephor_semantics",
      type: "gauge",
      help: "1 for the semantics that verdicts follow.",
      label: { name: "mode", values: labels.semantics },
    },
    buildInfo(labels.version),
  ];
}

/** Every metric of a node agent, in one place; a test holds docs/operations.md against it. */
export function nodeMetricTable(labels: {
  readonly issueCodes: readonly string[];
  readonly version: string;
}): readonly MetricDefinition[] {
  return [
    {
      name: "ephor_node_pods",
      type: "gauge",
      help: "Pods of this node that mounted the policy volume, by whether their socket could be set up.",
      label: { name: "socket", values: ["listening", "failed"] },
    },
    {
      name: "ephor_node_streams",
      type: "gauge",
      help: "Streams to sidecars that are open.",
    },
    {
      name: "ephor_node_streams_closed_total",
      type: "counter",
      help: "Streams to sidecars that ended, for whatever reason.",
    },
    {
      name: "ephor_node_clients_refused_total",
      type: "counter",
      help: "Clients turned away, or sent an endpoint that denies because they would misread their policy.",
    },
    {
      name: "ephor_node_backlog_messages",
      type: "gauge",
      help: "Messages that wait for clients, all streams together.",
    },
    {
      name: "ephor_node_flushes_total",
      type: "counter",
      help: "Batches of changes that gave messages for at least one pod.",
    },
    {
      name: "ephor_datastore_connected",
      type: "gauge",
      help: "1 while changes of the datastore reach the agent, as far as it knows.",
    },
    {
      name: "ephor_datastore_age_seconds",
      type: "gauge",
      help: "How long ago all that was read was last known to be current.",
    },
    {
      name: "ephor_status_events_total",
      type: "counter",
      help: "Attempts to tell the authors of policies of problems, by what became of them.",
      label: { name: "outcome", values: ["written", "failed", "limited"] },
    },
    {
      name: "ephor_in_sync",
      type: "gauge",
      help: "1 once the source of policy has been read completely.",
    },
    ...issueMetrics(labels.issueCodes),
    buildInfo(labels.version),
  ];
}

function issueMetrics(codes: readonly string[]): readonly MetricDefinition[] {
  return [
    {
      name: "ephor_issues",
      type: "gauge",
      help: "Problems in the objects that policy is made of, as they stand now.",
      label: { name: "severity", values: ["error", "warning"] },
    },
    {
      name: "ephor_issues_total",
      type: "counter",
      help: "Problems that appeared in the objects that policy is made of, by code.",
      label: { name: "code", values: codes },
    },
  ];
}

function buildInfo(version: string): MetricDefinition {
  return {
    name: "ephor_build_info",
    type: "gauge",
    help: "1 for the version that runs.",
    label: { name: "version", values: [version] },
  };
}
