/** A verdict to a CheckResponse's bytes: node bench/cases/encode.ts allow|deny */
import { DecisionIds } from "../../src/authz/decision-id.ts";
import { CheckResponseEncoder } from "../../src/authz/encode-check-response.ts";
import { STATUS_PERMISSION_DENIED, type Verdict } from "../../src/policy/verdict.ts";
import { measureAndReport } from "../harness.ts";

const BUDGET_NS = 1000;

const decider = { kind: "rule", tier: "default", policy: "NetworkPolicy shop/api", ruleIndex: 3 } as const;
const VERDICTS: Readonly<Record<string, Verdict>> = {
  allow: { allowed: true, code: 0, decider, revision: 7 },
  deny: { allowed: false, reason: "rule", code: STATUS_PERMISSION_DENIED, decider, revision: 7 },
};
const name = process.argv[2] ?? "";
const verdict = VERDICTS[name];
if (verdict === undefined) throw new Error("names a verdict");
const encoder = new CheckResponseEncoder("denied by policy\n");
const ids = new DecisionIds();

measureAndReport(
  `encode ${name}, with its decision id`,
  (count) => {
    let bytes = 0;
    for (let index = 0; index < count; index++) bytes += encoder.encode(verdict, ids.next(), "v3").length;
    return bytes;
  },
  BUDGET_NS,
);
