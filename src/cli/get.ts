import { Command } from "commander";
import { choice, flag, readText, toggle } from "./flags.ts";
import type { CommandContext } from "./io.ts";
import { addStoreFlags, kindsHelp, type StoreFlags } from "./store-flags.ts";

/** What the command line or the environment says of the objects to show. */
export type GetFlags = StoreFlags & {
  readonly allNamespaces?: boolean;
  readonly output?: "table" | "yaml" | "json" | "name";
};

export function getCommand({ io, finish }: CommandContext): Command {
  const command = new Command("get")
    .description("show objects as they are stored: policies, tiers, sets, profiles, endpoints")
    .argument("<kind>", "such as networkpolicy, np or networkpolicies")
    .argument("[name...]", "these objects alone");
  return addStoreFlags(command)
    .addOption(flag("-n, --namespace <name>", "namespace to look in (default: default)", readText))
    .addOption(toggle("-A, --all-namespaces", "look in all namespaces"))
    .addOption(
      choice("-o, --output <word>", "how to print (default: table)", ["table", "yaml", "json", "name"]),
    )
    .addHelpText(
      "after",
      `
${kindsHelp()}

Examples:
  ephor get networkpolicies --policies examples/shop -n shop
  ephor get np place-orders --policies examples/shop -n shop -o yaml > place-orders.yaml
  ephor get tiers --policies examples/shop -o json
  ephor get gnp --datastore etcd --etcd-endpoint https://etcd:2379 --etcd-ca ca.pem

What -o yaml and -o json print is taken back by ephor apply. Exit code 1: there is no such object.`,
    )
    .action(async (kind: string, names: readonly string[], flags: GetFlags) => {
      const { runGet } = await import("./run-get.ts");
      finish(await runGet(io, kind, names, flags));
    });
}
