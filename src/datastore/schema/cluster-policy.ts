/** `policy.networking.k8s.io/v1alpha2` ClusterNetworkPolicy. */
import { z } from "zod";
import { CLUSTER_POLICY_LIST_MAX } from "../../base/limits.ts";
import { ALL } from "../../selector/selector.ts";
import { quote } from "../locate.ts";
import type { ClusterNetworkPolicy, ClusterPeer, ClusterPort, ClusterRule, Metadata } from "../resources.ts";
import { PORT_NUMBER } from "./endpoints.ts";
import { listOf, maskedCidr } from "./fields.ts";
import { defineKind, isMapping, type Kind } from "./kind.ts";
import { LABEL_SELECTOR } from "./label-selector.ts";
import { type ProblemSink, pushProblem, readable } from "./problem.ts";

const MAX = { max: CLUSTER_POLICY_LIST_MAX };
const MIN_ONE = { min: 1, max: CLUSTER_POLICY_LIST_MAX };

const PODS = z.strictObject({ namespaceSelector: LABEL_SELECTOR.optional(), podSelector: LABEL_SELECTOR });

const NAMESPACES_OR_PODS = { namespaces: LABEL_SELECTOR.optional(), pods: PODS.optional() };

const SUBJECT = z
  .strictObject(NAMESPACES_OR_PODS)
  .meta({ minProperties: 1, maxProperties: 1 })
  .transform((subject, context): ClusterNetworkPolicy["subject"] => {
    if (!hasExactlyOne(subject, context)) return z.NEVER;
    return namespacesOrPods(subject);
  });

const INGRESS_PEER = z
  .strictObject(NAMESPACES_OR_PODS)
  .meta({ minProperties: 1, maxProperties: 1 })
  .transform((peer, context): ClusterPeer => {
    if (!hasExactlyOne(peer, context)) return z.NEVER;
    return namespacesOrPods(peer);
  });

const EGRESS_PEER = z
  .strictObject({ ...NAMESPACES_OR_PODS, networks: listOf(maskedCidr("refused"), MIN_ONE).optional() })
  .meta({ minProperties: 1, maxProperties: 1 })
  .transform((peer, context): ClusterPeer => {
    if (!hasExactlyOne(peer, context)) return z.NEVER;
    return peer.networks === undefined ? namespacesOrPods(peer) : { kind: "networks", nets: peer.networks };
  });

function namespacesOrPods(
  fields: Pick<z.output<typeof EGRESS_FIELDS>, "namespaces" | "pods">,
): ClusterNetworkPolicy["subject"] {
  if (fields.pods === undefined) return { kind: "namespaces", namespaceSelector: fields.namespaces ?? ALL };
  const { namespaceSelector = ALL, podSelector } = fields.pods;
  return { kind: "pods", namespaceSelector, podSelector };
}

const EGRESS_FIELDS = z.object(NAMESPACES_OR_PODS);

/** A union that the API writes as a mapping of which one key is set; none may be a key of a later version. */
function hasExactlyOne(fields: object, sink: ProblemSink): boolean {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (set.length === 1) return true;
  if (set.length === 0 && sink.issues.length > 0) return false; // an unknown key was reported, likely the one meant
  const code = set.length === 0 ? "missing_field" : "conflict";
  const last = set.at(-1)?.[0];
  pushProblem(sink, { code, message: "exactly one key must be set here" }, last === undefined ? [] : [last]);
  return false;
}

const DESTINATION_PORT = z
  .strictObject({
    number: PORT_NUMBER.optional(),
    range: z
      .strictObject({ start: PORT_NUMBER, end: PORT_NUMBER })
      .check((context) => {
        if (context.value.start < context.value.end) return;
        pushProblem(context, { code: "bad_port", message: "`start` must be below `end`" });
      })
      .optional(),
  })
  .meta({ minProperties: 1, maxProperties: 1 })
  .transform(({ number, range }, context) => {
    if (!hasExactlyOne({ number, range }, context)) return z.NEVER;
    if (range !== undefined) return { first: range.start, last: range.end };
    return number === undefined ? z.NEVER : { first: number, last: number };
  });

const PORTS_OF_PROTOCOL = z.strictObject({ destinationPort: DESTINATION_PORT.optional() });

const PORT_NAME = z.string().check((context) => {
  if (/^[a-zA-Z0-9_.-]{1,128}$/.test(context.value)) return;
  pushProblem(context, { code: "bad_port", message: `${quote(context.value)} is not the name of a port` });
});

