/** The example's objects as an API server takes them: trimmed pods need what a real one has. Pure. */
import type { ShopObject } from "./policy-store.ts";

type Container = Readonly<Record<string, unknown>>;

export type ClusterObject = {
  readonly value: ShopObject;
  /** What is written in a second step, as only the node may. */
  readonly status: object | undefined;
};

/** What is no pod goes as it is. */
export function clusterObject(object: ShopObject): ClusterObject {
  const { status, ...rest } = object;
  if (object.kind !== "Pod") return { value: object, status: undefined };
  const { containers = [{}], ...spec } = (object.spec ?? {}) as {
    readonly containers?: readonly Container[];
  };
  const complete = containers.map((container) => ({ name: "main", image: "none", ...container }));
  return {
    value: { ...rest, spec: { ...spec, containers: complete } },
    status: status && { phase: "Running", ...status, ...firstAddress(status) },
  };
}

/** Of the collection that holds it. */
export function pathOf({ apiVersion, kind, metadata }: Omit<ShopObject, "spec">): string {
  const plural = kind.toLowerCase().replace(/y$/, "ie").concat("s");
  const base = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  return `${base}${metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`}/${plural}`;
}

function firstAddress({ podIPs }: Readonly<Record<string, unknown>>): object {
  const [first] = (podIPs ?? []) as readonly { readonly ip: string }[];
  return first === undefined ? {} : { podIP: first.ip };
}
