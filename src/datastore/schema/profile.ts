/** Profile: what endpoints inherit, labels and last rules. */
import { z } from "zod";
import { RULES_PER_DIRECTION_MAX } from "../../base/limits.ts";
import { quote } from "../locate.ts";
import { salvageRules } from "./calico-policy.ts";
import { listOf, TEXT_MAP } from "./fields.ts";
import { defineKind, isMapping, type Kind } from "./kind.ts";
import { isLabelName, isLabelValue } from "./names.ts";
import { pushProblem, readable } from "./problem.ts";
import { ruleSchema } from "./rule.ts";

const LABELS_TO_APPLY = TEXT_MAP.check((context) => {
  for (const [name, value] of context.value) {
    if (!isLabelName(name)) {
      pushProblem(context, { code: "bad_name", message: `${quote(name)} is not the name of a label` }, [
        name,
      ]);
    } else if (!isLabelValue(value)) {
      const message = `${quote(value)} is not the value of a label: up to 63 letters, digits, \`-\`, \`_\` and \`.\``;
      pushProblem(context, { code: "bad_value", message }, [name]);
    }
  }
});

const SPEC = z.strictObject({
  ingress: listOf(ruleSchema({ direction: "ingress", scope: "cluster" }), {
    max: RULES_PER_DIRECTION_MAX,
  }).optional(),
  egress: listOf(ruleSchema({ direction: "egress", scope: "cluster" }), {
    max: RULES_PER_DIRECTION_MAX,
  }).optional(),
  labelsToApply: LABELS_TO_APPLY.optional(),
});

const SPEC_KEYS = Object.keys(SPEC.shape);

export const PROFILE: Kind = defineKind({
  apiVersions: ["projectcalico.org/v3", "crd.projectcalico.org/v1"],
  kind: "Profile",
  resourceKind: "Profile",
  scope: "cluster",
  nameRule: "subdomain",
  keys: "strict",
  description: "Labels that endpoints inherit, and rules for what no tier decides.",
  shape: { spec: SPEC, status: z.unknown().optional() },
  toResource: ({ spec }, { metadata, report }) => {
    for (const [index, rule] of (spec.ingress ?? []).entries()) {
      if (rule.source.identities === undefined) continue;
      const path = ["spec", "ingress", index, "source", "identities"];
      report("error", path, "conflict", "`identities` is allowed in policies only");
    }
    return {
      kind: "Profile",
      metadata,
      ingress: spec.ingress ?? [],
      egress: spec.egress ?? [],
      labelsToApply: spec.labelsToApply ?? new Map(),
      unusable: undefined,
    };
  },
  toPlaceholder: (value, metadata, why) => {
    const spec = isMapping(value["spec"]) ? value["spec"] : { spec: undefined };
    const mayBeMisspelt = Object.keys(spec).some((key) => !SPEC_KEYS.includes(key));
    return {
      kind: "Profile",
      metadata,
      ingress: salvageRules(spec["ingress"], mayBeMisspelt),
      egress: salvageRules(spec["egress"], mayBeMisspelt),
      labelsToApply:
        spec["labelsToApply"] === undefined && !mayBeMisspelt
          ? new Map<string, string>()
          : readable(LABELS_TO_APPLY, spec["labelsToApply"], undefined),
      unusable: { why },
    };
  },
});
