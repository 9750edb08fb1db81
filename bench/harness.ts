/**
 * Measures one thing in one process and prints what it found, one JSON line a figure, for `bench/run.ts` to collect.
 *
 * A figure of time comes with its ratio to the baseline, one SHA-256 of 1 KB by node:crypto: samples of the two take
 * turns, so that a slower machine, or a busy one, slows both.
 */
import { createHash } from "node:crypto";

export type Figure = {
  readonly name: string;
  readonly value: number;
  readonly unit: "ns" | "µs" | "ms" | "bytes" | "KB" | "MB" | "1/s" | "×" | "%" | "";
  /** Median of the samples divided by the median of the baseline's, where it is a time on the CPU. */
  readonly ratio?: number;
  /** Smallest and largest of the runs whose median the value is. */
  readonly spread?: readonly [number, number];
  /** What design and documents promise, in the same unit; more is a miss. */
  readonly budget?: number;
  /** The same where less is a miss. */
  readonly atLeast?: number;
  /** What the same runs told besides. */
  readonly also?: readonly Pick<Figure, "name" | "value" | "unit">[];
};

/** The median of runs, with its spread. */
export function medianOf(values: readonly number[]): Required<Pick<Figure, "value" | "spread">> {
  return { value: median(values), spread: [Math.min(...values), Math.max(...values)] };
}

export function report(figure: Figure): void {
  process.stdout.write(`${JSON.stringify(figure)}\n`);
}

/** Performs the operation `count` times; what it returns keeps the compiler from leaving the work out. */
export type Operation = (count: number) => number;

const SAMPLES = 15;
const SAMPLE_MS = 40;
const WARM_UP_MS = 300;

/** Medians, in nanoseconds an operation. */
export type Measured = { readonly medianNs: number; readonly baselineNs: number };

export function measure(operation: Operation): Measured {
  warmUp(operation);
  warmUp(hashKilobyte);
  const count = countFor(operation);
  const baselineCount = countFor(hashKilobyte);
  const samples: number[] = [];
  const baseline: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    samples.push(timeNs(operation, count));
    baseline.push(timeNs(hashKilobyte, baselineCount));
  }
  return { medianNs: median(samples), baselineNs: median(baseline) };
}

/** Measures an operation of nanoseconds to microseconds and reports it, and the garbage it leaves. */
export function measureAndReport(name: string, operation: Operation, budgetNs?: number): void {
  const { medianNs, baselineNs } = measure(operation);
  const ratio = medianNs / baselineNs;
  report({
    name,
    value: medianNs,
    unit: "ns",
    ratio,
    ...(budgetNs === undefined ? {} : { budget: budgetNs }),
  });
  report({ name: `${name}: garbage`, value: garbageBytes(operation), unit: "bytes" });
}

/** The baseline alone, for cases whose work can't take turns with it. */
export function baselineNs(): number {
  warmUp(hashKilobyte);
  const count = countFor(hashKilobyte);
  return median(Array.from({ length: SAMPLES }, () => timeNs(hashKilobyte, count)));
}

/** The middle one, or the upper of the two. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

/** Heap and array buffers in use after a full collection. Needs --expose-gc, which `bench/run.ts` gives. */
export function liveBytes(): number {
  collectGarbage();
  collectGarbage(); // what weak references and finalizers let go of
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const kilobyte = Buffer.alloc(1024, "ephor");

function hashKilobyte(count: number): number {
  let sum = 0;
  for (let index = 0; index < count; index++) sum += createHash("sha256").update(kilobyte).digest()[0] ?? 0;
  return sum;
}

function warmUp(operation: Operation): void {
  const endMs = performance.now() + WARM_UP_MS;
  for (let count = 1; performance.now() < endMs; count = Math.min(count * 2, 1000)) sink(operation(count));
}

/** How often to repeat an operation for a sample of SAMPLE_MS. */
function countFor(operation: Operation): number {
  for (let count = 64; ; count *= 2) {
    const tookMs = (timeNs(operation, count) * count) / 1e6;
    // Long enough to be told from the clock's steps, which are those of the scheduler: up to 4 ms.
    if (tookMs >= SAMPLE_MS / 2) return Math.ceil((count * SAMPLE_MS) / tookMs);
  }
}

function timeNs(operation: Operation, count: number): number {
  const startNs = threadNs();
  sink(operation(count));
  return (threadNs() - startNs) / count;
}

/**
 * CPU time of this thread, so that what else runs on the machine counts only by the caches it takes; where Node can't tell it
 * (before 23.9), the time that passed.
 */
export function threadNs(): number {
  if (threadCpuUsage === undefined) return performance.now() * 1e6;
  const { user, system } = threadCpuUsage();
  return (user + system) * 1000;
}

// The type declarations are those of the oldest supported Node.
const { threadCpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage };

/** Bytes allocated an operation: the smallest of several tries, for a collection in between or a timer's garbage adds noise. */
function garbageBytes(operation: Operation): number {
  const count = 2000;
  const tries = Array.from({ length: 15 }, () => {
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    sink(operation(count));
    return process.memoryUsage().heapUsed - before;
  }).filter((bytes) => bytes >= 0);
  return Math.round(Math.min(...tries) / count);
}

function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error("run it through bench/run.ts, or with --expose-gc");
  void globalThis.gc();
}

let sunk = 0;

/** Uses a value in a way that no compiler can see through. */
export function sink(value: number): void {
  sunk = (sunk + value) % 1_000_003;
  if (Number.isNaN(sunk)) throw new Error("an operation returned no number");
}
