/** `networking.k8s.io/v1` NetworkPolicy and its staged form. */
import { z } from "zod";
import { NETS_PER_RULE_SIDE_MAX, RULES_PER_DIRECTION_MAX } from "../../base/limits.ts";
import { type Cidr, formatCidr, maskWord } from "../../net/address.ts";
import { ALL, type Selector } from "../../selector/selector.ts";
import { quote } from "../locate.ts";
import type {
  KubernetesNetworkPolicy,
  KubernetesPeer,
  KubernetesPort,
  KubernetesRule,
  Metadata,
  RulePort,
  StagedAction,
} from "../resources.ts";
import { PORT_NUMBER } from "./endpoints.ts";
import { listOf, maskedCidr } from "./fields.ts";
import { defineKind, isMapping, type Kind, type KindContext } from "./kind.ts";
import { LABEL_SELECTOR } from "./label-selector.ts";
import { type ProblemSink, pushProblem, readable } from "./problem.ts";

/** The protocols whose ports Kubernetes names. */
export const KUBERNETES_PROTOCOL: z.ZodType<"TCP" | "UDP" | "SCTP", unknown> = z.enum(["TCP", "UDP", "SCTP"]);

/** Up to 15 of `[a-z0-9-]` with at least one letter, as IANA registers service names. */
export const KUBERNETES_PORT_NAME: RegExp = /^(?=.*[a-z])[a-z0-9](?:-?[a-z0-9]){0,14}$/;

const PORT = z
  .strictObject({
    protocol: KUBERNETES_PROTOCOL.optional(),
    port: z
      .union([z.number(), z.string()], { error: "bad_port expected a port number or the name of a port" })
      .optional(),
    endPort: PORT_NUMBER.optional(),
  })
  .transform(({ protocol = "TCP", port, endPort }, context): KubernetesPort => {
    return { protocol, port: toRulePort(port, endPort, context) };
  });

function toRulePort(
  port: number | string | undefined,
  endPort: number | undefined,
  sink: ProblemSink,
): RulePort | undefined {
  if (typeof port === "number") {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      pushProblem(
        sink,
        { code: "bad_port", message: `${quote(String(port))} is not a port from 1 to 65535` },
        ["port"],
      );
    }
    const last = endPort ?? port;
    if (last < port) {
      pushProblem(sink, { code: "bad_port", message: "`endPort` is below `port`" }, ["endPort"]);
    }
    return { first: port, last };
  }
  if (endPort !== undefined) {
    pushProblem(sink, { code: "conflict", message: "`endPort` needs a number in `port`" }, ["endPort"]);
  }
  if (port === undefined) return undefined;
  if (KUBERNETES_PORT_NAME.test(port) && port.length <= 15) return { name: port };
  const hint = /^[0-9]+$/.test(port) ? "write the number without quotes" : "up to 15 of a–z, 0–9 and `-`";
  pushProblem(sink, { code: "bad_port", message: `${quote(port)} is not the name of a port: ${hint}` }, [
    "port",
  ]);
  return { name: port };
}

const IP_BLOCK = z
  .strictObject({
    cidr: maskedCidr("refused"),
    except: listOf(maskedCidr("refused"), { max: NETS_PER_RULE_SIDE_MAX }).optional(),
  })
  .check((context) => {
    const { cidr, except = [] } = context.value;
    for (const [index, inner] of except.entries()) {
      if (isInside(inner, cidr)) continue;
      const message = `\`${formatCidr(inner)}\` is not a part of \`${formatCidr(cidr)}\``;
      pushProblem(context, { code: "bad_cidr", message }, ["except", index]);
    }
  });

/** Strictly: a block is not a part of itself. */
function isInside(inner: Cidr, outer: Cidr): boolean {
  if (inner.address.family !== outer.address.family || inner.length <= outer.length) return false;
  const words = ["w0", "w1", "w2", "w3"] as const;
  return words.every((word, index) => {
    return ((inner.address[word] ^ outer.address[word]) & maskWord(outer.length, index)) === 0;
  });
}

const PEER = z
  .strictObject({
    podSelector: LABEL_SELECTOR.optional(),
    namespaceSelector: LABEL_SELECTOR.optional(),
    ipBlock: IP_BLOCK.optional(),
  })
  .meta({ minProperties: 1 })
  .transform(({ podSelector, namespaceSelector, ipBlock }, context): KubernetesPeer => {
    const hasSelectors = podSelector !== undefined || namespaceSelector !== undefined;
    if (ipBlock === undefined) {
      // After an unknown key, which is likely the one meant, this would only be its echo.
      if (!hasSelectors && context.issues.length === 0) {
        const message =
          "missing: `podSelector`, `namespaceSelector` or `ipBlock`; an empty peer chooses nobody in particular";
        pushProblem(context, { code: "missing_field", message });
      }
      return { kind: "selectors", podSelector, namespaceSelector };
    }
    if (hasSelectors) {
      const message = "`ipBlock` excludes `podSelector` and `namespaceSelector`";
      pushProblem(context, { code: "conflict", message }, ["ipBlock"]);
    }
    return { kind: "block", cidr: ipBlock.cidr, except: ipBlock.except ?? [] };
  });

