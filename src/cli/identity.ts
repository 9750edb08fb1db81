import { Command } from "commander";
import { choice, flag, RepeatableFlag, readText } from "./flags.ts";
import { addIdentityFlags, type IdentityFlags } from "./identity-flags.ts";
import type { CommandContext } from "./io.ts";
import { type PolicyFlags, readTrustDomain } from "./policy-flags.ts";

/** What the command line or the environment says of the identity to judge. */
export type IdentityCommandFlags = PolicyFlags &
  IdentityFlags & {
    readonly certificate?: string;
    readonly principal?: string;
    readonly forwarded?: string;
    readonly output?: "text" | "json";
  };

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
    .action(async (flags: IdentityCommandFlags) => {
      const { judgeIdentity } = await import("./run-identity.ts");
      finish(await judgeIdentity(io, flags));
    });
  return command;
}
