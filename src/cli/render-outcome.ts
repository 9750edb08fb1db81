import type { Outcome } from "../datastore/change-object.ts";
import type { Paint } from "./terminal.ts";

/** Whether the object is now as it was asked to be. */
export function isDone({ kind }: Outcome): boolean {
  return kind !== "conflict" && kind !== "refused" && kind !== "missing";
}

export function formatOutcome(name: string, outcome: Outcome, isDryRun: boolean, paint: Paint): string {
  switch (outcome.kind) {
    case "created":
    case "configured":
    case "deleted":
      return `${name} ${outcome.kind}${isDryRun ? " (dry run)" : ""}\n`;
    case "unchanged":
      return `${name} unchanged\n`;
    case "missing":
      return `${name}: not found\n`;
    case "refused":
      return `${name}: ${paint("bad", "not written")}: ${outcome.why}\n`;
    case "conflict":
      return `${name}: ${paint("bad", "conflict")}: ${outcome.why}; nothing was written\n${formatStored(outcome)}`;
  }
}

/** What is there instead: enough to decide whether to take it or to say so again. */
function formatStored({ stored, differences }: Extract<Outcome, { kind: "conflict" }>): string {
  if (stored === undefined) return "  there is no such object now\n";
  const shown = differences.slice(0, DIFFERENCES_MAX).map(({ path, there, here }) => {
    return `    ${path}: ${formatValue(there)} there, ${formatValue(here)} here\n`;
  });
  const left = differences.length - shown.length;
  const more = left > 0 ? `    and ${left} more\n` : "";
  return `  stored is version ${stored.revision}, at ${stored.place}\n${shown.join("")}${more}`;
}

const DIFFERENCES_MAX = 10;
const VALUE_MAX_CHARS = 60;

function formatValue(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > VALUE_MAX_CHARS ? `${text.slice(0, VALUE_MAX_CHARS)}…` : text;
}
