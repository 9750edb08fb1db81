import { assert } from "../base/assert.ts";
import type { Exposition, HistogramValues } from "./exposition.ts";
import type { MetricDefinition } from "./metric-table.ts";

/**
 * The process's metrics. Counters and gauges are one number a series in one array, histograms one a bucket, turned into
 * text only when somebody scrapes: what a request touches is a few array elements.
 */
export class Metrics {
  readonly #definitions: readonly MetricDefinition[];
  readonly #values: Float64Array;
  readonly #slots: ReadonlyMap<string, number>;
  readonly #histograms = new Map<string, HistogramValues & { sum: number }>();
  #collectsProcess = false;
  #exposition: Promise<Exposition> | undefined;

  constructor(definitions: readonly MetricDefinition[]) {
    this.#definitions = definitions;
    const slots = new Map<string, number>();
    for (const { name, type, label, buckets = [] } of definitions) {
      if (type === "histogram") {
        this.#histograms.set(name, { buckets, counts: new Float64Array(buckets.length + 1), sum: 0 });
        continue;
      }
      for (const value of label?.values ?? [""]) {
        const key = seriesKey(name, value);
        assert(!slots.has(key), `one metric a name: ${key}`);
        slots.set(key, slots.size);
      }
    }
    this.#slots = slots;
    this.#values = new Float64Array(slots.size);
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
    const histogram = this.#histogram(name);
    const bucket = histogram.buckets.findIndex((bound) => value <= bound);
    histogram.counts[bucket === -1 ? histogram.buckets.length : bucket]! += 1;
    histogram.sum += value;
  }

  /** Adds, from the first scrape on, what there is to tell of the process (CPU, memory, event loop); for one that serves. */
  collectProcess(): void {
    this.#collectsProcess = true;
  }

  /** The media type of `expose()`. */
  get contentType(): string {
    return "text/plain; version=0.0.4; charset=utf-8";
  }

  /** All metrics in the text format that Prometheus scrapes. */
  async expose(): Promise<string> {
    this.#exposition ??= this.#createExposition();
    return await (await this.#exposition).text();
  }

  async #createExposition(): Promise<Exposition> {
    const { Exposition } = await import("./exposition.ts");
    const reader = {
      value: (name: string, label: string): number => this.value(this.slot(name, label)),
      histogram: (name: string): HistogramValues => this.#histogram(name),
    };
    return new Exposition(this.#definitions, reader, { collectsProcess: this.#collectsProcess });
  }

  #histogram(name: string): HistogramValues & { sum: number } {
    const histogram = this.#histograms.get(name);
    assert(histogram !== undefined, `a histogram of the metric table: ${name}`);
    return histogram;
  }
}

function seriesKey(name: string, label: string): string {
  return label === "" ? name : `${name} ${label}`;
}
