import { formatAddress } from "../net/address.ts";
import { logText } from "../observe/index.ts";
import type {
  Explanation,
  ObjectExplanation,
  RuleExplanation,
  TierExplanation,
  WalkExplanation,
} from "../policy/explain.ts";
import type { ClauseExplanation } from "../policy/explain-clauses.ts";
import { ADDRESS_IPV4, ADDRESS_NONE, type Flow, PORT_UNKNOWN } from "../policy/flow.ts";
import type { Decider } from "../policy/verdict.ts";
import type { JudgingOptions } from "./embedded-policy.ts";
import type { Paint } from "./terminal.ts";

/** The outcome of one check as plain data: what `--output json` prints. */
export type CheckReport = {
  readonly verdict: "allow" | "deny";
  /** Undefined for an allow; else from the closed list of docs/operations.md. */
  readonly reason: string | undefined;
  /** `google.rpc.Code` of the answer that Envoy would get. */
  readonly code: number;
  readonly decidedBy: Decider;
  readonly nearest: string | undefined;
  readonly request: RequestReport;
  /** What the command line left out and how it was taken. */
  readonly assumed: readonly string[];
  readonly judging: JudgingOptions;
  readonly walks: readonly WalkExplanation[];
};

type RequestReport = {
  readonly principal: string;
  /** Why the principal can't be judged; undefined if it can. */
  readonly foreign: string | undefined;
  readonly source: string;
  readonly destination: string;
  /** Undefined for a connection. */
  readonly http: { readonly method: string; readonly path: string } | undefined;
};

export function checkReport(
  explanation: Explanation,
  flow: Flow,
  judging: JudgingOptions,
  assumed: readonly string[],
): CheckReport {
  const { verdict, nearest, walks } = explanation;
  return {
    verdict: verdict.allowed ? "allow" : "deny",
    reason: verdict.allowed ? undefined : verdict.reason,
    code: verdict.code,
    decidedBy: verdict.decider,
    nearest,
    request: requestReport(flow),
    assumed,
    judging,
    walks,
  };
}

function requestReport(flow: Flow): RequestReport {
  const { peer } = flow;
  return {
    principal: peer.kind === "none" ? "" : logText(peer.id),
    foreign: peer.kind === "foreign" ? peer.why : undefined,
    source: endpointText(
      flow.sourceFamily,
      [flow.source0, flow.source1, flow.source2, flow.source3],
      flow.sourcePort,
    ),
    destination: endpointText(
      flow.destinationFamily,
      [flow.destination0, flow.destination1, flow.destination2, flow.destination3],
      flow.destinationPort,
    ),
    http: flow.hasHttp ? { method: logText(flow.method), path: logText(flow.path) } : undefined,
  };
}

function endpointText(
  family: number,
  words: readonly [number, number, number, number],
  port: number,
): string {
  const [w0, w1, w2, w3] = words;
  const address =
    family === ADDRESS_NONE
      ? "an unknown address"
      : formatAddress({ family: family === ADDRESS_IPV4 ? 4 : 6, w0, w1, w2, w3 });
  return port === PORT_UNKNOWN ? address : `${address} port ${port}`;
}

