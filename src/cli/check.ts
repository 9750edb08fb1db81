import { Command } from "commander";
import { err, ok, type Result } from "../base/result.ts";
import { type IpAddress, parseAddress } from "../net/address.ts";
import type { CallFlags } from "./check-call.ts";
import { choice, flag, readPort, readText, toggle } from "./flags.ts";
import { addIdentityFlags, type IdentityFlags } from "./identity-flags.ts";
import type { CommandContext } from "./io.ts";
import { addPolicyFlags, type PolicyFlags } from "./policy-flags.ts";

/** What the command line or the environment says of the request to judge. */
export type CheckFlags = PolicyFlags &
  IdentityFlags &
  CallFlags & { readonly request?: string; readonly output?: "text" | "json" };

export function checkCommand({ io, finish }: CommandContext): Command {
  const command = new Command("check").description("judge one request: verdict, rule, explanation");
  command
    .addOption(flag("--from <spiffe-id>", "the identity that the caller proved", readText))
    .addOption(toggle("--no-identity", "the caller showed no identity"))
    .addOption(
      flag(
        "--source-address <ip>",
        "the caller's address (default: that of a Pod with the identity)",
        readAddress,
      ),
    )
    .addOption(flag("--source-port <port>", "the caller's port", readPort))
    .addOption(
      flag("--destination-address <ip>", "the address called (default: the workload's own)", readAddress),
    )
    .addOption(flag("--port <port>", "the port called, as Envoy sees it", readPort))
    .addOption(flag("--method <name>", "the HTTP method", readText))
    .addOption(flag("--path <path>", "the HTTP path, with its query if any", readText))
    .addOption(toggle("--http-follows", "a connection whose requests are checked again, each by itself"))
    .addOption(
      flag("--request <file>", "instead of all these: a CheckRequest as JSON, - is standard input", readText),
    )
    .addOption(choice("--output <word>", "how to print (default: text)", ["text", "json"]));
  addPolicyFlags(command);
  addIdentityFlags(command);
  command
    .addHelpText(
      "after",
      `
Examples:
  ephor check --policies examples/shop --workload shop/api \\
    --from spiffe://cluster.local/ns/shop/sa/web --method GET --path /v1/items
  ephor check --policies examples/shop --workload shop/api \\
    --no-identity --source-address 198.51.100.7 --method POST --path /hooks/parcels --port 8443 --output json

Exit code 0 is allow, 1 is deny.`,
    )
    .action(async (flags: CheckFlags) => {
      const { runCheck } = await import("./run-check.ts");
      finish(await runCheck(io, flags));
    });
  return command;
}

function readAddress(text: string): Result<IpAddress, string> {
  const address = parseAddress(text);
  return address === undefined ? err("not an IPv4 or IPv6 address") : ok(address);
}
