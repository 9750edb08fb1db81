/**
 * Definitions of Calico's custom resources, as short as they can be: its groups, kinds and fields, and the limits that an
 * API server with Calico's own definitions enforces. As there, fields that no kind has are dropped, or refused where the
 * writer asks for strict validation.
 */
import {
  HTTP_METHODS_PER_RULE_MAX,
  HTTP_PATH_MAX_CHARS,
  HTTP_PATHS_PER_RULE_MAX,
  NETS_PER_RULE_SIDE_MAX,
  PORTS_PER_RULE_SIDE_MAX,
  RULES_PER_DIRECTION_MAX,
  SELECTOR_FIELD_MAX_CHARS,
} from "../../base/limits.ts";

type Schema = Readonly<Record<string, unknown>>;

const TEXT: Schema = { type: "string" };
const FLAG: Schema = { type: "boolean" };
const INTEGER: Schema = { type: "integer" };
const SELECTOR: Schema = { type: "string", maxLength: SELECTOR_FIELD_MAX_CHARS };
const NUMBER_OR_NAME: Schema = {
  anyOf: [{ type: "integer" }, { type: "string" }],
  "x-kubernetes-int-or-string": true,
};
const TEXT_MAP: Schema = { type: "object", additionalProperties: TEXT };

const NETS = listOf(TEXT, NETS_PER_RULE_SIDE_MAX);
const PORTS = listOf(NUMBER_OR_NAME, PORTS_PER_RULE_SIDE_MAX);
const ENTITY = objectOf({
  nets: NETS,
  notNets: NETS,
  selector: SELECTOR,
  notSelector: SELECTOR,
  namespaceSelector: SELECTOR,
  ports: PORTS,
  notPorts: PORTS,
  serviceAccounts: objectOf({ names: listOf(TEXT), selector: SELECTOR }),
  services: objectOf({ name: TEXT, namespace: TEXT }),
});
const HTTP_PATH = { type: "string", maxLength: HTTP_PATH_MAX_CHARS };
const HTTP = objectOf({
  methods: listOf(TEXT, HTTP_METHODS_PER_RULE_MAX),
  paths: listOf(objectOf({ exact: HTTP_PATH, prefix: HTTP_PATH }), HTTP_PATHS_PER_RULE_MAX),
});
const ICMP = objectOf({ type: INTEGER, code: INTEGER });
const RULE: Schema = {
  ...objectOf({
    action: oneOf("Allow", "Deny", "Log", "Pass"),
    ipVersion: { type: "integer", enum: [4, 6] },
    protocol: NUMBER_OR_NAME,
    notProtocol: NUMBER_OR_NAME,
    icmp: ICMP,
    notICMP: ICMP,
    source: ENTITY,
    destination: ENTITY,
    http: HTTP,
    metadata: objectOf({ annotations: TEXT_MAP }),
  }),
  required: ["action"],
  "x-kubernetes-validations": [
    { rule: "!has(self.http) || self.action == 'Allow'", message: "http goes with action Allow only" },
    {
      rule: "!has(self.http) || !has(self.protocol) || self.protocol == 'TCP' || self.protocol == 6",
      message: "http goes with protocol TCP only",
    },
  ],
};
const POLICY = {
  tier: { type: "string", default: "default" },
  order: { type: "number" },
  selector: SELECTOR,
  serviceAccountSelector: SELECTOR,
  types: { ...listOf(oneOf("Ingress", "Egress"), 2), "x-kubernetes-list-type": "set" },
  ingress: listOf(RULE, RULES_PER_DIRECTION_MAX),
  egress: listOf(RULE, RULES_PER_DIRECTION_MAX),
  performanceHints: listOf(oneOf("AssumeNeededOnEveryNode")),
};
const GLOBAL_POLICY = {
  ...POLICY,
  namespaceSelector: SELECTOR,
  doNotTrack: FLAG,
  preDNAT: FLAG,
  applyOnForward: FLAG,
};
const STAGED = { stagedAction: oneOf("Set", "Delete", "Learn", "Ignore") };

const EXPRESSION = objectOf({ key: TEXT, operator: TEXT, values: listOf(TEXT) });
const LABEL_SELECTOR = objectOf({ matchLabels: TEXT_MAP, matchExpressions: listOf(EXPRESSION) });
const PEERS = listOf(
  objectOf({
    podSelector: LABEL_SELECTOR,
    namespaceSelector: LABEL_SELECTOR,
    ipBlock: objectOf({ cidr: TEXT, except: listOf(TEXT) }),
  }),
);
const KUBERNETES_PORTS = listOf(objectOf({ protocol: TEXT, port: NUMBER_OR_NAME, endPort: INTEGER }));

/** The fields of `spec`. */
const KINDS: readonly (readonly [
  kind: string,
  isNamespaced: boolean,
  spec: Readonly<Record<string, Schema>>,
])[] = [
  ["ClusterInformation", false, { datastoreReady: FLAG, calicoVersion: TEXT, clusterGUID: TEXT }],
  ["Tier", false, { order: { type: "number" }, defaultAction: oneOf("Pass", "Deny") }],
  ["NetworkPolicy", true, POLICY],
  ["GlobalNetworkPolicy", false, GLOBAL_POLICY],
  ["StagedNetworkPolicy", true, { ...POLICY, ...STAGED }],
  ["StagedGlobalNetworkPolicy", false, { ...GLOBAL_POLICY, ...STAGED }],
  [
    "StagedKubernetesNetworkPolicy",
    true,
    {
      podSelector: LABEL_SELECTOR,
      policyTypes: listOf(oneOf("Ingress", "Egress")),
      ingress: listOf(objectOf({ from: PEERS, ports: KUBERNETES_PORTS })),
      egress: listOf(objectOf({ to: PEERS, ports: KUBERNETES_PORTS })),
      ...STAGED,
    },
  ],
  ["NetworkSet", true, { nets: { ...listOf(TEXT), "x-kubernetes-list-type": "set" } }],
  ["GlobalNetworkSet", false, { nets: { ...listOf(TEXT), "x-kubernetes-list-type": "set" } }],
  [
    "HostEndpoint",
    false,
    {
      node: TEXT,
      interfaceName: TEXT,
      expectedIPs: listOf(TEXT),
      profiles: listOf(TEXT),
      ports: listOf({
        ...objectOf({ name: TEXT, port: INTEGER, protocol: NUMBER_OR_NAME }),
        required: ["name", "port", "protocol"],
      }),
    },
  ],
];

/** @param group `crd.projectcalico.org` with version `v1`, or `projectcalico.org` with `v3`. */
export function calicoDefinitions(group: string, version: string): object[] {
  return KINDS.map(([kind, isNamespaced, spec]) => {
    const plural = kind.toLowerCase().replace(/y$/, "ie").concat("s");
    const schema = { openAPIV3Schema: objectOf({ metadata: { type: "object" }, spec: objectOf(spec) }) };
    return {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: isNamespaced ? "Namespaced" : "Cluster",
        names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
        versions: [{ name: version, served: true, storage: true, schema }],
      },
    };
  });
}

function objectOf(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: "object", properties };
}

function listOf(items: Schema, maxItems?: number): Schema {
  return { type: "array", items, ...(maxItems === undefined ? {} : { maxItems }) };
}

function oneOf(...words: readonly string[]): Schema {
  return { type: "string", enum: words };
}
