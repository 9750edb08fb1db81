import type { HostEndpoint, NetworkSet, Pod, WorkloadEndpoint } from "../datastore/resources.ts";

/** An endpoint that policy is to be calculated for. */
export type LocalEndpoint =
  /** A Pod of that name, or a WorkloadEndpoint whose `pod`, else `workload`, it is. */
  | { readonly kind: "pod"; readonly namespace: string; readonly name: string }
  | { readonly kind: "host-endpoint"; readonly name: string }
  /** Every pod, workload endpoint and host endpoint on that node. */
  | { readonly kind: "node"; readonly name: string };

/** Which of the requested endpoints an object is, as `localText` puts it; `undefined` if none. Network sets never are. */
export type LocalTest = (resource: Pod | WorkloadEndpoint | HostEndpoint | NetworkSet) => string | undefined;

/** One text for one requested endpoint: `Pod shop/api`, `HostEndpoint gateway`, `Node node-1`. */
export function localText(endpoint: LocalEndpoint): string {
  switch (endpoint.kind) {
    case "pod":
      return `Pod ${endpoint.namespace}/${endpoint.name}`;
    case "host-endpoint":
      return `HostEndpoint ${endpoint.name}`;
    case "node":
      return `Node ${endpoint.name}`;
  }
}

export function createLocalTest(local: readonly LocalEndpoint[]): LocalTest {
  const requested = new Set(local.map(localText));
  const find = (...candidates: LocalEndpoint[]): string | undefined =>
    candidates.map(localText).find((text) => requested.has(text));
  return (resource) => {
    const { namespace, name } = resource.metadata;
    switch (resource.kind) {
      case "Pod":
        return find({ kind: "pod", namespace, name }, { kind: "node", name: resource.nodeName });
      case "WorkloadEndpoint":
        return find(
          { kind: "pod", namespace, name: resource.pod === "" ? resource.workload : resource.pod },
          { kind: "node", name: resource.node },
        );
      case "HostEndpoint":
        return find({ kind: "host-endpoint", name }, { kind: "node", name: resource.node });
      default:
        return undefined;
    }
  };
}
