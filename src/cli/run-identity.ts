import { readFileSync } from "node:fs";
import { systemClock } from "../base/clock.ts";
import { readPemCertificates } from "../identity/certificate.ts";
import type { PeerIdentity } from "../identity/peer-identity.ts";
import { PeerIdentityReader } from "../identity/peer-identity-reader.ts";
import { TrustBundles } from "../identity/trust-bundles.ts";
import type { IdentityCommandFlags } from "./identity.ts";
import { identityOptions } from "./identity-flags.ts";
import { EXIT_OK, EXIT_REFUSED, type Io, UsageError } from "./io.ts";
import { readBundlesOnce } from "./trust-files.ts";

/** What is made of an identity: as much of it as a person wants to know. */
type Report = { readonly accepted: boolean; readonly identity: PeerIdentity };

/** Says what is made of the identity that the flags show, and gives the exit code. */
export async function judgeIdentity(io: Io, flags: IdentityCommandFlags): Promise<number> {
  const { certificate, principal, forwarded } = flags;
  if (certificate === undefined && principal === undefined) {
    throw new UsageError("either --certificate FILE or --principal TEXT is required");
  }
  if (forwarded !== undefined && flags.forwardedBy === undefined) {
    throw new UsageError("--forwarded says nothing without --forwarded-by: no proxy is believed");
  }
  const bundles = new TrustBundles();
  const options = identityOptions(flags, bundles);
  await readBundlesOnce(flags, bundles);
  const reader = new PeerIdentityReader(systemClock, options);
  const pem = certificate === undefined ? "" : readCertificateFile(certificate);
  const peer = reader.read(principal ?? uriOf(pem), encodeURIComponent(pem));
  const identity = forwarded === undefined ? peer : reader.readForwarded(peer, forwarded);
  const report: Report = { accepted: identity.kind === "service-account", identity };
  io.stdout.write(flags.output === "json" ? `${JSON.stringify(report, undefined, 2)}\n` : format(report));
  return report.accepted ? EXIT_OK : EXIT_REFUSED;
}

/** The leaf, as Envoy would forward it: a chain's first certificate. */
function readCertificateFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (reason) {
    throw new UsageError(`--certificate: ${reason instanceof Error ? reason.message : reason}`);
  }
  const certificates = readPemCertificates(text);
  if (!certificates.ok) throw new UsageError(`--certificate: \`${path}\` ${certificates.error}`);
  return certificates.value[0]?.x509.toString() ?? "";
}

/** What Envoy would report first. */
function uriOf(pem: string): string {
  const certificates = readPemCertificates(pem);
  const names = certificates.ok ? (certificates.value[0]?.extensions.uriNames ?? []) : [];
  const [uri] = names;
  if (uri === undefined) {
    throw new UsageError("the certificate has no URI name: say by --principal what Envoy reports of it");
  }
  return uri;
}

function format({ identity }: Report): string {
  switch (identity.kind) {
    case "none":
      return "none: the caller shows no identity\n";
    case "service-account":
      return `accepted: ${identity.id} is service account ${identity.namespace}/${identity.name}\n`;
    case "foreign":
      return identity.spiffeId === undefined
        ? `not verified: ${identity.id === "" ? "(no principal)" : identity.id}: ${identity.why}\n`
        : `proven, and no service account of ours: ${identity.id}: ${identity.why}\n`;
  }
}
