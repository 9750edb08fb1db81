/** Logger, metrics, decision log: what a process tells about itself. `admin-server.ts` is imported where one listens. */
export {
  DecisionLog,
  type DecisionObserver,
  logPath,
  logText,
  type ObservedFlow,
  type ObservedVerdict,
} from "./decision-log.ts";
export { IssueReport } from "./issue-report.ts";
export { LOG_LEVELS, type LogLevel } from "./log-level.ts";
export { createLogger, createLoggerTo, type Logger } from "./logger.ts";
export { type MetricDefinition, type MetricLabels, metricTable, nodeMetricTable } from "./metric-table.ts";
export { Metrics } from "./metrics.ts";
export { claimSocketPath } from "./socket-path.ts";
