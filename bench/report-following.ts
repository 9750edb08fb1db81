import type { CalcGraph } from "../src/calc/graph.ts";
import type { Datastore } from "../src/datastore/datastore.ts";

/** Follows a datastore in a process that is measured, and tells its parent the time to InSync, then of each change that gave messages. */
export async function reportFollowing(graph: CalcGraph, datastore: Datastore): Promise<void> {
  let isInSync = false;
  const flush = (): void => {
    if (graph.flush().length > 0 && isInSync) process.send?.({});
  };
  const beganMs = performance.now();
  await datastore.start({
    onUpdates: (batch) => {
      graph.apply(batch);
      flush();
    },
    onInSync: () => {
      graph.setInSync();
      flush();
    },
    onIssues: () => {},
  });
  isInSync = true;
  process.send?.({ inSyncMs: performance.now() - beganMs });
}
