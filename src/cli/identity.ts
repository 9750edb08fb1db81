import { readFileSync } from "node:fs";
import { Command } from "commander";
import { systemClock } from "../base/clock.ts";
import { readPemCertificates } from "../identity/certificate.ts";
import type { PeerIdentity } from "../identity/peer-identity.ts";
import { PeerIdentityReader } from "../identity/peer-identity-reader.ts";
import { TrustBundles } from "../identity/trust-bundles.ts";
import { choice, flag, RepeatableFlag, readText } from "./flags.ts";
import { addIdentityFlags, type IdentityFlags, identityOptions } from "./identity-flags.ts";
import { type CommandContext, EXIT_OK, EXIT_REFUSED, type Io, UsageError } from "./io.ts";
import { type PolicyFlags, readTrustDomain } from "./policy-flags.ts";
import { readBundlesOnce } from "./trust-files.ts";

type Flags = PolicyFlags &
  IdentityFlags & {
    readonly certificate?: string;
    readonly principal?: string;
    readonly forwarded?: string;
    readonly output?: "text" | "json";
  };

/** What is made of an identity: as much of it as a person wants to know. */
type Report = { readonly accepted: boolean; readonly identity: PeerIdentity };

export function identityCommand({ io, finish }: CommandContext): Command {
  const command = new Command("identity").description("say what is made of a certificate or principal");
  command
    .addOption(flag("--certificate <file>", "the caller's certificate, PEM", readText))
    .addOption(flag("--principal <text>", "source.principal (default: the certificate's URI name)", readText))
    .addOption(
      flag("--forwarded <header>", "x-forwarded-client-cert as the caller's request has it", readText),
    )
    .addOption(
      new RepeatableFlag(
        "--trust-domain <name>",
        "a trust domain that is ours, '*' is any (default: cluster.local)",
        readTrustDomain,
      ),
    )
    .addOption(choice("--output <word>", "how to print (default: text)", ["text", "json"]));
  addIdentityFlags(command);
  command
    .addHelpText(
      "after",
      `
Examples:
  ephor identity --certificate web.pem --trust-bundle cluster.local=roots.pem
  ephor identity --principal spiffe://cluster.local/ns/edge/sa/gateway \\
    --forwarded-by spiffe://cluster.local/ns/edge/sa/gateway --forwarded 'URI=spiffe://cluster.local/ns/shop/sa/web'

Exit code 0 is a service account of ours, 1 is anything else.`,
    )
    .action(async (flags: Flags) => finish(await judgeIdentity(io, flags)));
  return command;
}

async function judgeIdentity(io: Io, flags: Flags): Promise<number> {
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
