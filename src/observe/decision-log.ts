import type { Clock } from "../base/clock.ts";
import { DENIAL_LOG_BURST, DENIAL_LOG_RATE_PER_SECOND, LOG_TEXT_MAX_CHARS } from "../base/limits.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

/** What a decision's observer reads of a verdict; `policy`'s Verdict is one. */
export type ObservedVerdict = { readonly decider: ObservedDecider; readonly revision: number } & (
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: string }
);

type ObservedDecider =
  | { readonly kind: "rule"; readonly tier: string; readonly policy: string; readonly ruleIndex: number }
  | { readonly kind: "tier"; readonly tier: string }
  | { readonly kind: "none" };

/** What a decision's observer reads of a flow; `policy`'s Flow is one. Not kept past the call. */
export type ObservedFlow = {
  readonly peer: { readonly kind: "none" } | { readonly kind: string; readonly id: string };
  readonly hasHttp: boolean;
  /** Byte strings: one char a byte. */
  readonly method: string;
  readonly path: string;
  readonly destinationPort: number;
};

/** Told of each decision, on the path of the request: must be quick and must not throw. */
export type DecisionObserver = {
  /** `decisionId` is what the client saw in `x-ephor-decision`; may be empty where no id was made. */
  onDecision(verdict: ObservedVerdict, flow: ObservedFlow, decisionId: string): void;
};

/**
 * Counts every decision and logs denials, at most DENIAL_LOG_RATE_PER_SECOND of them; allows only at level `debug`.
 *
 * A record never holds headers, bodies or query strings.
 */
export class DecisionLog implements DecisionObserver {
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #semantics: string;
  readonly #bucket: TokenBucket;
  /** Read once: levels do not change while the process lives, and asking per request costs more than the count. */
  readonly #logsAllows: boolean;
  readonly #allowSlot: number;
  readonly #denySlot: number;
  readonly #unloggedSlot: number;
  #unlogged = 0;

  constructor(clock: Clock, log: Logger, metrics: Metrics, options: { readonly semantics: string }) {
    this.#log = log;
    this.#metrics = metrics;
    this.#semantics = options.semantics;
    this.#bucket = new TokenBucket(clock, {
      ratePerSecond: DENIAL_LOG_RATE_PER_SECOND,
      burst: DENIAL_LOG_BURST,
    });
    this.#logsAllows = log.isLevelEnabled("debug");
    this.#allowSlot = metrics.slot("ephor_checks_total", "allow");
    this.#denySlot = metrics.slot("ephor_checks_total", "deny");
    this.#unloggedSlot = metrics.slot("ephor_denials_unlogged_total");
  }

  onDecision(verdict: ObservedVerdict, flow: ObservedFlow, decisionId: string): void {
    if (verdict.allowed) {
      this.#metrics.add(this.#allowSlot, 1);
      if (this.#logsAllows) this.#log.debug(this.#record(verdict, flow, decisionId), "allowed");
      return;
    }
    this.#metrics.add(this.#denySlot, 1);
    this.#metrics.add(this.#metrics.slot("ephor_denials_total", verdict.reason), 1);
    if (this.#bucket.take()) {
      this.#log.info({ reason: verdict.reason, ...this.#record(verdict, flow, decisionId) }, "denied");
      this.#unlogged = 0;
    } else {
      this.#unlogged++;
      this.#metrics.add(this.#unloggedSlot, 1);
    }
  }

  #record(verdict: ObservedVerdict, flow: ObservedFlow, decisionId: string): object {
    return {
      decision: decisionId,
      ...requestFields(flow),
      ...deciderFields(verdict.decider),
      revision: verdict.revision,
      semantics: this.#semantics,
      // How many denials went unlogged since the last record that was written.
      ...(this.#unlogged > 0 ? { unlogged: this.#unlogged } : {}),
    };
  }
}

function requestFields(flow: ObservedFlow): object {
  const principal = "id" in flow.peer ? logText(flow.peer.id) : "";
  if (!flow.hasHttp) return { principal, port: flow.destinationPort };
  return { principal, port: flow.destinationPort, method: logText(flow.method), path: logPath(flow.path) };
}

function deciderFields(decider: ObservedDecider): object {
  switch (decider.kind) {
    case "rule":
      return { tier: decider.tier, policy: decider.policy, rule: decider.ruleIndex };
    case "tier":
      return { tier: decider.tier };
    case "none":
      return {};
  }
}

/** A path without its query and fragment, which may hold secrets. */
export function logPath(path: string): string {
  const end = path.search(/[?#]/);
  return logText(end === -1 ? path : path.slice(0, end));
}

/**
 * Outside text made safe to log: bytes that are not printable ASCII become `\xNN` and backslashes double, so that no
 * reader of the log is steered by it and two texts never look alike; cut at LOG_TEXT_MAX_CHARS with `…`.
 */
export function logText(text: string): string {
  const cut = text.length > LOG_TEXT_MAX_CHARS ? text.slice(0, LOG_TEXT_MAX_CHARS) : text;
  const escaped = cut.replace(/[^\x20-\x5b\x5d-\x7e]/g, (char) =>
    char === "\\" ? "\\\\" : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return cut.length < text.length ? `${escaped}…` : escaped;
}
