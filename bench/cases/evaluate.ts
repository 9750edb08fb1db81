/** A flow to a verdict: node bench/cases/evaluate.ts last|first|mix|strangers|ambiguous-path|no-identity RULES */
import { evaluate } from "../../src/policy/evaluate.ts";
import type { Flow } from "../../src/policy/flow.ts";
import { DEFAULT_POLICY_OPTIONS } from "../../src/policy/options.ts";
import { SnapshotStore } from "../../src/policy/snapshot.ts";
import { SnapshotBuilder } from "../../src/policy/snapshot-builder.ts";
import { measureAndReport } from "../harness.ts";
import { createFlow, createFlows, createMessages, type WantedRule } from "../policies.ts";

/** Different requests, from as many pods as call one busy service. Powers of two. */
const FLOWS = 1024;
const PEERS = 200;
/** More than are remembered. */
const STRANGERS = 8192;

type Shape = {
  readonly what: string;
  readonly wanted: WantedRule;
  readonly flows: readonly Flow[];
  readonly hasBudget: boolean;
  readonly allowed?: boolean;
};

/** Budgets are for requests that tell everything and callers that come again; the others show what the rest costs. */
const SHAPES: Readonly<Record<string, () => Shape>> = {
  last: () => ({
    what: "only the last rule matches",
    wanted: "last",
    hasBudget: true,
    flows: varied(createFlow("wanted")),
    allowed: true,
  }),
  first: () => ({
    what: "the first rule matches",
    wanted: "first",
    hasBudget: true,
    flows: varied(createFlow("wanted")),
    allowed: true,
  }),
  mix: () => ({
    what: "a mix of requests",
    wanted: "none",
    hasBudget: true,
    flows: createFlows(FLOWS, PEERS),
  }),
  strangers: () => ({
    what: "each from a new address",
    wanted: "none",
    hasBudget: false,
    flows: createFlows(STRANGERS, STRANGERS),
  }),
  "ambiguous-path": () => ({
    what: "ambiguous path",
    wanted: "last",
    hasBudget: false,
    flows: varied(createFlow("ambiguous")),
  }),
  "no-identity": () => ({
    what: "caller without identity",
    wanted: "last",
    hasBudget: true,
    flows: varied(createFlow("unidentified")),
  }),
};

const [shapeName = "", ruleText = ""] = process.argv.slice(2);
const shape = SHAPES[shapeName]?.();
const ruleCount = Number(ruleText);
if (shape === undefined || !(ruleCount > 0)) throw new Error("names a shape and a number of rules");

const builder = new SnapshotBuilder(DEFAULT_POLICY_OPTIONS);
const issues = builder.apply(createMessages(ruleCount, shape.wanted));
if (issues.length > 0) throw new Error(JSON.stringify(issues[0]));
const store = new SnapshotStore();
store.publish(builder.build(1));

const { flows, allowed } = shape;
const verdicts = flows.map((flow) => evaluate(store, flow));
if (allowed !== undefined && verdicts.some((verdict) => verdict.allowed !== allowed))
  throw new Error("unexpected verdict");
const allows = verdicts.filter((verdict) => verdict.allowed).length;

measureAndReport(
  `evaluate ${ruleCount.toLocaleString("en")} rules, ${shape.what} (${Math.round((100 * allows) / flows.length)} % allowed)`,
  (count) => {
    let sum = 0;
    for (let index = 0; index < count; index++)
      sum += evaluate(store, flows[index & (flows.length - 1)]!).code;
    return sum;
  },
  shape.hasBudget ? budgetNs(ruleCount) : undefined,
);

/** The same question from different addresses and callers' ports, so that no answer kept from the last request serves the next. */
function varied(flow: Flow): Flow[] {
  return createFlows(FLOWS, PEERS).map((other) => {
    const { sourceFamily, source0, sourcePort } = other;
    return Object.assign(other, flow, { sourceFamily, source0, sourcePort });
  });
}

function budgetNs(rules: number): number | undefined {
  if (rules <= 100) return 1000;
  return rules === 20_000 ? 5000 : undefined;
}