const PROTOCOL = z
  .strictObject({
    tcp: PORTS_OF_PROTOCOL.optional(),
    udp: PORTS_OF_PROTOCOL.optional(),
    sctp: PORTS_OF_PROTOCOL.optional(),
    destinationNamedPort: PORT_NAME.optional(),
  })
  .meta({ minProperties: 1, maxProperties: 1 })
  .transform((protocol, context): ClusterPort => {
    const { tcp, udp, sctp, destinationNamedPort } = protocol;
    if (!hasExactlyOne(protocol, context)) return z.NEVER;
    if (tcp !== undefined) return { protocol: "TCP", port: tcp.destinationPort };
    if (udp !== undefined) return { protocol: "UDP", port: udp.destinationPort };
    if (sctp !== undefined) return { protocol: "SCTP", port: sctp.destinationPort };
    return destinationNamedPort === undefined ? z.NEVER : { name: destinationNamedPort };
  });

const ACTION: z.ZodType<ClusterRule["action"], unknown> = z.enum(["Accept", "Deny", "Pass"]);

const RULE = {
  name: z.string().max(100).optional(),
  action: ACTION,
  protocols: listOf(PROTOCOL, MIN_ONE).optional(),
};

const INGRESS_RULE = z
  .strictObject({ ...RULE, from: listOf(INGRESS_PEER, MIN_ONE) })
  .transform(
    ({ name = "", action, from, protocols = [] }): ClusterRule => ({ name, action, peers: from, protocols }),
  );

const EGRESS_RULE = z
  .strictObject({ ...RULE, to: listOf(EGRESS_PEER, MIN_ONE) })
  .transform(({ name = "", action, to, protocols = [] }, context): ClusterRule => {
    const named = protocols.findIndex((port) => "name" in port);
    if (named !== -1 && to.some((peer) => peer.kind === "networks")) {
      const message = "`networks` have no named ports";
      pushProblem(context, { code: "conflict", message }, ["protocols", named]);
    }
    return { name, action, peers: to, protocols };
  });

const TIER: z.ZodType<ClusterNetworkPolicy["tier"], unknown> = z.enum(["Admin", "Baseline"]);
const PRIORITY = z.int().min(0).max(1_000);

export const CLUSTER_NETWORK_POLICY: Kind = defineKind({
  apiVersions: ["policy.networking.k8s.io/v1alpha2"],
  kind: "ClusterNetworkPolicy",
  resourceKind: "KubernetesClusterNetworkPolicy",
  scope: "cluster",
  nameRule: "subdomain",
  keys: "strict",
  description: "Kubernetes' policy for administrators, before or after the namespaces' own.",
  shape: {
    spec: z.strictObject({
      tier: TIER,
      priority: PRIORITY,
      subject: SUBJECT,
      ingress: listOf(INGRESS_RULE, MAX).optional(),
      egress: listOf(EGRESS_RULE, MAX).optional(),
    }),
    status: z.unknown().optional(),
  },
  toResource: ({ spec }, { metadata }) => ({
    kind: "KubernetesClusterNetworkPolicy",
    metadata,
    tier: spec.tier,
    priority: spec.priority,
    subject: spec.subject,
    ingress: spec.ingress ?? [],
    egress: spec.egress ?? [],
    unusable: undefined,
  }),
  toPlaceholder: placeholder,
});

/** Unreadable tier and priority are the first there are: a placeholder never allows, and the sooner it refuses, the more. */
function placeholder(
  value: Readonly<Record<string, unknown>>,
  metadata: Metadata,
  why: string,
): ClusterNetworkPolicy {
  const spec = isMapping(value["spec"]) ? value["spec"] : { spec: undefined };
  const mayBeMisspelt = Object.keys(spec).some((key) => !SPEC_KEYS.includes(key));
  return {
    kind: "KubernetesClusterNetworkPolicy",
    metadata,
    tier: readable(TIER, spec["tier"], "Admin"),
    priority: readable(PRIORITY, spec["priority"], Number.NEGATIVE_INFINITY),
    subject: readable(SUBJECT, spec["subject"], { kind: "namespaces", namespaceSelector: ALL } as const),
    ingress: salvageRules(spec["ingress"], mayBeMisspelt),
    egress: salvageRules(spec["egress"], mayBeMisspelt),
    unusable: { why },
  };
}

const SPEC_KEYS = ["tier", "priority", "subject", "ingress", "egress"];

function salvageRules(rules: unknown, mayBeMisspelt: boolean): ClusterRule[] {
  if (rules === undefined && !mayBeMisspelt) return [];
  const list: unknown[] =
    Array.isArray(rules) && rules.length <= CLUSTER_POLICY_LIST_MAX ? rules : [undefined];
  return list.map((rule) => {
    const action = isMapping(rule) ? readable(ACTION, rule["action"], "Deny") : "Deny";
    return { name: "", action, peers: [], protocols: [] };
  });
}
