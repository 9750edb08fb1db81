/** A cluster to measure, on a real API server. */
import type { ControlPlane } from "../test/control-plane/control-plane.ts";
import { CALICO, create, createPod } from "../test/integration/kubernetes/cluster.ts";

/** Writers that fill the cluster at once. */
const WRITERS = 8;
const NODES = 200;

/** Pods of 200 nodes, policies and namespaces, on an API server. */
export async function fillCluster(
  plane: ControlPlane,
  pods: number,
  policies: number,
  namespaces: number,
): Promise<void> {
  const space = (index: number): string => `ns-${index % namespaces}`;
  await together(namespaces, async (index) => {
    await create(plane, "v1", "Namespace", { name: space(index), labels: { team: `t${index % 20}` } });
    await create(plane, "v1", "ServiceAccount", { name: "app", namespace: space(index) });
  });
  await together(policies, (index) =>
    create(
      plane,
      CALICO,
      "NetworkPolicy",
      { name: `policy-${index}`, namespace: space(index) },
      { spec: createSpec(index) },
    ),
  );
  await together(pods, (index) => {
    const labels = {
      app: `a${index % 40}`,
      version: `v${index % 3}`,
      "pod-template-hash": `h${index % 997}`,
    };
    const ip = `10.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
    return createPod(plane, { name: `pod-${index}`, namespace: space(index), labels }, ip, {
      serviceAccountName: "app",
      nodeName: `node-${index % NODES}`,
    });
  });
}

/** Every version of it says something else, so that each gives messages. */
export function createSpec(version: number): object {
  const source = { selector: `app == 'a${version % 40}'` };
  return { order: 0, selector: "has(app)", types: ["Ingress"], ingress: [{ action: "Allow", source }] };
}

async function together(count: number, write: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await write(index);
  };
  await Promise.all(Array.from({ length: WRITERS }, work));
}
