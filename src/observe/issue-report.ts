import type { Issue } from "../base/issue.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

/**
 * Tells operators of issues: each is logged and counted once when it appears, and again if it goes and comes back.
 *
 * Needs the series `ephor_issues` and `ephor_issues_total` in the metric table.
 */
export class IssueReport {
  readonly #log: Logger;
  readonly #metrics: Metrics;
  #issues: readonly Issue[] = [];

  constructor(log: Logger, metrics: Metrics) {
    this.#log = log;
    this.#metrics = metrics;
  }

  /** As last reported. */
  get issues(): readonly Issue[] {
    return this.#issues;
  }

  /** @param issues the whole current list. */
  report(issues: readonly Issue[]): void {
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
    this.#metrics.set(this.#metrics.slot("ephor_issues", "error"), errorCount);
    this.#metrics.set(this.#metrics.slot("ephor_issues", "warning"), issues.length - errorCount);
  }
}

function issueKey({ severity, code, where, message }: Issue): string {
  return [severity, code, where, message].join("\0");
}
