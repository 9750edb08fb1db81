/** Logger, metrics, decision log and the admin listener: what a process tells about itself. */
export { AdminServer, type ProcessState } from "./admin-server.ts";
export {
  DecisionLog,
  type DecisionObserver,
  logPath,
  logText,
  type ObservedFlow,
  type ObservedVerdict,
} from "./decision-log.ts";
export { IssueReport } from "./issue-report.ts";
export { createLogger, createLoggerTo, LOG_LEVELS, type Logger, type LogLevel } from "./logger.ts";
export { type MetricDefinition, type MetricLabels, metricTable, nodeMetricTable } from "./metric-table.ts";
export { Metrics } from "./metrics.ts";
export { claimSocketPath } from "./socket-path.ts";
