/** One core for what is measured and another for what measures it, where the machine has two. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Cores that this process may use: `0-1`, `0,2-3`. */
function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

const [first = 0, second = first] = allowedCores();
export const SERVER_CORE: number = first;
export const LOAD_CORE: number = second;

/** A command line that runs another on one core, with all its threads. */
export function pinned(core: number, argv: readonly string[]): string[] {
  return ["taskset", "--cpu-list", String(core), ...argv];
}

/** Keeps this process off the core of what it measures. */
export function pinSelf(core: number): void {
  const { status } = spawnSync("taskset", [
    "--all-tasks",
    "--cpu-list",
    "--pid",
    String(core),
    String(process.pid),
  ]);
  if (status !== 0) throw new Error("taskset is missing: it is in Debian's package util-linux");
}
