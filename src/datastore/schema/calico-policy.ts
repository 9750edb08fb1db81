/** NetworkPolicy, GlobalNetworkPolicy and their staged forms. */
import { z } from "zod";
import { RULES_PER_DIRECTION_MAX } from "../../base/limits.ts";
import {
  type CalicoPolicy,
  type Metadata,
  type PolicyRule,
  type PolicySpec,
  type StagedAction,
  UNKNOWN_TIER,
} from "../resources.ts";
import { ANY_ENTITY } from "./entity-rule.ts";
import { FINITE_NUMBER, listOf, selectorField } from "./fields.ts";
import { defineKind, isMapping, type Kind, type KindContext } from "./kind.ts";
import { nameProblem } from "./names.ts";
import { pushProblem, readable } from "./problem.ts";
import { ACTION, type RuleDirection, ruleSchema } from "./rule.ts";

type PolicyKind = CalicoPolicy["kind"];

const TYPES = z
  .array(z.enum(["Ingress", "Egress"]))
  .min(1)
  .max(2)
  .check((context) => {
    if (new Set(context.value).size === context.value.length) return;
    pushProblem(context, { code: "bad_value", message: "a direction is listed twice" });
  });

/** An empty tier is `default`, as where the key is absent. */
const TIER = z.string().check((context) => {
  const problem = context.value === "" ? undefined : nameProblem(context.value, "tier");
  if (problem !== undefined) pushProblem(context, { code: "bad_name", message: problem });
});

const STAGED_ACTION: z.ZodType<StagedAction, unknown> = z.enum(["Set", "Delete", "Learn", "Ignore"]);

const SELECTOR = selectorField("never");

const COMMON = {
  tier: TIER.optional(),
  order: FINITE_NUMBER.optional(),
  selector: SELECTOR.optional(),
  serviceAccountSelector: SELECTOR.optional(),
  types: TYPES.optional(),
  performanceHints: z
    .array(z.enum(["AssumeNeededOnEveryNode"]))
    .max(1)
    .optional(),
};

const GLOBAL_ONLY = {
  namespaceSelector: SELECTOR.optional(),
  doNotTrack: z.boolean().optional(),
  preDNAT: z.boolean().optional(),
  applyOnForward: z.boolean().optional(),
};

const STAGED_ONLY = { stagedAction: STAGED_ACTION.optional() };

function rulesOf(scope: "namespaced" | "cluster"): {
  readonly ingress: z.ZodOptional<z.ZodType<PolicyRule[], unknown>>;
  readonly egress: z.ZodOptional<z.ZodType<PolicyRule[], unknown>>;
} {
  const rules = (direction: RuleDirection) =>
    listOf(ruleSchema({ direction, scope }), { max: RULES_PER_DIRECTION_MAX }).optional();
  return { ingress: rules("ingress"), egress: rules("egress") };
}

const NAMESPACED = { ...COMMON, ...rulesOf("namespaced") };
const CLUSTER = { ...COMMON, ...GLOBAL_ONLY, ...rulesOf("cluster") };

/** Ours takes what Calico's takes, and `identities` beside it. */
const OWN_GROUP = "ephor.dev/v1";
const PLURAL_GROUPS = ["projectcalico.org/v3", "crd.projectcalico.org/v1", OWN_GROUP] as const;

const STATUS = z.unknown().optional();

export const NETWORK_POLICY: Kind = defineKind({
  apiVersions: PLURAL_GROUPS,
  kind: "NetworkPolicy",
  resourceKind: "NetworkPolicy",
  scope: "namespaced",
  nameRule: "policy",
  keys: "strict",
  description: "Rules for the workloads of one namespace.",
  shape: { spec: z.strictObject(NAMESPACED), status: STATUS },
  toResource: ({ spec }, context) => toPolicy("NetworkPolicy", spec, context),
  toPlaceholder: (value, metadata, why) => placeholder("NetworkPolicy", value, metadata, why),
});

export const GLOBAL_NETWORK_POLICY: Kind = defineKind({
  apiVersions: PLURAL_GROUPS,
  kind: "GlobalNetworkPolicy",
  resourceKind: "GlobalNetworkPolicy",
  scope: "cluster",
  nameRule: "global-policy",
  keys: "strict",
  description: "Rules for workloads of any namespace, and for hosts.",
  shape: { spec: z.strictObject(CLUSTER), status: STATUS },
  toResource: ({ spec }, context) => toPolicy("GlobalNetworkPolicy", spec, context),
  toPlaceholder: (value, metadata, why) => placeholder("GlobalNetworkPolicy", value, metadata, why),
});

