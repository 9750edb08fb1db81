/** Random selectors and label sets over a vocabulary small enough that matches are frequent. */
import fc from "fast-check";
import {
  ALL,
  and,
  equals,
  GLOBAL,
  has,
  isIn,
  isNotIn,
  not,
  or,
  type Selector,
} from "../../src/selector/index.ts";

export const labelName: fc.Arbitrary<string> = fc.constantFrom("a", "b", "app.io/c", "all", "in", "not");

export const labelValue: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("", "x", "y", "xy", "yx", "xyx") },
  { weight: 1, arbitrary: fc.constantFrom("it's", '"', "ü", "\u{1F600}", "\uFF21", "a\tb", "||") },
);

export const labels: fc.Arbitrary<Map<string, string>> = fc
  .array(fc.tuple(labelName, labelValue), { maxLength: 5 })
  .map((entries) => new Map(entries));

const values = fc.array(labelValue, { maxLength: 4 });

const leaf: fc.Arbitrary<Selector> = fc.oneof(
  fc.constantFrom(ALL, GLOBAL),
  labelName.map(has),
  fc.tuple(labelName, labelValue).map(([label, value]) => equals(label, value)),
  fc
    .tuple(fc.constantFrom("ne", "contains", "startsWith", "endsWith"), labelName, labelValue)
    .map(([op, label, value]): Selector => ({ op, label, value })),
  fc.tuple(labelName, values).map(([label, members]) => isIn(label, members)),
  fc.tuple(labelName, values).map(([label, members]) => isNotIn(label, members)),
);

/** Trees as the constructors make them. */
export const selector: fc.Arbitrary<Selector> = fc.letrec<{ node: Selector }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 3, arbitrary: leaf },
    { weight: 1, arbitrary: tie("node").map(not) },
    { weight: 1, arbitrary: fc.array(tie("node"), { maxLength: 4 }).map((operands) => and(...operands)) },
    { weight: 1, arbitrary: fc.array(tie("node"), { maxLength: 4 }).map((operands) => or(...operands)) },
  ),
})).node;
