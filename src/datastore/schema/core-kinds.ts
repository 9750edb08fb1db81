/** Kubernetes objects that say who and where things are: Namespace, ServiceAccount, EndpointSlice. */
import { z } from "zod";
import type { IpAddress } from "../../net/address.ts";
import type { EndpointSlice } from "../resources.ts";
import { PORT_NUMBER } from "./endpoints.ts";
import { parseAddressField } from "./fields.ts";
import { defineKind, type Kind, type KindContext } from "./kind.ts";
import { KUBERNETES_PROTOCOL } from "./kubernetes-policy.ts";

export const NAMESPACE: Kind = defineKind({
  apiVersions: ["v1"],
  kind: "Namespace",
  resourceKind: "Namespace",
  scope: "cluster",
  nameRule: "tier", // like a tier's, a namespace's name is one label of up to 63 characters
  keys: "lenient",
  description: "A namespace; its labels are what namespace selectors choose by.",
  shape: {},
  toResource: (_fields, { metadata }) => ({ kind: "Namespace", metadata }),
});

export const SERVICE_ACCOUNT: Kind = defineKind({
  apiVersions: ["v1"],
  kind: "ServiceAccount",
  resourceKind: "ServiceAccount",
  scope: "namespaced",
  nameRule: "subdomain",
  keys: "lenient",
  description: "A service account; its labels are what service account selectors choose by.",
  shape: {},
  toResource: (_fields, { metadata }) => ({ kind: "ServiceAccount", metadata }),
});

const SLICE_PORT = z.object({ protocol: KUBERNETES_PROTOCOL.optional(), port: PORT_NUMBER.optional() });

/** The label that says whose addresses a slice holds. */
const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

export const ENDPOINT_SLICE: Kind = defineKind({
  apiVersions: ["discovery.k8s.io/v1"],
  kind: "EndpointSlice",
  resourceKind: "EndpointSlice",
  scope: "namespaced",
  nameRule: "subdomain",
  keys: "lenient",
  description: "Addresses and ports behind a service.",
  shape: {
    addressType: z.enum(["IPv4", "IPv6", "FQDN"]).optional(),
    endpoints: z.array(z.object({ addresses: z.array(z.string()).optional() })).optional(),
    ports: z.array(SLICE_PORT).optional(),
  },
  toResource: ({ addressType, endpoints = [], ports = [] }, context) => ({
    kind: "EndpointSlice",
    metadata: context.metadata,
    serviceName: context.metadata.labels.get(SERVICE_NAME_LABEL) ?? "",
    addresses: addressType === "FQDN" ? [] : readAddresses(endpoints, context),
    ports: ports.flatMap(({ protocol = "TCP", port }): EndpointSlice["ports"] => {
      return port === undefined ? [] : [{ protocol, port }];
    }),
  }),
});

function readAddresses(
  endpoints: readonly { readonly addresses?: readonly string[] | undefined }[],
  context: KindContext,
): IpAddress[] {
  const addresses: IpAddress[] = [];
  for (const [index, endpoint] of endpoints.entries()) {
    for (const [inner, text] of (endpoint.addresses ?? []).entries()) {
      const address = parseAddressField(text);
      if (address.ok) addresses.push(address.value);
      else
        context.report(
          "error",
          ["endpoints", index, "addresses", inner],
          address.error.code,
          address.error.message,
        );
    }
  }
  return addresses;
}