export const STAGED_NETWORK_POLICY: Kind = defineKind({
  apiVersions: PLURAL_GROUPS,
  kind: "StagedNetworkPolicy",
  resourceKind: "StagedNetworkPolicy",
  scope: "namespaced",
  nameRule: "policy",
  keys: "strict",
  description: "A NetworkPolicy that is shown but not enforced.",
  shape: { spec: z.strictObject({ ...NAMESPACED, ...STAGED_ONLY }), status: STATUS },
  toResource: ({ spec }, context) => toPolicy("StagedNetworkPolicy", spec, context),
  toPlaceholder: (value, metadata, why) => placeholder("StagedNetworkPolicy", value, metadata, why),
});

export const STAGED_GLOBAL_NETWORK_POLICY: Kind = defineKind({
  apiVersions: PLURAL_GROUPS,
  kind: "StagedGlobalNetworkPolicy",
  resourceKind: "StagedGlobalNetworkPolicy",
  scope: "cluster",
  nameRule: "global-policy",
  keys: "strict",
  description: "A GlobalNetworkPolicy that is shown but not enforced.",
  shape: { spec: z.strictObject({ ...CLUSTER, ...STAGED_ONLY }), status: STATUS },
  toResource: ({ spec }, context) => toPolicy("StagedGlobalNetworkPolicy", spec, context),
  toPlaceholder: (value, metadata, why) => placeholder("StagedGlobalNetworkPolicy", value, metadata, why),
});

/** What any of the four specs reads to; the keys a kind lacks are absent. */
type SpecFields = z.output<z.ZodObject<typeof COMMON>> &
  Partial<z.output<z.ZodObject<typeof GLOBAL_ONLY>>> &
  Partial<z.output<z.ZodObject<typeof STAGED_ONLY>>> & {
    readonly ingress?: PolicyRule[] | undefined;
    readonly egress?: PolicyRule[] | undefined;
  };

function toPolicy(kind: PolicyKind, spec: SpecFields, context: KindContext): CalicoPolicy {
  const { ingress = [], egress = [] } = spec;
  const stagedAction = spec.stagedAction ?? "Set";
  checkHostFields(spec, context);
  checkGroup(ingress, context);
  if (stagedAction === "Delete") checkDelete(spec, context);
  const types = spec.types ?? defaultTypes(spec, context);
  return {
    kind,
    metadata: context.metadata,
    spec: {
      tier: spec.tier || "default",
      order: spec.order,
      selector: spec.selector,
      namespaceSelector: spec.namespaceSelector,
      serviceAccountSelector: spec.serviceAccountSelector,
      appliesToIngress: types.includes("Ingress"),
      appliesToEgress: types.includes("Egress"),
      ingress,
      egress,
      doNotTrack: spec.doNotTrack ?? false,
      preDnat: spec.preDNAT ?? false,
      performanceHints: spec.performanceHints ?? [],
      stagedAction,
    },
    unusable: undefined,
  };
}

/**
 * The directions of a policy that lists none. The API fills the list in by the rules that are there. An object as
 * stored (`crd.projectcalico.org/v1`, or in an etcd) has been through the API already: one that still lists none applies to both.
 */
function defaultTypes(spec: SpecFields, context: KindContext): readonly ("Ingress" | "Egress")[] {
  if (context.isStored) {
    const message = "a stored policy without `types` applies to both directions; write `types` to say which";
    context.report("warning", ["spec"], "missing_field", message);
    return ["Ingress", "Egress"];
  }
  if ((spec.egress ?? []).length === 0) return ["Ingress"];
  return (spec.ingress ?? []).length === 0 ? ["Egress"] : ["Ingress", "Egress"];
}

/** What only we read is written in our own group, so that no other reader takes the rule for one that says less. */
function checkGroup(ingress: readonly PolicyRule[], context: KindContext): void {
  if (context.apiVersion === OWN_GROUP) return;
  for (const [index, rule] of ingress.entries()) {
    if (rule.source.identities === undefined) continue;
    const path = ["spec", "ingress", index, "source", "identities"];
    context.report("error", path, "conflict", `\`identities\` needs \`apiVersion: ${OWN_GROUP}\``);
  }
}

/** `doNotTrack`, `preDNAT` and `applyOnForward` are about hosts, and ask things of each other. */
function checkHostFields(spec: SpecFields, { report }: KindContext): void {
  const { doNotTrack = false, preDNAT = false, applyOnForward = false } = spec;
  if (doNotTrack && preDNAT) {
    report("error", ["spec", "preDNAT"], "conflict", "`preDNAT` and `doNotTrack` exclude each other");
  }
  for (const [key, isSet] of [["doNotTrack", doNotTrack] as const, ["preDNAT", preDNAT] as const]) {
    if (isSet && !applyOnForward) {
      report("error", ["spec", key], "conflict", `\`${key}\` needs \`applyOnForward: true\``);
    }
  }
  if (!preDNAT) return;
  if ((spec.egress ?? []).length > 0) {
    report("error", ["spec", "egress"], "conflict", "a `preDNAT` policy has no egress rules");
  }
  if (spec.types?.includes("Egress") === true) {
    report("error", ["spec", "types"], "conflict", "a `preDNAT` policy has no type Egress");
  }
}

