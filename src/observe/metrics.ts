import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { assert } from "../base/assert.ts";
import type { MetricDefinition } from "./metric-table.ts";

/**
 * The process's metrics. Counters and gauges are one number a series in one array, turned into prom-client's
 * objects only when somebody scrapes: what a request touches is a few array elements. Histograms, which only
 * rare events feed, are prom-client's own.
 */
export class Metrics {
  readonly #values: Float64Array;
  readonly #slots: ReadonlyMap<string, number>;
  readonly #histograms = new Map<string, Histogram>();
  readonly #registry = new Registry();

  constructor(definitions: readonly MetricDefinition[]) {
    const slots = new Map<string, number>();
    for (const definition of definitions) {
      if (definition.type === "histogram") continue;
      for (const label of definition.label?.values ?? [""]) {
        const key = seriesKey(definition.name, label);
        assert(!slots.has(key), `one metric a name: ${key}`);
        slots.set(key, slots.size);
      }
    }
    this.#slots = slots;
    this.#values = new Float64Array(slots.size);
    for (const definition of definitions) this.#register(definition);
  }

  /** The slot of a counter's or gauge's series. Throws for one that is not in the table: a bug of ours. */
  slot(name: string, label = ""): number {
    const slot = this.#slots.get(seriesKey(name, label));
    assert(slot !== undefined, `a series of the metric table: ${seriesKey(name, label)}`);
    return slot;
  }

  add(slot: number, amount: number): void {
    this.#values[slot]! += amount;
  }

  set(slot: number, value: number): void {
    this.#values[slot] = value;
  }

  value(slot: number): number {
    return this.#values[slot]!;
  }

  /** Records one observation of a histogram, in the histogram's unit. */
  observe(name: string, value: number): void {
    const histogram = this.#histograms.get(name);
    assert(histogram !== undefined, `a histogram of the metric table: ${name}`);
    histogram.observe(value);
  }

  /** Adds what prom-client tells of the process (CPU, memory, event loop); for a process that serves. */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** The media type of `expose()`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in the text format that Prometheus scrapes. */
  expose(): Promise<string> {
    return this.#registry.metrics();
  }

  #register(definition: MetricDefinition): void {
    const { name, help, label } = definition;
    const config = {
      name,
      help,
      labelNames: label === undefined ? [] : [label.name],
      registers: [this.#registry],
    };
    const series = (): { labels: Record<string, string>; value: number }[] =>
      (label?.values ?? [""]).map((value) => ({
        labels: label === undefined ? {} : { [label.name]: value },
        value: this.value(this.slot(name, value)),
      }));
    switch (definition.type) {
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
        this.#histograms.set(name, new Histogram({ ...config, buckets: [...(definition.buckets ?? [])] }));
    }
  }
}

function seriesKey(name: string, label: string): string {
  return label === "" ? name : `${name} ${label}`;
}
