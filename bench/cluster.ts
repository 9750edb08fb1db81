/** A cluster as documents, the way kubectl prints them, and as the resources that a datastore makes of them. */
import { locateInObject } from "../src/datastore/locate.ts";
import { parseResource } from "../src/datastore/parse-resource.ts";
import { type Resource, type ResourceUpdate, resourceKey } from "../src/datastore/resources.ts";
import { Random } from "./random.ts";

export type Document = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
};

const PODS_PER_NAMESPACE = 200;
const APPS = 40;

/** The pod whose policy is calculated. */
export const LOCAL_POD = { kind: "pod", namespace: "team-0", name: "pod-0" } as const;

export function createNamespaces(podCount: number): Document[] {
  return Array.from({ length: namespaceCount(podCount) }, (_, index) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: `team-${index}`,
      labels: { team: `team-${index}`, env: index % 4 === 0 ? "prod" : "test" },
    },
  }));
}

/** `version` is the value of a label that policies select by. */
export function createPod(index: number, podCount: number, version = `v${index % 3}`): Document {
  const namespace = `team-${index % namespaceCount(podCount)}`;
  const app = `app-${Math.floor(index / namespaceCount(podCount)) % APPS}`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `pod-${index}`, namespace, labels: { app, version } },
    spec: { nodeName: `node-${index % 200}`, serviceAccountName: app, containers: [] },
    status: { phase: "Running", podIPs: [{ ip: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` }] },
  };
}

/** One policy in twenty selects the local pod by its labels; the others are somebody else's. All choose their peers by labels. */
export function createPolicy(index: number, policyCount: number): Document {
  const random = new Random(index);
  const isLocal = index % 20 === 0;
  const namespace = isLocal ? LOCAL_POD.namespace : `team-${1 + random.below(50)}`;
  const rules = Array.from({ length: 1 + random.below(6) }, () => createRule(random));
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "NetworkPolicy",
    metadata: { name: `policy-${String(index).padStart(String(policyCount).length, "0")}`, namespace },
    spec: {
      order: random.below(1000),
      selector: isLocal ? "app == 'app-0'" : `app == 'app-${random.below(APPS)}'`,
      types: ["Ingress"],
      ingress: rules,
    },
  };
}

export function parseDocument(document: Document): Resource {
  const { resource, issues } = parseResource(document, locateInObject(document.metadata.name));
  if (resource === undefined || issues.length > 0) throw new Error(JSON.stringify(issues));
  return resource;
}

export function toUpdates(documents: readonly Document[]): ResourceUpdate[] {
  return documents.map((document) => {
    const resource = parseDocument(document);
    return { kind: "put", key: resourceKey(resource), resource };
  });
}

function namespaceCount(podCount: number): number {
  return Math.ceil(podCount / PODS_PER_NAMESPACE);
}

function createRule(random: Random): object {
  const action = random.below(5) === 0 ? "Deny" : "Allow";
  const peers = [
    { selector: `app == 'app-${random.below(APPS)}'` },
    { selector: `app == 'app-${random.below(APPS)}' && version != 'v0'`, namespaceSelector: "env == 'prod'" },
    {
      selector: `app in {'app-${random.below(APPS)}', 'app-${random.below(APPS)}'}`,
      namespaceSelector: "all()",
    },
    { serviceAccounts: { names: [`app-${random.below(APPS)}`] } },
    { nets: [`172.16.${random.below(256)}.0/24`] },
  ];
  const http = { methods: ["GET"], paths: [{ prefix: `/v1/resource-${random.below(100)}` }] };
  return {
    action,
    protocol: "TCP",
    source: random.pick<object>(peers),
    destination: { ports: [8080 + random.below(4)] },
    ...(action === "Allow" && random.below(2) === 0 ? { http } : {}),
  };
}
