/** Throws when an invariant of ours is broken: a bug, never a reaction to outside input. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${invariant}`);
}

/** For the arm of an exhaustive switch that cannot be reached. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

/** The one funnel for `catch (reason: unknown)`; keeps the original as `cause`. */
export function toError(reason: unknown): Error {
  if (reason instanceof Error) return reason;
  return new Error(String(reason), { cause: reason });
}
