import fc from "fast-check";

type Weighted<T> = readonly [number, fc.Arbitrary<T>];

/** One of several, by weight. */
export function weighted<T>(...choices: readonly Weighted<T>[]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

/** `otherwise` except in `percent` of cases. */
export function sometimes<T, U>(
  percent: number,
  arbitrary: fc.Arbitrary<T>,
  otherwise: U,
): fc.Arbitrary<T | U> {
  return weighted<T | U>([100 - percent, fc.constant(otherwise)], [percent, arbitrary]);
}

/** One or more of some values, none twice. */
export function some<T>(values: readonly T[], maxLength: number): fc.Arbitrary<T[]> {
  return fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength });
}