const PEERS = listOf(PEER, { max: RULES_PER_DIRECTION_MAX }).optional();
const PORTS = listOf(PORT, { max: RULES_PER_DIRECTION_MAX }).optional();

const INGRESS = z
  .strictObject({ from: PEERS, ports: PORTS })
  .transform(({ from = [], ports = [] }): KubernetesRule => ({ peers: from, ports }));

const EGRESS = z
  .strictObject({ to: PEERS, ports: PORTS })
  .transform(({ to = [], ports = [] }): KubernetesRule => ({ peers: to, ports }));

const POLICY_TYPES = z.array(z.enum(["Ingress", "Egress"])).max(2);

const SHAPE = {
  podSelector: LABEL_SELECTOR,
  policyTypes: POLICY_TYPES.optional(),
  ingress: listOf(INGRESS, { max: RULES_PER_DIRECTION_MAX }).optional(),
  egress: listOf(EGRESS, { max: RULES_PER_DIRECTION_MAX }).optional(),
};

const STAGED_ACTION: z.ZodType<StagedAction, unknown> = z.enum(["Set", "Delete", "Learn", "Ignore"]);

export const KUBERNETES_NETWORK_POLICY: Kind = defineKind({
  apiVersions: ["networking.k8s.io/v1"],
  kind: "NetworkPolicy",
  resourceKind: "KubernetesNetworkPolicy",
  scope: "namespaced",
  nameRule: "subdomain",
  keys: "strict",
  description: "Kubernetes' own network policy.",
  shape: { spec: z.strictObject(SHAPE), status: z.unknown().optional() },
  toResource: ({ spec }, context) => toPolicy("KubernetesNetworkPolicy", spec, context),
  toPlaceholder: (value, metadata, why) => placeholder("KubernetesNetworkPolicy", value, metadata, why),
});

export const STAGED_KUBERNETES_NETWORK_POLICY: Kind = defineKind({
  apiVersions: ["projectcalico.org/v3", "crd.projectcalico.org/v1"],
  kind: "StagedKubernetesNetworkPolicy",
  resourceKind: "StagedKubernetesNetworkPolicy",
  scope: "namespaced",
  nameRule: "subdomain",
  keys: "strict",
  description: "A Kubernetes network policy that is shown but not enforced.",
  shape: {
    spec: z.strictObject({
      ...SHAPE,
      podSelector: LABEL_SELECTOR.optional(),
      stagedAction: STAGED_ACTION.optional(),
    }),
    status: z.unknown().optional(),
  },
  toResource: ({ spec }, context) => toPolicy("StagedKubernetesNetworkPolicy", spec, context),
  toPlaceholder: (value, metadata, why) => placeholder("StagedKubernetesNetworkPolicy", value, metadata, why),
});

type SpecFields = {
  readonly podSelector?: Selector | undefined;
  readonly policyTypes?: readonly ("Ingress" | "Egress")[] | undefined;
  readonly ingress?: readonly KubernetesRule[] | undefined;
  readonly egress?: readonly KubernetesRule[] | undefined;
  readonly stagedAction?: StagedAction | undefined;
};

function toPolicy(
  kind: KubernetesNetworkPolicy["kind"],
  spec: SpecFields,
  context: KindContext,
): KubernetesNetworkPolicy {
  const { policyTypes = [], ingress = [], egress = [], stagedAction = "Set" } = spec;
  if (stagedAction === "Delete") checkDelete(spec, context);
  const appliesToEgress = policyTypes.includes("Egress");
  if (egress.length > 0 && !appliesToEgress) {
    const message = "the egress rules have no effect: `policyTypes` does not list Egress";
    context.report("warning", ["spec", "egress"], "conflict", message);
  }
  return {
    kind,
    metadata: context.metadata,
    podSelector: spec.podSelector ?? ALL,
    appliesToIngress: policyTypes.length === 0 || policyTypes.includes("Ingress"),
    appliesToEgress,
    ingress,
    egress,
    stagedAction,
    unusable: undefined,
  };
}

function checkDelete(spec: SpecFields, { report }: KindContext): void {
  for (const [key, value] of Object.entries(spec)) {
    const isZero = value === undefined || (Array.isArray(value) && value.length === 0) || value === ALL;
    if (key === "stagedAction" || isZero) continue;
    report(
      "error",
      ["spec", key],
      "conflict",
      `with \`stagedAction: Delete\` nothing else may be set, not \`${key}\``,
    );
  }
}

/** Rules that only allow need no stand-in: an allow in doubt allows nothing. What is left is whom the policy isolates. */
function placeholder(
  kind: KubernetesNetworkPolicy["kind"],
  value: Readonly<Record<string, unknown>>,
  metadata: Metadata,
  why: string,
): KubernetesNetworkPolicy {
  const spec = isMapping(value["spec"]) ? value["spec"] : {};
  const types = readable(POLICY_TYPES, spec["policyTypes"], undefined) ?? [];
  return {
    kind,
    metadata,
    podSelector: readable(LABEL_SELECTOR, spec["podSelector"], ALL),
    appliesToIngress: types.length === 0 || types.includes("Ingress"),
    appliesToEgress: types.length === 0 || types.includes("Egress"),
    ingress: [],
    egress: [],
    stagedAction: readable(STAGED_ACTION, spec["stagedAction"], "Set"),
    unusable: { why },
  };
}
