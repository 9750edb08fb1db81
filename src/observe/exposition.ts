/** Metrics as the text that Prometheus scrapes. Loaded at the first scrape: a process that nobody scrapes does without the library. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { MetricDefinition } from "./metric-table.ts";

/** What is read of a histogram. */
export type HistogramValues = {
  /** Upper bounds in ascending order. */
  readonly buckets: readonly number[];
  /** Observations a bucket, each counted in the lowest that holds it; one more for those above all. */
  readonly counts: Float64Array;
  readonly sum: number;
};

/** How the values are read at each scrape. */
export type MetricReader = {
  value(name: string, label: string): number;
  histogram(name: string): HistogramValues;
};

/** Writes all metrics of a table, and what the library tells of the process (CPU, memory, event loop) if that is asked for. */
export class Exposition {
  readonly #registry = new Registry();
  readonly #reader: MetricReader;
  readonly #histograms: readonly MetricDefinition[];

  constructor(
    definitions: readonly MetricDefinition[],
    reader: MetricReader,
    options: { readonly collectsProcess: boolean },
  ) {
    this.#reader = reader;
    this.#histograms = definitions.filter(({ type }) => type === "histogram");
    for (const definition of definitions) this.#register(definition);
    if (options.collectsProcess) collectDefaultMetrics({ register: this.#registry });
  }

  async text(): Promise<string> {
    const histograms = this.#histograms.map((definition) => this.#histogramText(definition));
    return [await this.#registry.metrics(), ...histograms].join("\n");
  }

  #register({ name, type, help, label }: MetricDefinition): void {
    const labelNames = label === undefined ? [] : [label.name];
    const config = { name, help, labelNames, registers: [this.#registry] };
    const series = (): { labels: Record<string, string>; value: number }[] =>
      (label?.values ?? [""]).map((value) => ({
        labels: label === undefined ? {} : { [label.name]: value },
        value: this.#reader.value(name, value),
      }));
    switch (type) {
      case "counter":
        new Counter({
          ...config,
          collect() {
            this.reset();
            for (const { labels, value } of series()) this.inc(labels, value);
          },
        });
        return;
      case "gauge":
        new Gauge({
          ...config,
          collect() {
            for (const { labels, value } of series()) this.set(labels, value);
          },
        });
        return;
      case "histogram":
        return; // its buckets are counted already, which the library's own has no way to take over
    }
  }

  #histogramText({ name, help }: MetricDefinition): string {
    const { buckets, counts, sum } = this.#reader.histogram(name);
    const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
    let count = 0;
    for (const [index, bound] of [...buckets, "+Inf"].entries()) {
      count += counts[index] ?? 0;
      lines.push(`${name}_bucket{le="${bound}"} ${count}`);
    }
    return `${[...lines, `${name}_sum ${sum}`, `${name}_count ${count}`].join("\n")}\n`;
  }
}
