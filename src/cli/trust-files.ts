import { parseTrustBundle, type TrustBundle } from "../identity/trust-bundle.ts";
import type { TrustBundles } from "../identity/trust-bundles.ts";
import { FilePoll } from "./file-poll.ts";
import type { IdentityFlags, TrustBundleFlag } from "./identity-flags.ts";
import { UsageError } from "./io.ts";
import { type PolicyFlags, trustDomains } from "./policy-flags.ts";

/** Trust bundles from files, kept up to date. All files are taken together, so that a domain's bundle is never half of one. */
export class TrustFiles {
  readonly #poll: FilePoll;

  /**
   * @param ours the trust domains that count as ours: a file that names none is of the one that is there.
   * @param onProblem told once of what can't be used; the last good bundles stay in force.
   */
  constructor(
    flags: readonly TrustBundleFlag[],
    ours: readonly string[] | "any",
    bundles: TrustBundles,
    onProblem: (message: string) => void,
  ) {
    this.#poll = new FilePoll(
      flags.map(({ path }) => path),
      {
        onContents: (contents) => bundles.replace("files", readBundles(flags, ours, contents)),
        onProblem: (message) => onProblem(`--trust-bundle: ${message}`),
      },
    );
  }

  /** Rejects with a UsageError if a file can't be used. */
  async start(): Promise<void> {
    try {
      await this.#poll.start();
    } catch (reason) {
      throw new UsageError(`--trust-bundle: ${reason instanceof Error ? reason.message : reason}`);
    }
  }

  close(): void {
    this.#poll.close();
  }
}

/** For commands that judge once. */
export async function readBundlesOnce(
  flags: PolicyFlags & IdentityFlags,
  bundles: TrustBundles,
): Promise<void> {
  if (flags.trustBundle === undefined) return;
  const files = new TrustFiles(flags.trustBundle, trustDomains(flags), bundles, () => {});
  await files.start();
  files.close();
}

function readBundles(
  flags: readonly TrustBundleFlag[],
  ours: readonly string[] | "any",
  contents: readonly Buffer[],
): ReadonlyMap<string, TrustBundle> {
  const bundles = new Map<string, TrustBundle>();
  const add = (trustDomain: string, bundle: TrustBundle): void => {
    bundles.set(trustDomain, [...(bundles.get(trustDomain) ?? []), ...bundle]);
  };
  for (const [i, { trustDomain, path }] of flags.entries()) {
    const content = parseTrustBundle(contents[i]?.toString("utf8") ?? "");
    if (!content.ok) throw new UsageError(`\`${path}\` ${content.error}`);
    if (content.value.kind === "one") {
      const domain = trustDomain ?? onlyOf(ours);
      if (domain === undefined) {
        throw new UsageError(`\`${path}\` is of which trust domain? write TRUST-DOMAIN=FILE`);
      }
      add(domain, content.value.bundle);
    } else {
      if (trustDomain !== undefined) throw new UsageError(`\`${path}\` names its trust domains itself`);
      for (const [domain, bundle] of content.value.bundles) add(domain, bundle);
    }
  }
  return bundles;
}

function onlyOf(ours: readonly string[] | "any"): string | undefined {
  return ours === "any" || ours.length !== 1 ? undefined : ours[0];
}
