import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ISSUE_CODES } from "../../src/base/issue.ts";
import { DENIAL_LOG_BURST, DENIAL_LOG_RATE_PER_SECOND, LOG_TEXT_MAX_CHARS } from "../../src/base/limits.ts";
import { DecisionLog, logPath, logText } from "../../src/observe/decision-log.ts";
import type { LogLevel } from "../../src/observe/log-level.ts";
import { createLoggerTo } from "../../src/observe/logger.ts";
import { metricTable } from "../../src/observe/metric-table.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { Flow } from "../../src/policy/flow.ts";
import { DENY_REASONS, type Verdict } from "../../src/policy/verdict.ts";

const ALLOW: Verdict = {
  allowed: true,
  code: 0,
  decider: { kind: "rule", tier: "default", policy: "NetworkPolicy shop/api", ruleIndex: 2 },
  revision: 7,
};
const DENY: Verdict = {
  allowed: false,
  reason: "tier_default",
  code: 7,
  decider: { kind: "tier", tier: "default" },
  revision: 7,
};

function observed(level: LogLevel = "info") {
  let nowMs = 0;
  const lines: string[] = [];
  const metrics = new Metrics(
    metricTable({ reasons: DENY_REASONS, semantics: ["strict"], issueCodes: ISSUE_CODES, version: "0" }),
  );
  const log = createLoggerTo({ write: (line) => lines.push(line) }, { level });
  const clock = { nowMs: () => nowMs, wallMs: () => nowMs };
  const decisions = new DecisionLog(clock, log, metrics, { semantics: "strict" });
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { lines, metrics, decisions, pass, records: () => lines.map((line) => JSON.parse(line)) };
}

function httpFlow(path: string): Flow {
  const flow = new Flow();
  flow.hasHttp = true;
  flow.method = "GET";
  flow.path = path;
  flow.destinationPort = 8080;
  flow.peer = { kind: "service-account", id: "spiffe://cluster.local/ns/a/sa/b", namespace: "a", name: "b" };
  return flow;
}

describe("DecisionLog", () => {
  it("logs a denial with who, what, where and why, and nothing else", () => {
    const { decisions, records } = observed();
    decisions.onDecision(DENY, httpFlow("/v1/items?token=secret"), "abc");
    const [{ time, ...record }, ...more] = records();
    assert.equal(more.length, 0);
    assert.match(time, /^\d{4}-\d\d-\d\dT/);
    assert.deepEqual(record, {
      level: "info",
      msg: "denied",
      reason: "tier_default",
      decision: "abc",
      principal: "spiffe://cluster.local/ns/a/sa/b",
      port: 8080,
      method: "GET",
      path: "/v1/items",
      tier: "default",
      revision: 7,
      semantics: "strict",
    });
  });

  it("names the policy and rule of a rule's denial, and no method for a plain connection", () => {
    const { decisions, records } = observed();
    decisions.onDecision({ ...DENY, reason: "rule", decider: ALLOW.decider }, new Flow(), "");
    const [record] = records();
    assert.equal(record.policy, "NetworkPolicy shop/api");
    assert.equal(record.rule, 2);
    assert.equal(record.principal, "");
    assert.equal("method" in record, false);
  });

  it("does not log an allow at level info, and does at debug", () => {
    const quiet = observed("info");
    quiet.decisions.onDecision(ALLOW, httpFlow("/"), "");
    assert.deepEqual(quiet.lines, []);
    const loud = observed("debug");
    loud.decisions.onDecision(ALLOW, httpFlow("/"), "");
    assert.equal(loud.records()[0].msg, "allowed");
  });

  it("counts by verdict and by reason", async () => {
    const { decisions, metrics } = observed();
    decisions.onDecision(ALLOW, httpFlow("/"), "");
    decisions.onDecision(DENY, httpFlow("/"), "");
    decisions.onDecision(DENY, httpFlow("/"), "");
    const text = await metrics.expose();
    assert.match(text, /^ephor_checks_total\{verdict="allow"\} 1$/m);
    assert.match(text, /^ephor_checks_total\{verdict="deny"\} 2$/m);
    assert.match(text, /^ephor_denials_total\{reason="tier_default"\} 2$/m);
    assert.match(text, /^ephor_denials_total\{reason="stale"\} 0$/m);
  });

  it("logs a flood of denials at a bounded rate, counts the rest, and says how many it left out", async () => {
    const { decisions, lines, metrics, pass, records } = observed();
    for (let i = 0; i < DENIAL_LOG_BURST + 50; i++) decisions.onDecision(DENY, httpFlow("/"), "");
    assert.equal(lines.length, DENIAL_LOG_BURST);
    assert.match(await metrics.expose(), /^ephor_denials_unlogged_total 50$/m);
    pass(1000 / DENIAL_LOG_RATE_PER_SECOND);
    for (let i = 0; i < 10; i++) decisions.onDecision(DENY, httpFlow("/"), "");
    assert.equal(lines.length, DENIAL_LOG_BURST + 1);
    assert.equal(records().at(-1).unlogged, 50);
  });
});

describe("logPath()", () => {
  const cases = [
    { name: "a plain path stays", path: "/a/b", want: "/a/b" },
    { name: "a query goes", path: "/a?token=x", want: "/a" },
    { name: "a fragment goes", path: "/a#x?y", want: "/a" },
    { name: "control bytes are spelled out", path: "/a\r\n\x1b[31m\x00", want: "/a\\x0d\\x0a\\x1b[31m\\x00" },
    { name: "bytes past ASCII are spelled out", path: "/\xe2\x80\xae", want: "/\\xe2\\x80\\xae" },
    { name: "a backslash can't pass for an escape", path: "/\\x0a", want: "/\\\\x0a" },
  ];
  for (const { name, path, want } of cases) it(name, () => assert.equal(logPath(path), want));

  it("cuts what is too long and says so", () => {
    assert.equal(logText("x".repeat(LOG_TEXT_MAX_CHARS)).length, LOG_TEXT_MAX_CHARS);
    assert.equal(logText("x".repeat(LOG_TEXT_MAX_CHARS + 1)), `${"x".repeat(LOG_TEXT_MAX_CHARS)}…`);
  });
});
