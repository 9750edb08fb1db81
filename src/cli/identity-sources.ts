import type { PeerIdentityOptions } from "../identity/peer-identity-reader.ts";
import { TrustBundles } from "../identity/trust-bundles.ts";
import { type IdentityFlags, identityOptions } from "./identity-flags.ts";
import { type PolicyFlags, trustDomains } from "./policy-flags.ts";
import { TrustFiles } from "./trust-files.ts";

/** What has to be read before anything listens, and watched from then on. */
export type WatchedSource = { start(): Promise<void>; close(): void };

export type IdentitySetup = {
  readonly options: PeerIdentityOptions;
  readonly bundles: TrustBundles;
  /** Where the bundles come from: started before anything listens, closed last. */
  readonly sources: readonly WatchedSource[];
};

/** All that the flags say of identities, ready to be started. */
export function setUpIdentity(
  flags: PolicyFlags & IdentityFlags,
  onProblem: (message: string) => void,
): IdentitySetup {
  const bundles = new TrustBundles();
  const options = identityOptions(flags, bundles);
  const sources =
    flags.trustBundle === undefined
      ? []
      : [new TrustFiles(flags.trustBundle, trustDomains(flags), bundles, onProblem)];
  return { options, bundles, sources };
}