/** A staged deletion names what is to go, nothing else. */
function checkDelete(spec: SpecFields, { report }: KindContext): void {
  for (const [key, value] of Object.entries(spec)) {
    if (key === "stagedAction" || key === "tier" || isZero(value)) continue;
    report(
      "error",
      ["spec", key],
      "conflict",
      `with \`stagedAction: Delete\` only \`tier\` may be set, not \`${key}\``,
    );
  }
}

function isZero(value: unknown): boolean {
  return value === undefined || value === false || (Array.isArray(value) && value.length === 0);
}

/**
 * What is left of a policy that can't be used. What could be read is as read; an unreadable order is the first, since
 * a placeholder refuses or doubts and never allows, and the sooner the more; an unreadable tier, or an absent one beside an unknown text
 * that may be it, is before all others; other scope is the widest.
 */
function placeholder(
  kind: PolicyKind,
  value: Readonly<Record<string, unknown>>,
  metadata: Metadata,
  why: string,
): CalicoPolicy {
  const spec = isMapping(value["spec"]) ? value["spec"] : undefined;
  const field = (key: string): unknown => (spec === undefined ? UNREADABLE : spec[key]);
  const types = readable(TYPES, field("types"), undefined);
  const isCluster = kind === "GlobalNetworkPolicy" || kind === "StagedGlobalNetworkPolicy";
  const known = [...Object.keys(isCluster ? CLUSTER : NAMESPACED), "stagedAction"];
  const hasUnknownKeys = spec === undefined || Object.keys(spec).some((key) => !known.includes(key));
  const isTierAbsent =
    spec !== undefined &&
    field("tier") === undefined &&
    Object.keys(spec).every((key) => known.includes(key) || typeof spec[key] !== "string");
  const rules = (key: string): PolicyRule[] => salvageRules(field(key), hasUnknownKeys);
  const result: PolicySpec = {
    tier: isTierAbsent ? "default" : readable(TIER, field("tier"), UNKNOWN_TIER) || "default",
    order:
      field("order") === undefined && !hasUnknownKeys
        ? undefined
        : readable(FINITE_NUMBER, field("order"), Number.NEGATIVE_INFINITY),
    selector: readable(SELECTOR, field("selector"), undefined),
    namespaceSelector: isCluster ? readable(SELECTOR, field("namespaceSelector"), undefined) : undefined,
    serviceAccountSelector: readable(SELECTOR, field("serviceAccountSelector"), undefined),
    appliesToIngress: types === undefined || types.includes("Ingress"),
    appliesToEgress: types === undefined || types.includes("Egress"),
    ingress: rules("ingress"),
    egress: rules("egress"),
    doNotTrack: readable(z.boolean(), field("doNotTrack"), false),
    preDnat: readable(z.boolean(), field("preDNAT"), false),
    performanceHints: [],
    stagedAction: readable(STAGED_ACTION, field("stagedAction"), "Set"),
  };
  return { kind, metadata, spec: result, unusable: { why } };
}

/** Stands for a field of a spec that is itself unreadable: no schema takes it. */
const UNREADABLE: unique symbol = Symbol("unreadable");

/**
 * The actions of rules of which nothing else counts any more. A list that can't be read is one Deny, and so is one
 * that is absent where an unknown key may be the list, misspelt.
 */
export function salvageRules(rules: unknown, mayBeMisspelt: boolean): PolicyRule[] {
  if (rules === undefined && !mayBeMisspelt) return [];
  if (!Array.isArray(rules) || rules.length > RULES_PER_DIRECTION_MAX) return [bareRule("Deny")];
  return rules.map((rule: unknown) =>
    bareRule(isMapping(rule) ? readable(ACTION, rule["action"], "Deny") : "Deny"),
  );
}

/** A rule of which only the action is known. */
function bareRule(action: PolicyRule["action"]): PolicyRule {
  return {
    action,
    ipVersion: undefined,
    protocol: undefined,
    notProtocol: undefined,
    icmp: undefined,
    notIcmp: undefined,
    source: ANY_ENTITY,
    destination: ANY_ENTITY,
    http: undefined,
    annotations: new Map(),
  };
}
