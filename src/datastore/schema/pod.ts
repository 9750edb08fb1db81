/** Pod: whose labels and service account, and which addresses. */
import { z } from "zod";
import type { IpAddress } from "../../net/address.ts";
import type { ValuePath } from "../locate.ts";
import type { NamedPort, Pod } from "../resources.ts";
import { PORT_NUMBER } from "./endpoints.ts";
import { parseAddressField } from "./fields.ts";
import { defineKind, type Kind, type KindContext } from "./kind.ts";
import { KUBERNETES_PROTOCOL } from "./kubernetes-policy.ts";

const CONTAINER = z.object({
  ports: z
    .array(
      z.object({
        name: z.string().optional(),
        containerPort: z.union([z.literal(0), PORT_NUMBER]).optional(),
        protocol: KUBERNETES_PROTOCOL.optional(),
      }),
    )
    .optional(),
});

const SPEC = z.object({
  nodeName: z.string().optional(),
  hostNetwork: z.boolean().optional(),
  serviceAccountName: z.string().optional(),
  serviceAccount: z.string().optional(),
  containers: z.array(CONTAINER).optional(),
  initContainers: z.array(CONTAINER).optional(),
});

const STATUS = z.object({
  phase: z.string().optional(),
  podIP: z.string().optional(),
  podIPs: z.array(z.object({ ip: z.string().optional() })).optional(),
});

/** Read beside the metadata that every kind has, which knows no deletion. */
const DELETION = z.object({ deletionTimestamp: z.string().optional() });

export const POD: Kind = defineKind({
  apiVersions: ["v1"],
  kind: "Pod",
  resourceKind: "Pod",
  scope: "namespaced",
  nameRule: "subdomain",
  keys: "lenient",
  description: "A workload: its labels, service account, addresses and named ports.",
  shape: { spec: SPEC, status: STATUS.optional() },
  toResource: ({ spec, status = {} }, context): Pod => ({
    kind: "Pod",
    metadata: context.metadata,
    nodeName: spec.nodeName ?? "",
    hostNetwork: spec.hostNetwork ?? false,
    serviceAccountName: spec.serviceAccountName || spec.serviceAccount || "default",
    addresses: readAddresses(status, context),
    finished: isFinished(status, context),
    ports: [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(namedPorts),
  }),
});

function namedPorts(container: z.output<typeof CONTAINER>): NamedPort[] {
  return (container.ports ?? []).flatMap(({ name = "", containerPort = 0, protocol = "TCP" }) => {
    return name === "" || containerPort === 0 ? [] : [{ name, protocol, port: containerPort }];
  });
}

const POD_IPS_ANNOTATION = "cni.projectcalico.org/podIPs";
const POD_IP_ANNOTATION = "cni.projectcalico.org/podIP";
const AWS_POD_IPS_ANNOTATION = "vpc.amazonaws.com/pod-ips";

type Found = readonly (readonly [text: string, path: ValuePath])[];

/** From status; before that is written, from what the network plugin noted. The first source that has any counts. */
function readAddresses(status: z.output<typeof STATUS>, context: KindContext): IpAddress[] {
  const sources: Found[] = [
    (status.podIPs ?? []).map(({ ip = "" }, index) => [ip, ["status", "podIPs", index, "ip"]] as const),
    [[status.podIP ?? "", ["status", "podIP"]]],
    ...[POD_IPS_ANNOTATION, POD_IP_ANNOTATION, AWS_POD_IPS_ANNOTATION].map((name): Found => {
      const texts = (context.metadata.annotations.get(name) ?? "").split(",");
      return texts.map((text) => [text.trim(), ["metadata", "annotations", name]] as const);
    }),
  ];
  for (const source of sources) {
    const present = source.filter(([text]) => text !== "");
    if (present.length > 0) return present.flatMap(([text, path]) => readAddress(text, path, context));
  }
  return [];
}

function readAddress(text: string, path: ValuePath, context: KindContext): IpAddress[] {
  const address = parseAddressField(text);
  if (address.ok) return [address.value];
  context.report("error", path, address.error.code, address.error.message);
  return [];
}

const FINAL_PHASES: ReadonlySet<string> = new Set(["Failed", "Succeeded", "Completed"]);

/** Its addresses may belong to another pod by now: it ended, or is being deleted and its address was taken away. */
function isFinished(status: z.output<typeof STATUS>, context: KindContext): boolean {
  if (FINAL_PHASES.has(status.phase ?? "")) return true;
  const metadata = DELETION.safeParse(context.value["metadata"]);
  if (!metadata.success || metadata.data.deletionTimestamp === undefined) return false;
  const { annotations } = context.metadata;
  return annotations.get(POD_IP_ANNOTATION) === "" || annotations.get(AWS_POD_IPS_ANNOTATION) === "";
}
