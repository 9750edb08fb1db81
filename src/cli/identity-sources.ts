import { TlsCredentialStore } from "../authz/index.ts";
import type { PeerIdentityOptions } from "../identity/peer-identity-reader.ts";
import { TrustBundles } from "../identity/trust-bundles.ts";
import type { WorkloadApiClient } from "../sync/workload-api.ts";
import { hasBundles, type IdentityFlags, identityOptions } from "./identity-flags.ts";
import { UsageError } from "./io.ts";
import { type PolicyFlags, trustDomains } from "./policy-flags.ts";
import { TrustFiles } from "./trust-files.ts";

/** What has to be read before anything listens, and watched from then on. */
export type WatchedSource = { start(): Promise<void>; close(): void };

export type IdentitySetup = {
  readonly options: PeerIdentityOptions;
  readonly bundles: TrustBundles;
  readonly hasBundles: boolean;
  /** Our own certificate from the Workload API; empty where that is not asked. */
  readonly svid: TlsCredentialStore;
  /** Where the bundles come from: started before anything listens, closed last. */
  readonly sources: readonly WatchedSource[];
};

/** All that the flags say of identities, ready to be started. @param wantsSvid our own certificate is to come from the Workload API. */
export function setUpIdentity(
  flags: PolicyFlags & IdentityFlags,
  wantsSvid: boolean,
  onProblem: (message: string) => void,
): IdentitySetup {
  const bundles = new TrustBundles();
  const svid = new TlsCredentialStore();
  const options = identityOptions(flags, bundles);
  const sources: WatchedSource[] = [];
  if (flags.trustBundle !== undefined) {
    sources.push(new TrustFiles(flags.trustBundle, trustDomains(flags), bundles, onProblem));
  }
  if (flags.workloadApi !== undefined) {
    sources.push(workloadApi(flags.workloadApi, wantsSvid, { bundles, svid, onProblem }));
  }
  return { options, bundles, hasBundles: hasBundles(flags), svid, sources };
}

function workloadApi(
  address: string,
  wantsSvid: boolean,
  {
    bundles,
    svid,
    onProblem,
  }: { bundles: TrustBundles; svid: TlsCredentialStore; onProblem: (message: string) => void },
): WatchedSource {
  let client: WorkloadApiClient | undefined;
  return {
    start: async () => {
      // gRPC is loaded only where it is spoken.
      const { WorkloadApiClient } = await import("../sync/workload-api.ts");
      client = new WorkloadApiClient(
        { path: address.slice("unix:".length), wantsSvid },
        {
          onBundles: (all) => bundles.replace("workload-api", all),
          onSvid: ({ certificateChain, privateKey }) => svid.setCertificate(certificateChain, privateKey),
          onProblem,
        },
      );
      await client.start().catch((reason: unknown) => {
        throw new UsageError(`--workload-api: ${reason instanceof Error ? reason.message : reason}`);
      });
    },
    close: () => client?.close(),
  };
}
