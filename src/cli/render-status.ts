import type { Issue } from "../base/issue.ts";
import type { SyncStatus } from "../sync/sync-client.ts";
import { formatIssues } from "./render-issues.ts";
import { formatTable, type Paint } from "./terminal.ts";

/** What `/status` answers; a sidecar and a node agent share the first fields. */
export type StatusAnswer = {
  readonly version: string;
  readonly state: string;
  readonly notReady: readonly string[];
  readonly source: string;
  readonly inSync: boolean;
  readonly issueCount: number;
  readonly issues: readonly Issue[];
  // Of a sidecar.
  readonly guards?: string;
  readonly revision?: number;
  readonly policyAgeSeconds?: number | null;
  readonly hasEndpoint?: boolean;
  readonly counts?: Readonly<Record<string, number>>;
  readonly connections?: number;
  readonly policySync?: SyncStatus & { readonly stale: boolean };
  // Of a node agent.
  readonly node?: string;
  readonly prefix?: string;
  readonly lastChangeAgeSeconds?: number | null;
  readonly pods?: readonly PodAnswer[];
};

type PodAnswer = {
  readonly pod: string;
  readonly volume: string;
  readonly streaming: boolean;
  readonly backlog: number;
  readonly problem: string;
};

export function formatStatus(answer: StatusAnswer, paint: Paint): string {
  const ready = answer.notReady.length === 0;
  const lines = [
    ["ready", ready ? paint("good", "yes") : paint("bad", `no: ${answer.notReady.join(", ")}`)],
    ["state", answer.state],
    ["source", answer.source],
    ...(answer.pods === undefined ? sidecarLines(answer, paint) : nodeLines(answer)),
    ["version", answer.version],
  ];
  const text = lines.map(([name = "", value = ""]) => `${name.padEnd(LABEL_WIDTH)}${value}\n`).join("");
  const pods =
    answer.pods === undefined || answer.pods.length === 0 ? "" : `\n${podTable(answer.pods, paint)}`;
  const issues = answer.issues.length === 0 ? "" : `\n${formatIssues(answer.issues, true, paint)}`;
  const left = answer.issueCount - answer.issues.length;
  return `${text}${pods}${issues}${left > 0 ? `and ${left} more issues\n` : ""}`;
}

const LABEL_WIDTH = 12;

function sidecarLines(answer: StatusAnswer, paint: Paint): string[][] {
  const { counts = {}, policySync } = answer;
  const endpoint = answer.hasEndpoint === true ? "known" : paint("bad", "not known: everything is denied");
  return [
    [
      "guards",
      answer.guards === undefined || answer.guards === "" ? "as the node agent says" : answer.guards,
    ],
    ["endpoint", answer.inSync ? endpoint : "not in sync yet"],
    ["revision", `${answer.revision ?? 0}, ${formatAge(answer.policyAgeSeconds)} old`],
    [
      "holds",
      Object.entries(counts)
        .map(([name, count]) => `${count} ${words(name)}`)
        .join(", "),
    ],
    ["connections", String(answer.connections ?? 0)],
    ...(policySync === undefined ? [] : syncLines(policySync, paint)),
  ];
}

function syncLines(sync: SyncStatus & { readonly stale: boolean }, paint: Paint): string[][] {
  const age = sync.ageMs === undefined ? "never in sync" : `state ${formatAge(sync.ageMs / 1000)} behind`;
  const stale = sync.stale ? paint("bad", ", stale: everything is denied") : "";
  return [
    ["sync", `${sync.state}, ${age}${stale}`],
    ["streams", `${sync.streams} opened, ${sync.messages} messages`],
    ...(sync.lastError === "" ? [] : [["last error", sync.lastError]]),
  ];
}

function nodeLines(answer: StatusAnswer): string[][] {
  const pods = answer.pods ?? [];
  return [
    ["node", answer.node ?? ""],
    ["prefix", answer.prefix ?? ""],
    ["in sync", answer.inSync ? "yes" : "no"],
    ["changed", `${formatAge(answer.lastChangeAgeSeconds)} ago`],
    ["pods", `${pods.length}, ${pods.filter((pod) => pod.streaming).length} with a stream`],
  ];
}

function podTable(pods: readonly PodAnswer[], paint: Paint): string {
  return formatTable(
    [
      { title: "POD" },
      { title: "STREAM", style: (cell) => (cell === "open" ? "good" : "warning") },
      { title: "WAITING" },
      { title: "PROBLEM" },
    ],
    pods.map(({ pod, volume, streaming, backlog, problem }) => [
      problem === "" ? pod : volume,
      streaming ? "open" : "none",
      String(backlog),
      problem,
    ]),
    paint,
  );
}

/** `ipSetMembers` as `ip set members`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function formatAge(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "never";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
}
