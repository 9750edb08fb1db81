/** The answer of a clause or a rule: a number, so that AND is the minimum and OR the maximum. */
export type Answer = 0 | 1 | 2;
export const NO: Answer = 0;
export const UNKNOWN: Answer = 1;
export const YES: Answer = 2;

export function andAnswers(left: Answer, right: Answer): Answer {
  return left < right ? left : right;
}

export function orAnswers(left: Answer, right: Answer): Answer {
  return left > right ? left : right;
}

/** Yes and no change places, unknown stays. */
export function notAnswer(answer: Answer): Answer {
  if (answer === UNKNOWN) return UNKNOWN;
  return answer === YES ? NO : YES;
}

export function toAnswer(yes: boolean): Answer {
  return yes ? YES : NO;
}
