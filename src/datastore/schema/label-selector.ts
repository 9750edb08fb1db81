/** Kubernetes' own label selectors, read into the selector language. */
import { z } from "zod";
import { and, equals, has, isIn, isNotIn, not, type Selector } from "../../selector/selector.ts";
import { quote } from "../locate.ts";
import { isLabelName, isLabelValue } from "./names.ts";
import { type ProblemSink, pushProblem } from "./problem.ts";

const OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist"] as const;

const EXPRESSION = z
  .strictObject({
    key: z.string().check((context) => checkName(context, context.value, [])),
    operator: z.enum(OPERATORS),
    values: z.array(z.string()).optional(),
  })
  .transform(({ key, operator, values = [] }, context): Selector => {
    const needsValues = operator === "In" || operator === "NotIn";
    if (needsValues && values.length === 0) {
      pushProblem(context, { code: "missing_field", message: `${operator} needs \`values\`` });
    } else if (!needsValues && values.length > 0) {
      pushProblem(context, { code: "conflict", message: `${operator} has no \`values\`` }, ["values"]);
    }
    for (const [index, value] of values.entries()) checkValue(context, value, ["values", index]);
    switch (operator) {
      case "In":
        return isIn(key, values);
      case "NotIn":
        return isNotIn(key, values);
      case "Exists":
        return has(key);
      case "DoesNotExist":
        return not(has(key));
    }
  });

/** An empty selector chooses everything: it comes out as all(). */
export const LABEL_SELECTOR: z.ZodType<Selector, unknown> = z
  .strictObject({
    matchLabels: z.record(z.string(), z.string()).optional(),
    matchExpressions: z.array(EXPRESSION).optional(),
  })
  .meta({ id: "LabelSelector", description: "Kubernetes label selector; `{}` chooses everything." })
  .transform(({ matchLabels = {}, matchExpressions = [] }, context) => {
    const labels = Object.entries(matchLabels).sort(([left], [right]) => (left < right ? -1 : 1));
    for (const [name, value] of labels) {
      checkName(context, name, ["matchLabels", name]);
      checkValue(context, value, ["matchLabels", name]);
    }
    return and(...labels.map(([name, value]) => equals(name, value)), ...matchExpressions);
  });

function checkName(sink: ProblemSink, name: string, path: readonly PropertyKey[]): void {
  if (isLabelName(name)) return;
  pushProblem(sink, { code: "bad_name", message: `${quote(name)} is not the name of a label` }, path);
}

function checkValue(sink: ProblemSink, value: string, path: readonly PropertyKey[]): void {
  if (isLabelValue(value)) return;
  const message = `${quote(value)} is not the value of a label: up to 63 letters, digits, \`-\`, \`_\` and \`.\``;
  pushProblem(sink, { code: "bad_value", message }, path);
}
