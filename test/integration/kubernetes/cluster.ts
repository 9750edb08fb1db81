/** A cluster for the tests: a control plane with Calico's kinds, an account for the node agent, and short ways to write. */
import { join } from "node:path";
import { calicoDefinitions } from "../../../src/cli/demo/calico-definitions.ts";
import { locateInObject } from "../../../src/datastore/locate.ts";
import { parseResource } from "../../../src/datastore/parse-resource.ts";
import type { Resource } from "../../../src/datastore/resources.ts";
import { isMapping } from "../../../src/datastore/schema/kind.ts";
import { BUILT_IN_TIERS } from "../../../src/datastore/schema/tier.ts";
import { ControlPlane, type Json } from "../../control-plane/control-plane.ts";
import { CALICO_V3, type HistoryChange } from "../../support/scripted-history.ts";

export const CALICO = "crd.projectcalico.org/v1";
const DEPLOY = join(import.meta.dirname, "../../../deploy/kubernetes");
const MANIFEST = join(DEPLOY, "node-rbac.yaml");
/** What a node agent may do besides, to report status. */
export const STATUS_MANIFEST: string = join(DEPLOY, "node-status-rbac.yaml");

/** `[apiVersion, kind, plural]` of everything that is read. */
const KINDS: readonly (readonly [string, string, string])[] = [
  ...["Tier", "NetworkPolicy", "GlobalNetworkPolicy", "NetworkSet", "GlobalNetworkSet", "HostEndpoint"].map(
    (kind) => [CALICO, kind, plural(kind)] as const,
  ),
  ["networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"],
  ["discovery.k8s.io/v1", "EndpointSlice", "endpointslices"],
  ["v1", "Pod", "pods"],
  ["v1", "Namespace", "namespaces"],
  ["v1", "ServiceAccount", "serviceaccounts"],
];

export async function startCluster(): Promise<ControlPlane> {
  const plane = await ControlPlane.start();
  for (const definition of calicoDefinitions("crd.projectcalico.org", "v1")) {
    await plane.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
  }
  await plane.applyManifest(MANIFEST);
  await retried(() =>
    create(plane, CALICO, "ClusterInformation", { name: "default" }, { spec: { datastoreReady: true } }),
  );
  return plane;
}

export function nodeToken(plane: ControlPlane): Promise<string> {
  return plane.accountToken("kube-system", "ephor-node");
}

export function pathOf(apiVersion: string, kind: string, namespace?: string): string {
  const base = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  return `${base}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural(kind)}`;
}

export async function create(
  plane: ControlPlane,
  apiVersion: string,
  kind: string,
  metadata: Json & { readonly name: string; readonly namespace?: string },
  rest: Json = {},
): Promise<void> {
  const path = pathOf(apiVersion, kind, metadata.namespace);
  await plane.request("POST", path, { apiVersion, kind, metadata, ...rest });
}

/** A pod as its node would write it, with an address. */
export async function createPod(
  plane: ControlPlane,
  metadata: Json & { readonly name: string; readonly namespace: string },
  ip: string,
  spec: Json = {},
): Promise<void> {
  const containers = [{ name: "c", image: "none", ports: [{ name: "http", containerPort: 8080 }] }];
  await create(plane, "v1", "Pod", metadata, { spec: { nodeName: "node-1", containers, ...spec } });
  const path = `${pathOf("v1", "Pod", metadata.namespace)}/${metadata.name}/status`;
  await plane.request("PATCH", path, { status: { phase: "Running", podIP: ip, podIPs: [{ ip }] } });
}

/** A definition is served a moment after it is written. */
async function retried(attempt: () => Promise<void>): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
    }
  }
}

/** Everything that is there, listed by the administrator and read without the datastore's help. */
export async function listAll(plane: ControlPlane): Promise<readonly Resource[]> {
  const found: Resource[] = [];
  for (const [apiVersion, kind] of KINDS) {
    const { items } = (await plane.request("GET", pathOf(apiVersion, kind))) as { items: Json[] };
    for (const item of items) {
      const { resource, placeholder } = parseResource(
        withoutNoise(item, apiVersion, kind),
        locateInObject(kind),
      );
      const used = resource ?? placeholder;
      if (used !== undefined) found.push(used);
    }
  }
  const tiers = new Set(
    found.flatMap((resource) => (resource.kind === "Tier" ? [resource.metadata.name] : [])),
  );
  return [...found, ...BUILT_IN_TIERS.filter(({ metadata }) => !tiers.has(metadata.name))];
}

function withoutNoise(item: Json, apiVersion: string, kind: string): Json {
  const { managedFields: _, annotations: __, ...metadata } = item["metadata"] as Json;
  return { ...item, metadata, apiVersion, kind };
}

/** One change of a history, through the API. */
export async function applyChange(plane: ControlPlane, { kind: how, object }: HistoryChange): Promise<void> {
  const { kind, metadata, spec, status, ...rest } = object;
  const apiVersion = object.apiVersion === CALICO_V3 ? CALICO : object.apiVersion;
  const path = `${pathOf(apiVersion, kind, metadata.namespace)}/${metadata.name}`;
  const { labels } = metadata;
  if (how === "delete") {
    await plane.request("DELETE", path, { gracePeriodSeconds: 0 });
  } else if (how === "update") {
    // What a patch leaves out stays, so an order that is gone has to be said.
    const patch = apiVersion === CALICO && isMapping(spec) ? { spec: { order: null, ...spec } } : {};
    await plane.request("PATCH", path, { metadata: { labels }, ...patch });
  } else if (kind === "Pod" && metadata.namespace !== undefined && isMapping(status)) {
    const { namespace } = metadata;
    await createPod(plane, { ...metadata, namespace }, String(status["podIP"]), isMapping(spec) ? spec : {});
  } else {
    const { apiVersion: _, ...fields } = rest;
    await create(plane, apiVersion, kind, metadata, spec === undefined ? fields : { ...fields, spec });
  }
}

function plural(kind: string): string {
  return kind.toLowerCase().replace(/y$/, "ie").concat("s");
}
