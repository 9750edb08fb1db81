/** NetworkSet and GlobalNetworkSet. */
import { z } from "zod";
import { NETWORK_SET_NETS_MAX } from "../../base/limits.ts";
import type { Cidr } from "../../net/address.ts";
import type { NetworkSet } from "../resources.ts";
import { listOf, maskedCidr } from "./fields.ts";
import { defineKind, type Kind, type KindContext } from "./kind.ts";
import { checkReservedLabels } from "./reserved-labels.ts";

const SHAPE = {
  spec: z.strictObject({ nets: listOf(maskedCidr("allowed"), { max: NETWORK_SET_NETS_MAX }).optional() }),
  status: z.unknown().optional(),
};

export const NETWORK_SET: Kind = defineKind({
  apiVersions: ["projectcalico.org/v3", "crd.projectcalico.org/v1"],
  kind: "NetworkSet",
  resourceKind: "NetworkSet",
  scope: "namespaced",
  nameRule: "subdomain",
  keys: "strict",
  description: "CIDRs that selectors of one namespace's policies can choose by label.",
  shape: SHAPE,
  toResource: ({ spec }, context) => toNetworkSet("NetworkSet", spec.nets, context),
});

export const GLOBAL_NETWORK_SET: Kind = defineKind({
  apiVersions: ["projectcalico.org/v3", "crd.projectcalico.org/v1"],
  kind: "GlobalNetworkSet",
  resourceKind: "GlobalNetworkSet",
  scope: "cluster",
  nameRule: "subdomain",
  keys: "strict",
  description: "CIDRs that selectors can choose by label.",
  shape: SHAPE,
  toResource: ({ spec }, context) => toNetworkSet("GlobalNetworkSet", spec.nets, context),
});

function toNetworkSet(
  kind: NetworkSet["kind"],
  nets: readonly Cidr[] = [],
  context: KindContext,
): NetworkSet {
  checkReservedLabels(context, "network set");
  return { kind, metadata: context.metadata, nets };
}
