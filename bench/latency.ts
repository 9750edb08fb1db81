/** How latency is reported: the median of the runs for each quantile, beside a reference of the same run. */
import { type Figure, median, medianOf, report } from "./harness.ts";
import type { LoadResult } from "./load.ts";

export type LatencyPromise = {
  /** Whose figures are 1. */
  readonly reference?: string;
  /** Of whom something is promised. */
  readonly promised?: string;
  /** Its p99, at most so many times the reference's. */
  readonly p99Times?: number;
  readonly p999BudgetMs?: number;
};

/** Two figures for each, p99 and p99.9, with the rest beside them. */
export function reportLatency(
  what: string,
  results: ReadonlyMap<string, readonly LoadResult[]>,
  { reference, promised, p99Times, p999BudgetMs }: LatencyPromise,
): void {
  const p99Of = (name: string): number => median((results.get(name) ?? []).map(({ p99Us }) => p99Us));
  for (const [name, runs] of results) {
    const over = (
      label: string,
      read: (result: LoadResult) => number,
    ): NonNullable<Figure["also"]>[number] => {
      return { name: label, value: median(runs.map(read)), unit: "µs" };
    };
    report({
      name: `${what}: ${name}, p99`,
      ...medianOf(runs.map(({ p99Us }) => p99Us)),
      unit: "µs",
      ...(reference === undefined ? {} : { ratio: p99Of(name) / p99Of(reference) }),
      also: [
        over("p50", ({ p50Us }) => p50Us),
        over("CPU", ({ cpuUs }) => sum(Object.values(cpuUs))),
        over("generator late p99", ({ lateP99Us }) => lateP99Us),
      ],
    });
    report({
      name: `${what}: ${name}, p99.9`,
      ...medianOf(runs.map(({ p999Us }) => p999Us / 1000)),
      unit: "ms",
      ...(name === promised && p999BudgetMs !== undefined ? { budget: p999BudgetMs } : {}),
      also: [
        over("max", ({ maxUs }) => maxUs),
        over("generator late max", ({ lateMaxUs }) => lateMaxUs),
        { name: "refused", value: sum(runs.map(({ refused }) => refused)), unit: "" },
      ],
    });
  }
  if (promised !== undefined && reference !== undefined && p99Times !== undefined) {
    report({
      name: `${what}: p99 of ${promised} ÷ ${reference}`,
      value: p99Of(promised) / p99Of(reference),
      unit: "×",
      budget: p99Times,
    });
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
