import type { Decider } from "../verdict.ts";
import type { RuleAction, RuleModel } from "./rule-model.ts";

/**
 * What happens when the walk comes to a row that is not no. The first five are a rule's actions; the others are rows of
 * their own, always yes, for what is listed and can't be judged.
 */
export const ROW_ALLOW = 0;
export const ROW_DENY = 1;
export const ROW_LOG = 2;
export const ROW_PASS = 3;
export const ROW_BAD_ACTION = 4;
export const ROW_POLICY_MISSING = 5;
export const ROW_PROFILE_MISSING = 6;
/** An unusable object without rules: what it might have refused is refused. */
export const ROW_UNUSABLE = 7;

/** One line of the program: a rule, or a stop. */
export type Row = {
  readonly action: number;
  /** Undefined for rows that ask nothing. */
  readonly model: RuleModel | undefined;
  readonly decider: Decider;
};

const RULE_ROWS: Readonly<Record<RuleAction, number>> = {
  allow: ROW_ALLOW,
  deny: ROW_DENY,
  log: ROW_LOG,
  pass: ROW_PASS,
  bad: ROW_BAD_ACTION,
};

export function ruleRow(model: RuleModel, decider: Decider): Row {
  return { action: RULE_ROWS[model.action], model, decider };
}

export function stopRow(action: number, decider: Decider): Row {
  return { action, model: undefined, decider };
}
