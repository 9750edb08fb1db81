/** Definitions of the custom resources that a cluster with Calico has, as far as a reader can tell: groups, names, scopes. */
import type { Json } from "./control-plane.ts";

const KINDS: readonly (readonly [kind: string, isNamespaced: boolean])[] = [
  ["ClusterInformation", false],
  ["Tier", false],
  ["NetworkPolicy", true],
  ["GlobalNetworkPolicy", false],
  ["StagedNetworkPolicy", true],
  ["StagedGlobalNetworkPolicy", false],
  ["StagedKubernetesNetworkPolicy", true],
  ["NetworkSet", true],
  ["GlobalNetworkSet", false],
  ["HostEndpoint", false],
];

export function calicoDefinitions(group: string, version: string): Json[] {
  return KINDS.map(([kind, isNamespaced]) => definition(group, version, kind, isNamespaced));
}

function definition(group: string, version: string, kind: string, isNamespaced: boolean): Json {
  const plural = kind.toLowerCase().replace(/y$/, "ie").concat("s");
  const spec = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: isNamespaced ? "Namespaced" : "Cluster",
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", properties: { spec } } },
        },
      ],
    },
  };
}