/** The report for a person: verdict first, then what would change it, then the way there. */
export function formatCheckReport(report: CheckReport, paint: Paint): string {
  const lines = [
    ...headLines(report, paint),
    "",
    ...requestLines(report.request, paint),
    ...report.assumed.map((text) => `  ${paint("faint", text)}`),
    ...judgingLines(report.judging, paint),
    "",
    ...explanationLines(report.walks, paint),
  ];
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

function headLines(report: CheckReport, paint: Paint): string[] {
  const decider = deciderText(report.decidedBy);
  if (report.verdict === "allow") return [`${paint("good", "allow")}  by ${decider}`];
  const where = decider === "" ? "" : `, ${decider}`;
  return [
    `${paint("bad", "deny")}  ${report.reason ?? ""}${where}`,
    `nearest change that would allow: ${report.nearest ?? "none; no single change would"}`,
  ];
}

function deciderText(decider: Decider): string {
  switch (decider.kind) {
    case "rule": {
      const tier = decider.tier === "" ? "" : ` (tier ${decider.tier})`;
      return `${decider.policy} rule ${decider.ruleIndex}${tier}`;
    }
    case "tier":
      return `end of tier ${decider.tier}`;
    case "none":
      return "";
  }
}

function requestLines(request: RequestReport, paint: Paint): string[] {
  const who = request.principal === "" ? "no identity" : request.principal;
  const doubt = request.foreign === undefined ? "" : ` (${request.foreign})`;
  const what = request.http === undefined ? "a connection" : `${request.http.method} ${request.http.path}`;
  return [
    paint("strong", "Request"),
    `  from   ${who}${doubt}, ${request.source}`,
    `  to     ${request.destination}`,
    `  asks   ${what}`,
  ];
}

function judgingLines(judging: JudgingOptions, paint: Paint): string[] {
  if (!judging.inventoryFound || judging.inventory === "complete") return [];
  const text = `the directory lists no workload but the guarded one: what selectors choose is unknown (--inventory none, --peer ${judging.peer})`;
  return [`  ${paint("faint", text)}`];
}

/** Where readings of the path differ, each gets a line, and the first that denies is told in full. */
function explanationLines(walks: readonly WalkExplanation[], paint: Paint): string[] {
  const [first, ...others] = walks;
  if (first === undefined) return [];
  const told = walks.find(({ verdict }) => !verdict.allowed) ?? first;
  const tiers = told.tiers.flatMap((tier) => tierLines(tier, paint));
  if (others.length === 0) return [paint("strong", "Explanation"), ...tiers];
  return [
    paint("strong", "The path has several readings, and all of them have to be allowed"),
    ...walks.map((walk) => `  ${readingText(walk)}: ${outcomeText(walk)}`),
    "",
    `${paint("strong", "Explanation")} of ${readingText(told)}`,
    ...tiers,
  ];
}

function readingText({ path, readings }: WalkExplanation): string {
  return `${path === "" ? "none" : logText(path)} (${readings.join(", ")})`;
}

function outcomeText({ verdict }: WalkExplanation): string {
  return verdict.allowed ? `allow, ${deciderText(verdict.decider)}` : `deny, ${verdict.reason}`;
}

function tierLines(tier: TierExplanation, paint: Paint): string[] {
  const name = tier.tier === "" ? "profiles" : `tier ${tier.tier}`;
  return [`  ${name}: ${tier.outcome}`, ...tier.objects.flatMap((object) => objectLines(object, paint))];
}

function objectLines(object: ObjectExplanation, paint: Paint): string[] {
  const status = object.status === "enforced" ? "" : ` (${object.status})`;
  const broken = object.unusable === "" ? "" : `: can't be used, ${object.unusable}`;
  return [
    `    ${object.object}${status}${broken}`,
    ...object.rules.flatMap((rule) => ruleLines(rule, paint)),
  ];
}

/** Of a rule that does not match, what says no; of one in doubt, what is unknown; of one that matches, everything. */
function ruleLines(rule: RuleExplanation, paint: Paint): string[] {
  const telling = rule.clauses.filter(({ answer }) => rule.answer === "yes" || answer === rule.answer);
  const shown = rule.answer === "no" ? telling.slice(0, 1) : telling;
  // The protocol's word for Calico's.
  const action = rule.action === "next-tier" ? "pass" : rule.action;
  const head = `      rule ${rule.ruleIndex} ${action}: ${paintAnswer(rule.answer, paint)}`;
  return [head, ...shown.map(({ clause, why }) => `        ${clause}: ${paint("faint", why)}`)];
}

function paintAnswer(answer: ClauseExplanation["answer"], paint: Paint): string {
  switch (answer) {
    case "yes":
      return paint("good", "yes");
    case "no":
      return "no";
    case "unknown":
      return paint("warning", "unknown");
  }
}
