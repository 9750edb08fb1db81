/** WorkloadEndpoint and HostEndpoint. */
import { z } from "zod";
import { protocolNumber } from "../../net/protocol.ts";
import { quote } from "../locate.ts";
import type { NamedPort } from "../resources.ts";
import { ADDRESS, isPort } from "./fields.ts";
import { defineKind, type Kind } from "./kind.ts";
import { pushProblem } from "./problem.ts";
import { checkReservedLabels } from "./reserved-labels.ts";

/** A port number of an endpoint. */
export const PORT_NUMBER: z.ZodType<number, unknown> = z.number().check((context) => {
  if (isPort(context.value)) return;
  pushProblem(context, {
    code: "bad_port",
    message: `${quote(String(context.value))} is not a port from 1 to 65535`,
  });
});

const PORT_NAME = z.string().check((context) => {
  if (/^[a-zA-Z0-9_.-]{1,128}$/.test(context.value)) return;
  pushProblem(context, {
    code: "bad_port",
    message: `${quote(context.value)} is not the name of a port: letters, digits, \`_\`, \`.\` and \`-\``,
  });
});

const PORT_PROTOCOL = z
  .union([z.number(), z.string()], { error: "bad_value expected a protocol, such as TCP" })
  .transform((value, context) => {
    const text = String(value);
    if (protocolNumber(text) !== undefined) return text;
    if (/^[0-9]{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= 255) return text;
    pushProblem(context, { code: "bad_protocol", message: `${quote(text)} is not a protocol, such as TCP` });
    return z.NEVER;
  });

const PORT_FIELDS = { name: PORT_NAME, protocol: PORT_PROTOCOL.optional(), port: PORT_NUMBER };

function toPorts(
  ports: readonly {
    readonly name: string;
    readonly protocol?: string | undefined;
    readonly port: number;
  }[] = [],
): NamedPort[] {
  return ports.map(({ name, protocol = "", port }) => ({ name, protocol, port }));
}

const PASSED_OVER = z.unknown().optional();

export const WORKLOAD_ENDPOINT: Kind = defineKind({
  apiVersions: ["projectcalico.org/v3"],
  kind: "WorkloadEndpoint",
  resourceKind: "WorkloadEndpoint",
  scope: "namespaced",
  nameRule: "subdomain",
  keys: "strict",
  description: "The network interface of a workload, with its labels and addresses.",
  shape: {
    spec: z.strictObject({
      orchestrator: z.string().optional(),
      workload: z.string().optional(),
      node: z.string().optional(),
      pod: z.string().optional(),
      endpoint: z.string().optional(),
      serviceAccountName: z.string().optional(),
      ipNetworks: z.array(ADDRESS).optional(),
      profiles: z.array(z.string()).optional(),
      interfaceName: z.string().optional(),
      ports: z
        .array(z.strictObject({ ...PORT_FIELDS, hostPort: PASSED_OVER, hostIP: PASSED_OVER }))
        .optional(),
      containerID: PASSED_OVER,
      ipNATs: PASSED_OVER,
      ipv4Gateway: PASSED_OVER,
      ipv6Gateway: PASSED_OVER,
      mac: PASSED_OVER,
      allowSpoofedSourcePrefixes: PASSED_OVER,
      qosControls: PASSED_OVER,
    }),
    status: PASSED_OVER,
  },
  toResource: ({ spec }, { metadata }) => ({
    kind: "WorkloadEndpoint",
    metadata,
    orchestrator: spec.orchestrator ?? "",
    node: spec.node ?? "",
    workload: spec.workload ?? "",
    pod: spec.pod ?? "",
    endpoint: spec.endpoint ?? "",
    serviceAccountName: spec.serviceAccountName ?? "",
    addresses: spec.ipNetworks ?? [],
    interfaceName: spec.interfaceName ?? "",
    profiles: spec.profiles ?? [],
    ports: toPorts(spec.ports),
  }),
});

export const HOST_ENDPOINT: Kind = defineKind({
  apiVersions: ["projectcalico.org/v3", "crd.projectcalico.org/v1"],
  kind: "HostEndpoint",
  resourceKind: "HostEndpoint",
  scope: "cluster",
  nameRule: "subdomain",
  keys: "strict",
  description: "A network interface of a host, with its labels and addresses.",
  shape: {
    spec: z.strictObject({
      node: z.string().optional(),
      interfaceName: z.string().optional(),
      expectedIPs: z.array(ADDRESS).optional(),
      profiles: z.array(z.string()).optional(),
      ports: z.array(z.strictObject(PORT_FIELDS)).optional(),
    }),
    status: PASSED_OVER,
  },
  toResource: ({ spec }, context) => {
    checkReservedLabels(context, "host endpoint");
    const expectedIps = spec.expectedIPs ?? [];
    if ((spec.interfaceName ?? "") === "" && expectedIps.length === 0) {
      const message = "missing: `interfaceName` or `expectedIPs`, which say what the host endpoint is";
      context.report("error", ["spec"], "missing_field", message);
    }
    return {
      kind: "HostEndpoint",
      metadata: context.metadata,
      node: spec.node ?? "",
      interfaceName: spec.interfaceName ?? "",
      expectedIps,
      profiles: spec.profiles ?? [],
      ports: toPorts(spec.ports),
    };
  },
});
