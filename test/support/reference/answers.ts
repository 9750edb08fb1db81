/** Yes, no, unknown. */
export type Answer = "yes" | "no" | "unknown";

export function negate(answer: Answer): Answer {
  if (answer === "unknown") return "unknown";
  return answer === "yes" ? "no" : "yes";
}

/** No if one is no, yes if all are yes, else unknown. */
export function all(answers: readonly Answer[]): Answer {
  if (answers.includes("no")) return "no";
  return answers.includes("unknown") ? "unknown" : "yes";
}

export function any(answers: readonly Answer[]): Answer {
  return negate(all(answers.map(negate)));
}

export function fromBoolean(value: boolean): Answer {
  return value ? "yes" : "no";
}
