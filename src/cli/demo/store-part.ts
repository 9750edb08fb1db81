/** The demo with policies in a datastore: a node agent reads them there and feeds the sidecar over PolicySync. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { mintCredentials } from "./callers.ts";
import { Cleanup } from "./cleanup.ts";
import { startAgent } from "./node-agent.ts";
import { type EditTarget, editedText } from "./policy-edits.ts";
import { editStore, fillStore, type PolicyStore } from "./policy-store.ts";
import { GUARDED_ADDRESSES, Stage, temporaryFolder } from "./stage.ts";

export type OpenShop = {
  readonly stage: Stage;
  readonly store: PolicyStore;
  readonly target: EditTarget;
};

/** Starts the datastore, fills it, and sets the stage behind a node agent; all of it ends with the stage. */
export async function openShopInStore(
  clock: Clock,
  envoyBinary: string,
  open: (cleanup: Cleanup, folder: string) => Promise<PolicyStore>,
): Promise<OpenShop> {
  const cleanup = new Cleanup();
  try {
    const folder = await temporaryFolder(cleanup);
    const store = await open(cleanup, folder);
    const policies = join(folder, "policies");
    await fillStore(store, policies);
    const agentFolder = join(folder, "agent");
    await mkdir(agentFolder);
    const { sockets, log } = await startAgent(cleanup, agentFolder, ["api"], store.nodeFlags);
    const stage = await Stage.open(clock, envoyBinary, {
      policySync: sockets.get("api") ?? "",
      policies,
      addresses: GUARDED_ADDRESSES,
      credentials: await mintCredentials(clock),
      cleanup,
    });
    const target: EditTarget = {
      save: (edit) => editStore(store, join(policies, edit.file), (text) => editedText(edit, text)),
      log,
      complaint: ({ object }) => object,
    };
    return { stage, store, target };
  } catch (reason) {
    await cleanup.run();
    throw reason;
  }
}
