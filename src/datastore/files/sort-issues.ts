import type { Issue } from "../../base/issue.ts";

/** In the order of files and of places in them: what a person reads from top to bottom. */
export function sortIssues(issues: readonly Issue[]): readonly Issue[] {
  return issues
    .map((issue) => ({ issue, place: splitPlace(issue.where) }))
    .sort(({ place: left }, { place: right }) => {
      if (left.path !== right.path) return left.path < right.path ? -1 : 1;
      return left.line - right.line || left.column - right.column;
    })
    .map(({ issue }) => issue);
}

function splitPlace(where: string): {
  readonly path: string;
  readonly line: number;
  readonly column: number;
} {
  const match = /^(.*?):(\d+)(?::(\d+))?$/s.exec(where);
  return { path: match?.[1] ?? where, line: Number(match?.[2] ?? 0), column: Number(match?.[3] ?? 0) };
}
