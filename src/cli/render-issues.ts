import { formatIssue, type Issue } from "../base/issue.ts";
import { formatTable, type Paint } from "./terminal.ts";

/** Issues for a person: a table on a terminal; elsewhere one line each in the form that editors jump to. */
export function formatIssues(issues: readonly Issue[], isTerminal: boolean, paint: Paint): string {
  if (issues.length === 0) return "";
  if (!isTerminal) return issues.map((issue) => `${formatIssue(issue)}\n`).join("");
  return formatTable(
    [
      { title: "SEVERITY", style: (cell) => (cell === "error" ? "bad" : "warning") },
      { title: "WHERE" },
      { title: "CODE", style: () => "faint" },
      { title: "WHAT" },
    ],
    issues.map(({ severity, where, code, message }) => [severity, where, code, message]),
    paint,
  );
}

/** `2 errors, 1 warning`, or `no issues`. */
export function countIssues(issues: readonly Issue[]): string {
  const errors = issues.filter(({ severity }) => severity === "error").length;
  const warnings = issues.length - errors;
  const parts = [
    ...(errors > 0 ? [counted(errors, "error")] : []),
    ...(warnings > 0 ? [counted(warnings, "warning")] : []),
  ];
  return parts.length === 0 ? "no issues" : parts.join(", ");
}

/** `1 object`, `2 objects`. */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
